package gate

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestClientHasLeft(t *testing.T) {
	f := newFixture(t)
	release := make(chan struct{})
	f.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		<-release
		f.upstream(w, r)
	})
	f.level = "debug"
	h := f.route(nil, f.bearer())
	ask := func(ctx context.Context, token string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(http.MethodGet, "/", nil).WithContext(ctx)
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	t.Run("its status is 499, which only the log sees, and the log says so", func(t *testing.T) {
		ctx, leave := context.WithCancel(context.Background())
		time.AfterFunc(20*time.Millisecond, leave)
		if w := ask(ctx, "valid"); w.Code != 499 || w.Body.Len() != 0 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if got := strings.Count(f.log.String(), `"reason":"cancelled"`); got != 1 || f.entries("outage") > 0 {
			t.Errorf("%s", f.log)
		}
	})
	t.Run("a request whose deadline is over has not left", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		defer cancel()
		if w := ask(ctx, "valid-2"); w.Code != 500 {
			t.Errorf("%d", w.Code)
		}
	})
	close(release)
	t.Run("one that is denied without waiting gets its denial", func(t *testing.T) {
		ctx, leave := context.WithCancel(context.Background())
		leave()
		for token, want := range map[string]int{"a b": 400, "": 401} {
			if w := ask(ctx, token); w.Code != want {
				t.Errorf("%q: %d, want %d", token, w.Code, want)
			}
		}
	})
}
