package issuer

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// maxLogin bounds the reply of a login, in bytes, as it comes and unpacked; a
// longer one teaches nothing.
const maxLogin = 64 << 10

// tap passes a reply on byte by byte, and has a whole 200 of bounded size read
// before its client can have all of it.
type tap struct {
	w       http.ResponseWriter
	read    func(status int, body []byte) // nil: nothing is to be read
	success func()                        // called before a 2xx is passed on; may be nil

	status int    // 0: nothing has been said yet
	kept   []byte // the body so far; nil: it is not to be read
	length int    // what was announced; -1: nothing
	packed bool
}

func newTap(w http.ResponseWriter, read func(status int, body []byte)) *tap {
	return &tap{w: w, read: read, length: -1}
}

// Header is the reply's own.
func (t *tap) Header() http.Header {
	return t.w.Header()
}

// WriteHeader passes a status on, and finds out whether a body of it is to be
// read. Informational ones are no reply yet.
func (t *tap) WriteHeader(status int) {
	if status >= 200 && t.status == 0 {
		t.status = status
		if t.success != nil && status < 300 {
			t.success()
		}
		if status == http.StatusOK && t.read != nil {
			t.open(t.w.Header())
		}
	}
	t.w.WriteHeader(status)
}

func (t *tap) open(h http.Header) {
	defer t.spoiled()
	coding := strings.Join(h["Content-Encoding"], ",")
	t.packed = strings.EqualFold(coding, "gzip")
	if coding != "" && !t.packed {
		return
	}
	if announced := h.Get("Content-Length"); announced != "" {
		n, err := strconv.Atoi(announced)
		if err != nil || n > maxLogin {
			return
		}
		t.length = n
	}
	t.kept = make([]byte, 0, 1024)
}

// Write passes bytes on. The last that were announced wait until the body has
// been read, so that whoever has a token is known.
func (t *tap) Write(p []byte) (int, error) {
	if t.status == 0 {
		t.WriteHeader(http.StatusOK)
	}
	if t.kept != nil {
		t.keep(p)
	}
	n, err := t.w.Write(p)
	return n, err
}

func (t *tap) keep(p []byte) {
	defer t.spoiled()
	if len(t.kept)+len(p) > maxLogin {
		t.kept = nil
		return
	}
	t.kept = append(t.kept, p...)
	if len(t.kept) == t.length {
		t.deliver()
	}
}

// end is called when the reply is over: whatever length was announced has come,
// or never will.
func (t *tap) end() {
	defer t.spoiled()
	if t.kept != nil && t.length < 0 {
		t.deliver()
	}
}

func (t *tap) deliver() {
	body := t.kept
	t.kept = nil
	if t.packed {
		body = unpack(body)
	}
	if len(body) > 0 {
		t.read(t.status, body)
	}
}

// spoiled ends a panic of ours where it happens: what passes is not to suffer,
// and teaches nothing.
func (t *tap) spoiled() {
	if recover() != nil {
		t.kept = nil
	}
}

// unpack returns nothing where there is no whole gzip stream of bounded size.
func unpack(packed []byte) []byte {
	reader, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(reader, maxLogin+1))
	if err != nil || len(body) > maxLogin {
		return nil
	}
	return body
}
