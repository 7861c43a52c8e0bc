package inprocess

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/interpreted"
	"github.com/upstreamauth/upstreamauth/e2e/stage"
)

// settable is a clock that is as far off as it is set.
type settable struct{ off atomic.Int64 }

func (c *settable) Now() time.Time                  { return time.Now().Add(time.Duration(c.off.Load())) }
func (c *settable) Since(t time.Time) time.Duration { return c.Now().Round(0).Sub(t) }

// The hit path is written for the interpreter, so its promises are tested there.
func TestInterpretedPrebuilt(t *testing.T) {
	dir := t.TempDir()
	if err := stage.Plugin(dir); err != nil {
		t.Fatal(err)
	}
	clock := &settable{}
	plugin, err := interpreted.Load(dir, interpreted.Options{Stderr: io.Discard, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(http.HandlerFunc(upstream))
	defer server.Close()
	var got http.Header
	h, err := plugin.New(context.Background(), http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.Header }), map[string]any{
		"bearer":         map[string]any{"api": "webservice", "url": server.URL, "path": "/check"},
		"applicationKey": map[string]any{"api": "thammasat", "url": server.URL},
		"cache":          map[string]any{"negativeLifetime": "10s"},
	}, "route@file")
	if err != nil {
		t.Fatal(err)
	}
	ask := func(lines ...string) (int, http.Header) {
		got = nil
		r, w := request(usual, lines...), &writer{header: http.Header{}}
		h.ServeHTTP(w, r)
		return w.status, r.Header
	}
	const good, wrong, key = "Bearer good-token", "Bearer wrong", "good-key"
	for range 3 {
		ask("Authorization", good)
		ask("Authorization", wrong)
		ask("Application-Key", key)
	}
	for range 2 {
		if ask("Authorization", good); got == nil || got["X-Auth-Api"][0] != "webservice" || got["Authorization"] != nil {
			t.Errorf("a token: the backend got %v", got)
		}
		if ask("Application-Key", key); got == nil || got["X-Auth-Api"][0] != "thammasat" || got["Application-Key"] != nil {
			t.Errorf("a key: the backend got %v", got)
		}
		if status, _ := ask("Authorization", good, "Application-Key", key); status != 400 || got != nil {
			t.Errorf("both: %d, the backend got %v", status, got)
		}
		if status, h := ask("Authorization", wrong, "X_auth_user", "admin"); status != 401 || got != nil || h["X_auth_user"] != nil {
			t.Errorf("a denial: status %d, the backend got %v, the request has %v", status, got, h)
		}
		if ask("Authorization", good, "Connection", "X-Auth-Api"); got == nil || got["X-Auth-Api"] == nil || got["Connection"] != nil {
			t.Errorf("what Connection names: the backend got %v", got)
		}
	}
	clock.off.Store(-int64(time.Hour)) // before the plugin was loaded
	for range 6 {
		if status, _ := ask("Authorization", wrong); status != 401 || got != nil {
			t.Errorf("with a clock that was set back, a denial: status %d, the backend got %v", status, got)
		}
		clock.off.Add(int64(3 * time.Second))
	}
}
