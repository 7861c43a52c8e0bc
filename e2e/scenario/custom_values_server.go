package scenario

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// nasty are values that mean something somewhere.
func nasty() []string {
	all := []string{
		`"`, `\`, `\"`, `","admin":true,"x":"`, `"}`, `"},{"`, `'`, `&admin=1`, `&`, `=`, `%`, `%26admin%3D1`, `%00`, `%zz`, `+`, `;`, `#`, `?`, `/`, `/../`, `..`, `.`, `//`,
		`{token}`, `{user}`, `{client.secret}`, `${HOME}`, `{{.}}`, `$1`, `\1`, `\u0022`, `\u0000`, `\n`, `<script>`, `-->`, "`", `|`, `^`, `~`, `_-`, `:`, `@`, `,`, `[]`, `[`, `]`, `*`, `()`, `!`,
		`true`, `null`, `0`, `1e999`, `user=x`, `Bearer`, `http://127.0.0.1:1/`, `a b`, ` `, `a  b`, "\t", "\r\nX-Admin: 1", "\x00", "\x7f", "\x80", "\xff\xfe", "\xc3", "\xed\xa0\x80", "\u2028", "\u00a0", "ی", "ﷺ", "é", "😀", "\ufeff", strings.Repeat("A", 3000), strings.Repeat(`"`, 1000), strings.Repeat("%", 1000),
	}
	random := rand.New(rand.NewPCG(15, 15)) // the same in each run
	for range 120 {
		text := make([]byte, 1+random.IntN(24))
		for i := range text {
			text[i] = byte(random.IntN(256))
			if random.IntN(3) > 0 {
				text[i] = `"\{}&=%+;#?/.,:|<>[]()$@!*~^'`[random.IntN(29)]
			}
		}
		all = append(all, string(text))
	}
	return all
}

// shapeServer allows each credential that begins with the marker, and keeps what arrived.
type shapeServer struct {
	*httptest.Server
	mu   sync.Mutex
	seen []arrived
}

// arrived is a request as the server parsed it; a fault says why it could not.
type arrived struct {
	path   string
	header http.Header
	basic  string // the account in Authorization
	query  url.Values
	form   url.Values
	object map[string]any
	fault  string
}

func newShapeServer() *shapeServer {
	s := &shapeServer{}
	s.Server = upstreams.NewHTTPServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := parsed(r)
		s.mu.Lock()
		s.seen = append(s.seen, a)
		s.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		if !strings.Contains(fmt.Sprint(a), Marker+"good") {
			w.WriteHeader(http.StatusUnauthorized)
		}
		_, _ = w.Write([]byte(`{"ok":true}`))
	}))
	return s
}

// parsed reads a request strictly.
func parsed(r *http.Request) arrived {
	a := arrived{path: r.URL.EscapedPath(), header: r.Header, basic: basicIn(r.Header)}
	body, err := io.ReadAll(r.Body)
	fail := func(err error) {
		if err != nil {
			a.fault += err.Error() + "; "
		}
	}
	fail(err)
	a.query, err = url.ParseQuery(r.URL.RawQuery)
	fail(err)
	switch r.Header.Get("Content-Type") {
	case "application/x-www-form-urlencoded":
		a.form, err = url.ParseQuery(string(body))
		fail(err)
	case "application/json":
		if len(body) > 0 {
			decoder := json.NewDecoder(bytes.NewReader(body))
			fail(decoder.Decode(&a.object))
			if _, err := decoder.Token(); err == nil {
				fail(errors.New("more than one JSON value"))
			}
		}
	}
	return a
}

// take returns what arrived since the last call with a text in it.
func (s *shapeServer) take(text string) []arrived {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []arrived
	for _, a := range s.seen {
		if strings.Contains(fmt.Sprint(a.path, a.header, a.basic, a.query, a.form, a.object, a.fault), text) {
			found = append(found, a)
		}
	}
	s.seen = nil
	return found
}

// only is a query's or a form's one value for each name.
func only(values url.Values) map[string]string {
	one := map[string]string{}
	for name, list := range values {
		one[name] = strings.Join(list, "\x00and ")
	}
	return one
}

// basicIn is the account in a header.
func basicIn(header http.Header) string {
	_, encoded, _ := strings.Cut(header.Get("Authorization"), "Basic ")
	account, _ := base64.StdEncoding.DecodeString(encoded)
	return string(account)
}
