package issuer

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// maxBody is the limit of a login's response body, in bytes, both as it passes and
// decompressed. A longer one passes unread.
const maxBody = 64 << 10

// teeWriter is a ResponseWriter that passes every byte on to w, and hands a copy of
// the whole body to read if the status is 200 and the body is within maxBody, plain or
// gzip. read is called before the client has the last byte: a client that uses its
// new token at once must find it recorded. Where no length is announced, read is
// called after the last byte, because nothing tells earlier that it is the last.
//
// A copy that cannot be made or read never changes what passes.
type teeWriter struct {
	w       http.ResponseWriter
	read    func(status int, body []byte) // nil: no body is read
	success func()                        // called before a 2xx status is passed on; nil: nothing is

	status  int    // 0: not sent yet
	body    []byte // the copy so far; nil: none is made
	length  int    // by Content-Length; -1: not announced
	gzipped bool
}

func newTeeWriter(w http.ResponseWriter, read func(status int, body []byte)) *teeWriter {
	return &teeWriter{w: w, read: read, length: -1}
}

// Header is that of the response; http.ResponseWriter asks for it.
func (t *teeWriter) Header() http.Header {
	return t.w.Header()
}

// WriteHeader passes a status on, and starts a copy if the body is to be read.
// Informational statuses (1xx) come before the response, and count as nothing.
func (t *teeWriter) WriteHeader(status int) {
	if status >= 200 && t.status == 0 {
		t.status = status
		if t.success != nil && status < 300 {
			t.success()
		}
		if status == http.StatusOK && t.read != nil {
			t.start(t.w.Header())
		}
	}
	t.w.WriteHeader(status)
}

// start begins a copy, unless the response's headers tell that it could not be read.
func (t *teeWriter) start(h http.Header) {
	defer t.stopReading()
	coding := strings.Join(h["Content-Encoding"], ",")
	t.gzipped = strings.EqualFold(coding, "gzip")
	if coding != "" && !t.gzipped {
		return
	}
	if announced := h.Get("Content-Length"); announced != "" {
		n, err := strconv.Atoi(announced)
		if err != nil || n > maxBody {
			return
		}
		t.length = n
	}
	t.body = make([]byte, 0, 1024)
}

// Write passes bytes on, after they are copied. With the last announced byte the copy
// is complete, and read before that byte is passed on.
func (t *teeWriter) Write(p []byte) (int, error) {
	if t.status == 0 {
		t.WriteHeader(http.StatusOK)
	}
	if t.body != nil {
		t.buffer(p)
	}
	n, err := t.w.Write(p)
	return n, err
}

// buffer adds to the copy, and gives it up if it becomes too long.
func (t *teeWriter) buffer(p []byte) {
	defer t.stopReading()
	if len(t.body)+len(p) > maxBody {
		t.body = nil
		return
	}
	t.body = append(t.body, p...)
	if len(t.body) == t.length {
		t.deliver()
	}
}

// end is called after the response. Without an announced length the copy is complete
// only now. With one, it was read in time, or the response was cut off.
func (t *teeWriter) end() {
	defer t.stopReading()
	if t.body != nil && t.length < 0 {
		t.deliver()
	}
}

// deliver hands the copy to read, and ends it.
func (t *teeWriter) deliver() {
	body := t.body
	t.body = nil
	if t.gzipped {
		body = gunzip(body)
	}
	if len(body) > 0 {
		t.read(t.status, body)
	}
}

// stopReading recovers from a panic in plugin code and gives the copy up: the response
// that passes must not be harmed.
func (t *teeWriter) stopReading() {
	if recover() != nil {
		t.body = nil
	}
}

// gunzip decompresses a whole gzip stream; nil if it is cut off, broken, or longer
// than maxBody, so that a small body that expands without end does not fill the memory.
func gunzip(compressed []byte) []byte {
	reader, err := gzip.NewReader(bytes.NewReader(compressed))
	if err != nil {
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(reader, maxBody+1))
	if err != nil || len(body) > maxBody {
		return nil
	}
	return body
}
