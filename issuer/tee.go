package issuer

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// maxReply bounds the reply of a login, in bytes, as it comes and unpacked; a
// longer one teaches nothing.
const maxReply = 64 << 10

// teeWriter passes a reply on byte by byte, and has a whole 200 of bounded size read
// before its client can have all of it.
type teeWriter struct {
	w       http.ResponseWriter
	read    func(status int, body []byte) // nil: nothing is to be read
	success func()                        // called before a 2xx is passed on; may be nil

	status  int    // 0: nothing has been said yet
	body    []byte // the body so far; nil: it is not to be read
	length  int    // what was announced; -1: nothing
	gzipped bool
}

func newTeeWriter(w http.ResponseWriter, read func(status int, body []byte)) *teeWriter {
	return &teeWriter{w: w, read: read, length: -1}
}

// Header is the reply's own.
func (t *teeWriter) Header() http.Header {
	return t.w.Header()
}

// WriteHeader passes a status on, and finds out whether a body of it is to be
// read. Informational ones are no reply yet.
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

func (t *teeWriter) start(h http.Header) {
	defer t.stopReading()
	coding := strings.Join(h["Content-Encoding"], ",")
	t.gzipped = strings.EqualFold(coding, "gzip")
	if coding != "" && !t.gzipped {
		return
	}
	if announced := h.Get("Content-Length"); announced != "" {
		n, err := strconv.Atoi(announced)
		if err != nil || n > maxReply {
			return
		}
		t.length = n
	}
	t.body = make([]byte, 0, 1024)
}

// Write passes bytes on. The last that were announced wait until the body has
// been read, so that whoever has a token is known.
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

func (t *teeWriter) buffer(p []byte) {
	defer t.stopReading()
	if len(t.body)+len(p) > maxReply {
		t.body = nil
		return
	}
	t.body = append(t.body, p...)
	if len(t.body) == t.length {
		t.deliver()
	}
}

// end is called when the reply is over: whatever length was announced has come,
// or never will.
func (t *teeWriter) end() {
	defer t.stopReading()
	if t.body != nil && t.length < 0 {
		t.deliver()
	}
}

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

// stopReading ends a panic of ours where it happens: what passes is not to suffer,
// and teaches nothing.
func (t *teeWriter) stopReading() {
	if recover() != nil {
		t.body = nil
	}
}

// gunzip returns nothing where there is no whole gzip stream of bounded size.
func gunzip(packed []byte) []byte {
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(reader, maxReply+1))
	if err != nil || len(body) > maxReply {
		return nil
	}
	return body
}
