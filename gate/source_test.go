package gate

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

func TestSources(t *testing.T) {
	placed := func(f *fixture, p *Place) *Block {
		b := f.bearer()
		b.Place = p
		return b
	}

	t.Run("a token in a header of its own has its answer prebuilt, with and without a word", func(t *testing.T) {
		f := newFixture(t)
		for _, p := range []*Place{{Header: "X-Token", Bare: true}, {Header: "X-Token", Schemes: []string{"Key"}}, {Header: "Authorization", Schemes: []string{"token"}, Bare: true}} {
			line := "valid"
			if len(p.Schemes) > 0 {
				line = p.Schemes[0] + " valid"
			}
			g := f.gate(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { f.got = r.Header }), nil, placed(f, p))
			h := http.HandlerFunc(g.Handler())
			before := f.prebuilt(g)
			f.prebuild(h, p.Header, line)
			if f.prebuilt(g) != before+1 {
				t.Errorf("%+v: %d prebuilt", p, f.prebuilt(g)-before)
			}
			f.ask(h, http.MethodGet, p.Header, line)
			if f.got == nil || f.got[p.Header] != nil || f.got["X-Auth-User"] == nil {
				t.Errorf("%+v: the backend got %v", p, f.got)
			}
			for _, lines := range [][]string{{p.Header, line, p.Header, line}, {p.Header, line + " x"}} {
				if w, _ := f.ask(h, http.MethodGet, lines...); w.Code != http.StatusBadRequest || f.got != nil {
					t.Errorf("%q: %d", lines, w.Code)
				}
			}
		}
	})

	t.Run("a prebuilt answer is for no request with a second credential, wherever that is", func(t *testing.T) {
		f := newFixture(t)
		key := f.key(false)
		key.Place = &Place{Header: "X-Key", Bare: true, Query: "key"}
		g := f.gate(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { f.got = r.Header }), nil, placed(f, &Place{Header: "X-Token", Bare: true, Cookie: "sid"}), key)
		h := http.HandlerFunc(g.Handler())
		f.prebuild(h, "X-Token", "valid", "Cookie", "a=1")
		f.prebuild(h, "X-Key", "valid-key")
		for _, first := range [][]string{{"X-Token", "valid"}, {"X-Key", "valid-key"}} {
			for _, second := range [][]string{{"X-Token", "x"}, {"X-Key", "x"}, {"Cookie", "sid=x"}, {"Cookie", "a=1;sid=valid"}, {"", "/?key=x"}, {"", "/?a&%6bey=valid-key"}} {
				if second[0] == first[0] {
					continue
				}
				path, lines := "/", append([]string{}, first...)
				if second[0] == "" {
					path = second[1]
				} else {
					lines = append(lines, second...)
				}
				r := httptest.NewRequest(http.MethodGet, path, nil)
				for i := 0; i < len(lines); i += 2 {
					r.Header[lines[i]] = []string{lines[i+1]}
				}
				w := httptest.NewRecorder()
				f.got = nil
				h.ServeHTTP(w, r)
				if w.Code != http.StatusBadRequest || f.got != nil {
					t.Errorf("%q and %q: %d", first, second, w.Code)
				}
			}
		}
	})

	t.Run("an answer about a cookie or a parameter is for no request without it, whatever header lines both have", func(t *testing.T) {
		for _, beside := range [][]string{
			{"Authorization", ""},
			{"Authorization", "Digest username=shared"},
			{"X-Token", ""},
		} {
			f := newFixture(t)
			p := &Place{Header: beside[0], Schemes: []string{"Bearer"}, Cookie: "sid", Query: "t"}
			if beside[0] != "Authorization" {
				p.Schemes, p.Bare = nil, true
			}
			h := f.route(nil, placed(f, p))
			for i := 0; i < 3; i++ { // a miss, a lookup, and what could be a hit
				w, _ := f.ask(h, http.MethodGet, append([]string{"Cookie", "sid=valid"}, beside...)...)
				if w.Code != http.StatusOK || f.got == nil {
					t.Fatalf("%q: %d", beside, w.Code)
				}
				r := httptest.NewRequest(http.MethodGet, "/?t=valid", nil)
				r.Header[beside[0]] = []string{beside[1]}
				w = httptest.NewRecorder()
				h.ServeHTTP(w, r)
				if w.Code != http.StatusOK {
					t.Fatalf("%q: %d", beside, w.Code)
				}
			}
			if w, _ := f.ask(h, http.MethodGet, beside...); w.Code != http.StatusUnauthorized || f.got != nil {
				t.Errorf("%q alone: %d, and the backend got %v", beside, w.Code, f.got)
			}
		}
	})

	t.Run("what does not match the pattern, or has no place in the question, is 400 without a call", func(t *testing.T) {
		f := newFixture(t)
		b := f.bearer()
		b.Pattern = regexp.MustCompile(`\A(?:[a-z]+)\z`)
		own := *b.API
		own.Fits = func(c verifier.Credential) bool { return c.Token != "validnot" }
		b.API = &own
		h := f.route(nil, b)
		f.prebuild(h, "Authorization", "Bearer valid")
		calls := f.calls.Load()
		for i := 0; i < 3; i++ {
			for _, token := range []string{"valid1", "valid-", "validnot"} {
				if w, _ := f.ask(h, http.MethodGet, "Authorization", "Bearer "+token); w.Code != http.StatusBadRequest || f.got != nil {
					t.Errorf("%s: %d", token, w.Code)
				}
			}
		}
		if f.calls.Load() != calls {
			t.Error("the upstream is called")
		}
	})

	t.Run("what else of the request is sent belongs to its answer, and nothing is prebuilt", func(t *testing.T) {
		f := newFixture(t)
		b := f.bearer()
		own := *b.API
		own.Parts = []string{"method", "host", "path", "ip", "header:X-Tenant", "header:x_other"}
		var asked []string
		own.Request = func(c verifier.Credential, _ apis.Settings) transport.Request {
			if !strings.HasPrefix(c.Token, "valid") {
				return transport.Request{Header: http.Header{"Authorization": {"Bearer " + c.Token}}}
			}
			asked = append(asked, strings.Join(verifier.SplitParts(c.Parts), " "))
			return transport.Request{Header: http.Header{"Authorization": {"Bearer " + c.Token}}}
		}
		b.API = &own
		g := f.gate(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { f.got = r.Header }), nil, b)
		h := http.HandlerFunc(g.Handler())
		for i := 0; i < 3; i++ {
			f.ask(h, http.MethodGet, "Authorization", "Bearer valid")
			f.ask(h, http.MethodGet, "Authorization", "Bearer valid", "X-Tenant", "a b")
			f.ask(h, http.MethodPost, "Authorization", "Bearer valid")
		}
		if want := "GET example.com / 192.0.2.1  |GET example.com / 192.0.2.1 a b |POST example.com / 192.0.2.1  "; strings.Join(asked, "|") != want {
			t.Errorf("asked %q", asked)
		}
		if n := f.prebuilt(g); n != 0 {
			t.Errorf("%d answers are prebuilt", n)
		}
		f.ask(h, http.MethodGet, "Authorization", "Bearer valid", "X-Tenant", "a b", "X_tenant", "other", "X.Tenant", "other", "X-Tenant-Two", "c", "X_other", "o")
		if f.got["X_tenant"] != nil || f.got[strings.ReplaceAll("X-Tenant", "-", ".")] != nil || f.got.Get("X-Tenant") != "a b" || f.got.Get("X-Tenant-Two") != "c" || f.got["X_other"] == nil {
			t.Errorf("the backend may read another part than was asked about: %v", f.got)
		}
		asked = nil
		long := strings.Repeat("a", verifier.MaxCredential+1)
		if w, _ := f.ask(h, http.MethodGet, "Authorization", "Bearer valid", "X-Tenant", long); w.Code != http.StatusBadRequest || f.got != nil || len(asked) > 0 {
			t.Errorf("a part of more than a credential may have: %d, asked %d times", w.Code, len(asked))
		}
		if w, _ := f.ask(h, http.MethodGet, "Authorization", "Bearer valid", "X-Tenant", long[1:]); w.Code != http.StatusOK {
			t.Errorf("a part of as much as a credential may have: %d", w.Code)
		}
		if w, _ := f.ask(h, http.MethodGet, "Authorization", "Bearer valid", "X-Tenant", "a", "X-Tenant", "a"); w.Code != http.StatusBadRequest || f.got != nil {
			t.Errorf("a header that comes twice: %d", w.Code)
		}
	})

	t.Run("the text for a missing token names its header", func(t *testing.T) {
		f := newFixture(t)
		for where, p := range map[string]*Place{"(X-Token)": {Header: "X-Token", Bare: true}, "(X-Token: Key)": {Header: "X-Token", Schemes: []string{"Key"}}, "(Authorization: token)": {Header: "Authorization", Schemes: []string{"token"}, Bare: true}} {
			b := f.block(verifier.Bearer, "ippanel", "/check")
			own := *b.API
			own.Absent = func(apis.Settings) string { return "A token (Authorization: Bearer) is required." }
			b.API, b.Place = &own, p
			if w, _ := f.ask(f.route(nil, b), http.MethodGet); !strings.Contains(w.Body.String(), "A token "+where+" is required.") {
				t.Error(w.Body)
			}
		}
	})

	t.Run("a parameter of the query is noted once", func(t *testing.T) {
		f := newFixture(t)
		for i := 0; i < 3; i++ {
			f.route(nil, placed(f, &Place{Header: "Authorization", Schemes: []string{"Bearer"}, Query: "t"}))
		}
		if n := f.entries("credential"); n != 1 {
			t.Errorf("%d entries", n)
		}
	})
}
