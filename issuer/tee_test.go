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

func TestAReplyPassesByteForByteAndIsReadIfItIsWholeAndSmall(t *testing.T) {
	const login = `{"data":{"token":"x"}}`
	large := `{"data":"` + strings.Repeat("x", maxReply-11) + `"}`
	for _, c := range []struct {
		name      string
		status    int
		coding    []string
		body      string
		announced int // -1: not at all
		read      string
	}{
		{"plain", 200, nil, login, len(login), login},
		{"plain, of unknown length", 200, nil, login, -1, login},
		{"gzip", 200, []string{"gzip"}, gzipped(login), len(gzipped(login)), login},
		{"gzip, of unknown length", 200, []string{"GZIP"}, gzipped(login), -1, login},
		{"as large as may be", 200, nil, large, -1, large},
		{"too large", 200, nil, large + " ", -1, ""},
		{"too large, as announced", 200, nil, large + " ", len(large) + 1, ""},
		{"too large once unpacked", 200, []string{"gzip"}, gzipped(large + " "), -1, ""},
		{"a bomb", 200, []string{"gzip"}, gzipped(strings.Repeat("x", 10<<20)), -1, ""},
		{"cut off", 200, nil, login[:10], len(login), ""},
		{"gzip, cut off", 200, []string{"gzip"}, gzipped(login)[:20], -1, ""},
		{"gzip that is none", 200, []string{"gzip"}, login, -1, ""},
		{"another coding", 200, []string{"br"}, login, -1, ""},
		{"two codings", 200, []string{"gzip", "gzip"}, gzipped(gzipped(login)), -1, ""},
		{"two codings in a line", 200, []string{"gzip, br"}, login, -1, ""},
		{"another status", 201, nil, login, -1, ""},
		{"a refusal", 401, nil, login, -1, ""},
		{"empty", 200, nil, "", 0, ""},
	} {
		read := ""
		w := httptest.NewRecorder()
		tap := newTeeWriter(w, func(status int, body []byte) {
			if w.Body.Len() >= len(c.body) && c.announced > 0 {
				t.Errorf("%s: the client has all of it before it is read", c.name)
			}
			read += string(body)
		})
		if c.coding != nil {
			tap.Header()["Content-Encoding"] = c.coding
		}
		if c.announced >= 0 {
			tap.Header().Set("Content-Length", strconv.Itoa(c.announced))
		}
		if c.status != 200 || c.body == "" {
			tap.WriteHeader(c.status)
		}
		for part := []byte(c.body); len(part) > 0; {
			n := min(len(part), 1+len(c.body)/3)
			if written, err := tap.Write(part[:n]); written != n || err != nil {
				t.Errorf("%s: %d %v", c.name, written, err)
			}
			part = part[n:]
		}
		tap.end()
		if read != c.read {
			t.Errorf("%s: read %d bytes, want %d", c.name, len(read), len(c.read))
		}
		if w.Body.String() != c.body {
			t.Errorf("%s: passed %d bytes of %d", c.name, w.Body.Len(), len(c.body))
		}
	}
}

// A reply that is only announced is none yet.
func TestAnEarlyHintIsNoReply(t *testing.T) {
	said := []int{}
	tap := newTeeWriter(telling{&said}, func(int, []byte) { t.Error("read") })
	tap.success = func() { t.Error("noted") }
	tap.WriteHeader(http.StatusEarlyHints)
	tap.success = nil
	tap.WriteHeader(http.StatusNotFound)
	tap.end()
	if len(said) != 2 || said[0] != 103 || said[1] != 404 {
		t.Error(said)
	}
}

// telling notes the statuses that it is told.
type telling struct{ said *[]int }

func (w telling) Header() http.Header         { return http.Header{} }
func (w telling) Write(p []byte) (int, error) { return len(p), nil }
func (w telling) WriteHeader(status int)      { *w.said = append(*w.said, status) }

func TestASuccessIsNotedBeforeItsClientHearsOfIt(t *testing.T) {
	for status, success := range map[int]bool{200: true, 204: true, 301: false, 401: false, 500: false} {
		w := httptest.NewRecorder()
		noted := false
		tap := newTeeWriter(w, nil)
		tap.success = func() { noted = w.Body.Len() == 0 }
		tap.WriteHeader(status)
		if noted != success || w.Code != status {
			t.Errorf("%d: noted %t", status, noted)
		}
	}
}
