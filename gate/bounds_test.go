package gate

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// manyNames is n header lines, name and value in turn.
func manyNames(n int) []string {
	var lines []string
	for i := 0; i < n; i++ {
		lines = append(lines, fmt.Sprint("X-Many-", i), "1")
	}
	return lines
}

func TestTooLarge(t *testing.T) {
	everything := func(o *Options) { o.Preflight, o.Optional = true, true }
	t.Run("200 header names pass, 201 are 431 without a call, and none of them is left", func(t *testing.T) {
		f := newFixture(t)
		for _, change := range []func(o *Options){nil, everything} {
			h := f.route(change, f.bearer())
			f.prebuild(h, "Authorization", "Bearer valid")
			for i := 0; i < 3; i++ {
				f.ask(h, http.MethodGet, append(manyNames(199), "Authorization", "Bearer valid")...)
				if f.got == nil {
					t.Error("200 names are refused")
				}
			}
			calls := f.calls.Load()
			w, r := f.ask(h, http.MethodGet, append(manyNames(200), "Authorization", "Bearer another valid")...)
			if w.Code != 431 || f.got != nil || f.calls.Load() != calls || len(r.Header) != 0 || !strings.Contains(w.Body.String(), "too many") {
				t.Errorf("%d %s, %d names are left", w.Code, w.Body, len(r.Header))
			}
		}
	})
	t.Run("17 lines of a credential of the route are 431, those of another header are counted by nobody", func(t *testing.T) {
		f := newFixture(t)
		lines := func(name string) (all []string) {
			for i := 0; i < 17; i++ {
				all = append(all, name, "")
			}
			return all
		}
		for _, c := range []struct {
			name  string
			block *Block
			want  int
		}{
			{"Authorization", f.bearer(), 431},
			{"Application-Key", f.bearer(), 401},
			{"Authorization", f.key(false), 401},
			{"Application-Key", f.key(false), 431},
			{"Authorization", f.key(true), 431},
			{"Application-Key", f.key(true), 431},
		} {
			h := f.route(nil, c.block)
			if w, _ := f.ask(h, http.MethodGet, lines(c.name)...); w.Code != c.want || f.got != nil {
				t.Errorf("%s of %s: %d, want %d", c.name, c.block.Upstream.Kind, w.Code, c.want)
			}
			if w, _ := f.ask(h, http.MethodGet, lines(c.name)[2:]...); w.Code != 401 {
				t.Errorf("16 lines of %s: %d", c.name, w.Code)
			}
			h = f.route(everything, c.block)
			if w, _ := f.ask(h, http.MethodOptions, append(lines(c.name), "Origin", "a", requestMethod, "PUT")...); (w.Code == 431) != (c.want == 431) || (f.got != nil) != (c.want != 431) {
				t.Errorf("a preflight with %s: %d", c.name, w.Code)
			}
		}
	})
	t.Run("a denial of another room strips the request too", func(t *testing.T) {
		f := newFixture(t)
		g := f.gate(nil, nil, f.bearer())
		next := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { g.Deny(w, r, verifier.Credential{}, TooLarge()) })
		if w, r := f.ask(next, http.MethodGet, "X-Auth-User", "admin", "X_Auth_User", "admin", "Accept", "a"); w.Code != 431 || len(r.Header) != 1 {
			t.Errorf("%d, left %v", w.Code, r.Header)
		}
	})
}

func TestConnect(t *testing.T) {
	t.Run("CONNECT is 405 with a cached credential too, and costs no call", func(t *testing.T) {
		f := newFixture(t)
		for _, block := range []*Block{f.bearer(), f.key(true)} {
			lines := []string{"Authorization", "Bearer valid"}
			if block.Upstream.Account {
				lines = []string{"Application-Key", "k", "Authorization", "Basic dmFsaWQ6dmFsaWQ="}
			}
			h := f.route(func(o *Options) { o.Preflight, o.Optional = true, true }, block)
			f.prebuild(h, lines...)
			calls := f.calls.Load()
			for _, sent := range [][]string{lines, nil, {"Origin", "a", requestMethod, "PUT"}} {
				if w, _ := f.ask(h, http.MethodConnect, sent...); w.Code != 405 || f.got != nil || f.calls.Load() != calls {
					t.Errorf("%q: %d, backend %v", sent, w.Code, f.got)
				}
			}
		}
	})
}

func TestTrailers(t *testing.T) {
	t.Run("64 pass, and of 65 none is left, wherever the map is known", func(t *testing.T) {
		for n, want := range map[int]int{64: 64, 65: 0, 10_000: 0} {
			r, all := request("Accept"), http.Header{}
			for i := 0; i < n; i++ {
				all[fmt.Sprint("X-Sum-", i)] = nil
			}
			r.Trailer = all
			testIdentity().strip(r)
			if len(r.Trailer) != want || len(all) != want || (r.Trailer == nil) != (want == 0) {
				t.Errorf("%d: %d are left, and %d in the map", n, len(r.Trailer), len(all))
			}
		}
	})
}

// TestStripUpgrade: what is left of Upgrade, Http2-Settings and Connection.
func TestStripUpgrade(t *testing.T) {
	for _, c := range []struct {
		name, method        string
		upgrade, connection []string
		want, left          []string
	}{
		{"a web socket", "GET", []string{"websocket"}, []string{"Upgrade"}, []string{"websocket"}, []string{"Upgrade"}},
		{"in other letters, among options", "GET", []string{"WebSocket"}, []string{"keep-alive", "upgrade,HTTP2-Settings"}, []string{"WebSocket"}, []string{"keep-alive, upgrade"}},
		{"that Connection does not name", "GET", []string{"websocket"}, []string{"keep-alive"}, nil, []string{"keep-alive"}},
		{"without Connection", "GET", []string{"websocket"}, nil, nil, nil},
		{"by another method", "POST", []string{"websocket"}, []string{"Upgrade"}, nil, nil},
		{"in two lines", "GET", []string{"websocket", "websocket"}, []string{"Upgrade"}, nil, nil},
		{"in a list", "GET", []string{"websocket, h2c"}, []string{"Upgrade"}, nil, nil},
		{"another protocol", "GET", []string{"h2c"}, []string{"Upgrade, HTTP2-Settings, te"}, nil, []string{"te"}},
		{"an empty one", "GET", []string{""}, []string{"Upgrade"}, nil, nil},
		{"a web socket beside too many options", "GET", []string{"websocket"}, []string{"Upgrade" + strings.Repeat(",x", 32)}, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := request("Http2-Settings", "http2_settings", "HTTP2.Settings")
			r.Method, r.Header["Upgrade"] = c.method, c.upgrade
			if c.connection != nil {
				r.Header["Connection"] = c.connection
			}
			for _, name := range testIdentity().strip(r) {
				if name == "Upgrade" {
					t.Error("Upgrade is remembered")
				}
			}
			want := http.Header{}
			if c.want != nil {
				want["Upgrade"] = c.want
			}
			if c.left != nil {
				want["Connection"] = c.left
			}
			if !reflect.DeepEqual(r.Header, want) {
				t.Errorf("%v, want %v", r.Header, want)
			}
		})
	}
}
