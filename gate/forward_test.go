package gate

import (
	"net/http"
	"strings"
	"testing"
)

func TestChain(t *testing.T) {
	chain := func(f *fixture, first, second func(o *Options), blocks ...*Block) http.Handler {
		return http.HandlerFunc(f.gate(f.route(second, blocks...), first, blocks[:1]...).Handler())
	}
	forwards := func(o *Options) { o.ForwardCredential = true }
	optional := func(o *Options) { o.Optional = true }
	for _, c := range []struct {
		name          string
		first, second func(o *Options)
		status, lines int
		text          string
	}{
		{"the second denies, and says why once", nil, nil, 401, 1, "so every request of its clients is denied here"},
		{"an optional one is anonymous, and says why once", nil, optional, 200, 1, "so every request of its clients is anonymous here"},
		{"the first forwards the credential", forwards, nil, 200, 0, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			for i := 0; i < 2; i++ {
				h := chain(f, c.first, c.second, f.bearer())
				for _, token := range []string{"Bearer valid-1", "Bearer valid-1", "Bearer valid-2"} {
					w, _ := f.ask(h, http.MethodGet, "Authorization", token)
					if w.Code != c.status {
						t.Errorf("status %d, want %d", w.Code, c.status)
					}
				}
			}
			if f.entries("chain") != c.lines || !strings.Contains(f.log.String(), c.text) {
				t.Errorf("%s", f.log)
			}
		})
	}
	t.Run("nothing is said of a credential that no gate has removed", func(t *testing.T) {
		f := newFixture(t)
		h := chain(f, optional, nil, f.bearer(), f.key(false))
		for _, lines := range [][]string{nil, {"X-Removed", "bearer"}, {"Authorization", "Negotiate x"}} {
			if w, _ := f.ask(h, http.MethodGet, lines...); w.Code == 200 {
				t.Errorf("%q: status %d", lines, w.Code)
			}
		}
		if f.entries("chain") != 0 {
			t.Error(f.log)
		}
	})
	t.Run("of a key with its account, each part is noted", func(t *testing.T) {
		f := newFixture(t)
		h := chain(f, nil, nil, f.key(true), f.bearer())
		f.ask(h, http.MethodGet, "Application-Key", "valid-key", "Authorization", "Basic dmFsaWQ6dmFsaWQ=")
		if f.entries("chain") != 1 || !strings.Contains(f.log.String(), "has removed the applicationKey credential") {
			t.Error(f.log)
		}
	})
}
