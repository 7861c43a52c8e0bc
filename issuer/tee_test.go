package issuer

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

func gzipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return b.String()
}

// response is what the API answers to a login.
type response struct {
	name     string
	status   int
	encoding []string
	body     string
	length   int    // Content-Length; -1: none
	read     string // what has to be read of it
}

// pass writes the response through a teeWriter in three or four parts, and returns
// what was read of it.
func (r response) pass(t *testing.T) string {
	t.Helper()
	read := ""
	w := httptest.NewRecorder()
	tee := newTeeWriter(w, func(_ int, body []byte) {
		if w.Body.Len() >= len(r.body) && r.length > 0 {
			t.Error("the client has the whole body before it is read")
		}
		read += string(body)
	})
	if r.encoding != nil {
		tee.Header()["Content-Encoding"] = r.encoding
	}
	if r.length >= 0 {
		tee.Header().Set("Content-Length", strconv.Itoa(r.length))
	}
	if r.status != 200 || r.body == "" {
		tee.WriteHeader(r.status)
	}
	for rest := []byte(r.body); len(rest) > 0; {
		n := min(len(rest), 1+len(r.body)/3)
		if written, err := tee.Write(rest[:n]); written != n || err != nil {
			t.Errorf("%d %v", written, err)
		}
		rest = rest[n:]
	}
	tee.end()
	if w.Body.String() != r.body {
		t.Errorf("passed %d bytes of %d", w.Body.Len(), len(r.body))
	}
	return read
}

func TestTeeWriter(t *testing.T) {
	const login = `{"data":{"token":"x"}}`
	large := `{"data":"` + strings.Repeat("x", maxBody-11) + `"}`
	for _, r := range []response{
		{"plain", 200, nil, login, len(login), login},
		{"plain, of unknown length", 200, nil, login, -1, login},
		{"gzip", 200, []string{"gzip"}, gzipped(login), len(gzipped(login)), login},
		{"gzip, of unknown length", 200, []string{"GZIP"}, gzipped(login), -1, login},
		{"as large as may be", 200, nil, large, -1, large},
		{"too large", 200, nil, large + " ", -1, ""},
		{"too large, as announced", 200, nil, large + " ", len(large) + 1, ""},
		{"too large once decompressed", 200, []string{"gzip"}, gzipped(large + " "), -1, ""},
		{"a decompression bomb", 200, []string{"gzip"}, gzipped(strings.Repeat("x", 10<<20)), -1, ""},
		{"cut off", 200, nil, login[:10], len(login), ""},
		{"gzip, cut off", 200, []string{"gzip"}, gzipped(login)[:20], -1, ""},
		{"announced as gzip, but plain", 200, []string{"gzip"}, login, -1, ""},
		{"of another encoding", 200, []string{"br"}, login, -1, ""},
		{"of two encodings", 200, []string{"gzip", "gzip"}, gzipped(gzipped(login)), -1, ""},
		{"of two encodings in a line", 200, []string{"gzip, br"}, login, -1, ""},
		{"of another status", 201, nil, login, -1, ""},
		{"a denial", 401, nil, login, -1, ""},
		{"empty", 200, nil, "", 0, ""},
	} {
		t.Run("a response passes that is "+r.name, func(t *testing.T) {
			if read := r.pass(t); read != r.read {
				t.Errorf("read %d bytes, want %d", len(read), len(r.read))
			}
		})
	}
}

func TestTeeWriterWriteHeader(t *testing.T) {
	t.Run("an informational status is no response yet", func(t *testing.T) {
		statuses := []int{}
		tee := newTeeWriter(statusWriter{&statuses}, func(int, []byte) { t.Error("read") })
		tee.success = func() { t.Error("success is called") }
		tee.WriteHeader(http.StatusEarlyHints)
		tee.success = nil
		tee.WriteHeader(http.StatusNotFound)
		tee.end()
		if len(statuses) != 2 || statuses[0] != 103 || statuses[1] != 404 {
			t.Error(statuses)
		}
	})

	for status, success := range map[int]bool{200: true, 204: true, 301: false, 401: false, 500: false} {
		t.Run("success is called before the client gets a 2xx, status "+strconv.Itoa(status), func(t *testing.T) {
			sent := []int{}
			called := false
			tee := newTeeWriter(statusWriter{&sent}, nil)
			tee.success = func() { called = len(sent) == 0 }
			tee.WriteHeader(status)
			if called != success || len(sent) != 1 || sent[0] != status {
				t.Errorf("called %t, sent %v", called, sent)
			}
		})
	}
}

// statusWriter lists the statuses that it gets. An httptest.ResponseRecorder keeps
// only one.
type statusWriter struct{ statuses *[]int }

func (w statusWriter) Header() http.Header         { return http.Header{} }
func (w statusWriter) Write(p []byte) (int, error) { return len(p), nil }
func (w statusWriter) WriteHeader(status int)      { *w.statuses = append(*w.statuses, status) }
