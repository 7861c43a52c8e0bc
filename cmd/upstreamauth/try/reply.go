// Package try answers one question: what does the plugin make of a response of the API?
//
// Saved plays a saved response (what curl -i prints), Live asks the API itself. Both run
// the plugin's own gate and its own transport, in this process, and look from outside:
// what a client gets, what a backend gets, and until when it is remembered.
package try

import (
	"bytes"
	"errors"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
)

// Reply is a saved response.
type Reply struct {
	Status int
	Header http.Header
	Body   []byte
}

// ParseReply reads what curl -i prints: of several responses (100 Continue, that of a
// proxy, redirects that were followed) the last one.
func ParseReply(text []byte) (*Reply, error) {
	var last *Reply
	for bytes.HasPrefix(text, []byte("HTTP/")) {
		head, rest := cutHead(text)
		reply, err := parseHead(head)
		if err != nil {
			return nil, err
		}
		if last != nil && !passes(last) {
			break // the body of the last one begins like a response
		}
		last, text = reply, rest
	}
	if last == nil {
		return nil, errors.New("no response with its status line: save it by curl -i")
	}
	last.Body = text
	return last, nil
}

// passes tells whether another response may follow.
func passes(r *Reply) bool {
	return r.Status < 200 || r.Status >= 300 && r.Status < 400 || r.Status == http.StatusOK && len(r.Header) == 0
}

// cutHead cuts a response at its first empty line.
func cutHead(text []byte) (head, rest []byte) {
	for at := 0; at < len(text); {
		end := bytes.IndexByte(text[at:], '\n')
		if end < 0 {
			break
		}
		if len(bytes.TrimSpace(text[at:at+end])) == 0 {
			return text[:at], text[at+end+1:]
		}
		at += end + 1
	}
	return text, nil
}

func parseHead(head []byte) (*Reply, error) {
	lines := strings.Split(strings.ReplaceAll(string(head), "\r", ""), "\n")
	words := strings.Fields(lines[0])
	if len(words) < 2 {
		return nil, errors.New("its status line has no status")
	}
	status, err := strconv.Atoi(words[1])
	if err != nil || status < 100 || status > 999 {
		return nil, errors.New("its status line has no status")
	}
	reply := &Reply{Status: status, Header: http.Header{}}
	for _, line := range lines[1:] {
		name, value, found := strings.Cut(line, ":")
		if found {
			name = textproto.CanonicalMIMEHeaderKey(strings.TrimSpace(name))
			reply.Header[name] = append(reply.Header[name], strings.TrimSpace(value))
		}
	}
	return reply, nil
}

// framing are headers about a connection that has ended; curl has undone what they say.
var framing = []string{"Transfer-Encoding", "Content-Length", "Connection", "Keep-Alive", "Content-Encoding", "Trailer"}

// ServeHTTP answers every request with the response.
func (r *Reply) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	for name, values := range r.Header {
		w.Header()[name] = values
	}
	for _, name := range framing {
		w.Header().Del(name)
	}
	if w.Header()["Content-Type"] == nil {
		w.Header()["Content-Type"] = nil // else one would be guessed
	}
	w.WriteHeader(r.Status)
	_, _ = w.Write(r.Body)
}
