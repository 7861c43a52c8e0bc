package scenario

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
)

// streams uses a connection in ways that a wrapped ResponseWriter would break:
// web sockets, flushed events, uploads and trailers.
func streams() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/socket", echoSocket)
	arrived := make(chan struct{})
	mux.HandleFunc("/events", func(w http.ResponseWriter, r *http.Request) { events(w, r, arrived) })
	mux.HandleFunc("/events/arrived", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case arrived <- struct{}{}:
		case <-r.Context().Done():
		}
	})
	mux.HandleFunc("/upload", upload)
	mux.HandleFunc("/trailers", trailers)
	return mux
}

func echoSocket(w http.ResponseWriter, r *http.Request) {
	upgrader := websocket.Upgrader{CheckOrigin: func(*http.Request) bool { return true }}
	socket, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer socket.Close()
	if err := socket.WriteMessage(websocket.TextMessage, []byte(r.Header.Get("X-Auth-User"))); err != nil {
		return
	}
	for {
		kind, message, err := socket.ReadMessage()
		if err != nil {
			return
		}
		if err := socket.WriteMessage(kind, message); err != nil {
			return
		}
	}
}

// events sends an event once the one before it has arrived, as the client tells by a request
// of its own. A stream that is buffered on the way brings none, until it ends.
func events(w http.ResponseWriter, r *http.Request, arrived <-chan struct{}) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set(backendHeader, "reached")
	patience := time.NewTimer(20 * time.Second)
	defer patience.Stop()
	for i := range 5 {
		fmt.Fprintf(w, "data: %d\n\n", i)
		w.(http.Flusher).Flush()
		select {
		case <-arrived:
		case <-patience.C:
			return
		case <-r.Context().Done():
			return
		}
	}
}

func upload(w http.ResponseWriter, r *http.Request) {
	length, err := io.Copy(io.Discard, r.Body)
	w.Header().Set(backendHeader, "reached")
	fmt.Fprintln(w, length, err)
}

// trailers responds with a trailer, and lists the trailers of the request.
func trailers(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set(backendHeader, "reached")
	w.Header().Set("Trailer", "X-Checksum")
	fmt.Fprintln(w, len(r.Trailer))
	for name, values := range r.Trailer {
		fmt.Fprintln(w, name, values)
	}
	w.Header().Set("X-Checksum", "abc")
}
