package upstreams

import (
	"bytes"
	"encoding/json"
	"net/http"
	"time"
)

// Reply is a server's response. The zero value is an empty 200.
type Reply struct {
	// Status is the HTTP status; 0 reads as 200.
	Status int

	// Header is set on the reply. Without a Content-Type of its own a reply is declared to be JSON.
	Header map[string]string

	// Body is sent as it is.
	Body string

	// Delay passes, in real time, between the request and the first byte of the reply.
	Delay time.Duration

	// Until, where it is given, holds the reply back until it is closed; Delay passes before.
	Until <-chan struct{}

	// Drop closes the connection in place of a reply.
	Drop bool
}

// write sends the reply, after its delay. A client that leaves, or a server that closes, in the
// meantime ends it without one.
func (reply Reply) write(w http.ResponseWriter, r *http.Request, closing <-chan struct{}) {
	if reply.Delay > 0 {
		timer := time.NewTimer(reply.Delay)
		defer timer.Stop()
		await(timer.C, r, closing)
	}
	if reply.Until != nil {
		await(reply.Until, r, closing)
	}
	if reply.Drop {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	for name, value := range reply.Header {
		w.Header().Set(name, value)
	}
	status := reply.Status
	if status == 0 {
		status = http.StatusOK
	}
	w.WriteHeader(status)
	_, _ = w.Write([]byte(reply.Body)) // the client may have disconnected
}

// await waits for an event, and ends the request if its client leaves or the server closes before.
func await[T any](event <-chan T, r *http.Request, closing <-chan struct{}) {
	select {
	case <-event:
	case <-r.Context().Done():
		panic(http.ErrAbortHandler)
	case <-closing:
		panic(http.ErrAbortHandler)
	}
}

// with returns the reply with one more header.
func (reply Reply) with(name, value string) Reply {
	header := map[string]string{name: value}
	for n, v := range reply.Header {
		header[n] = v
	}
	reply.Header = header
	return reply
}

// jsonReply is a Reply whose body is v in JSON, its texts readable as they are: no escapes for
// Persian, Thai or <. It panics if v cannot be encoded, which is a mistake of the program.
func jsonReply(status int, v any) Reply {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		panic("upstreams: a reply that is no JSON: " + err.Error())
	}
	return Reply{Status: status, Body: string(bytes.TrimRight(body.Bytes(), "\n"))}
}
