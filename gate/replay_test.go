package gate

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

// denialLifetime sets how long denials are cached.
func denialLifetime(d time.Duration) func(o *Options) {
	return func(o *Options) { o.NegativeLifetime = d }
}

func TestReplay(t *testing.T) {
	t.Run("a replayed response is the built one byte for byte", func(t *testing.T) {
		f := newFixture(t)
		for _, format := range []string{"upstream", "problem"} {
			for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodHead} {
				h := f.route(func(o *Options) { o.Problem = format == "problem" }, f.bearer(), f.key(false))
				line := "Bearer denied-" + format + method
				first, _ := f.ask(h, method, "Authorization", line)
				f.prebuild(h, "Authorization", line)
				hit, _ := f.ask(h, method, "Authorization", line)
				if hit.Code != first.Code || hit.Body.String() != first.Body.String() || fmt.Sprint(hit.Header()) != fmt.Sprint(first.Header()) {
					t.Errorf("%s %s:\n%d %v %s\n%d %v %s", format, method, first.Code, first.Header(), first.Body, hit.Code, hit.Header(), hit.Body)
				}
			}
		}
	})
	// A middleware around the plugin may pass a denied request's headers on:
	// Traefik's errors middleware does, to the server of its pages.
	t.Run("identity headers of the client are removed from a denied request too", func(t *testing.T) {
		f := newFixture(t)
		h := f.route(nil, f.bearer())
		f.prebuild(h, "Authorization", "Bearer denied")
		for _, forged := range []string{"X-Auth-User", "X_auth_user", "X.Auth.Id"} {
			w, r := f.ask(h, http.MethodGet, "Authorization", "Bearer denied", forged, "admin")
			if w.Code != http.StatusUnauthorized || r.Header[forged] != nil {
				t.Errorf("%d: a denied request still has %v", w.Code, r.Header)
			}
		}
	})
	t.Run("each denial is logged at debug, and none is prebuilt then", func(t *testing.T) {
		f := newFixture(t)
		quiet := f.route(nil, f.bearer())
		f.level = "debug"
		debug := f.route(nil, f.bearer())
		f.prebuild(quiet, "Authorization", "Bearer denied")
		f.prebuild(debug, "Authorization", "Bearer denied")
		if got := f.entries("refused"); got != 4 {
			t.Errorf("%d of 4 denials are logged: %s", got, f.log)
		}
	})
}

func TestReplayEnds(t *testing.T) {
	t.Run("with the lifetime of denials on the route that serves the request", func(t *testing.T) {
		f := newFixture(t)
		long := f.route(denialLifetime(1*time.Hour), f.bearer())
		short := f.route(denialLifetime(10*time.Second), f.bearer())
		none := f.route(denialLifetime(0*time.Second), f.bearer())
		f.prebuild(long, "Authorization", "Bearer denied")
		f.prebuild(short, "Authorization", "Bearer denied")
		count := func(h http.Handler) int64 {
			before := f.calls.Load()
			f.ask(h, http.MethodGet, "Authorization", "Bearer denied")
			return f.calls.Load() - before
		}
		if long, none, short := count(long), count(none), count(short); long != 0 || none != 1 || short != 0 {
			t.Errorf("%d, %d, %d calls; want 0, 1, 0", long, none, short)
		}
		f.prebuild(short, "Authorization", "Bearer denied")
		f.moved.Add(int64(10 * time.Second))
		if long, short := count(long), count(short); long != 0 || short != 1 {
			t.Errorf("after 10 s: %d and %d calls, want 0 and 1", long, short)
		}
	})
	// A machine may start with its clock ahead, and have it corrected later.
	t.Run("never as an allowed answer, when the clock is set back to before the start", func(t *testing.T) {
		f := newFixture(t)
		h := f.route(denialLifetime(10*time.Second), f.bearer())
		f.prebuild(h, "Authorization", "Bearer valid") // so that the header names are on the allowlist
		f.moved.Add(-int64(time.Hour))
		for i := 0; i < 6; i++ {
			w, _ := f.ask(h, http.MethodGet, "Authorization", "Bearer denied")
			if w.Code != http.StatusUnauthorized || f.got != nil {
				t.Errorf("request %d: %d, backend %v", i+1, w.Code, f.got)
			}
			f.moved.Add(int64(3 * time.Second))
		}
		f.prebuild(h, "Authorization", "Bearer valid")
		f.moved.Add(int64(11 * time.Hour))
		f.ask(h, http.MethodGet, "Authorization", "Bearer valid")
		if f.got == nil || f.got["X-Auth-Api"] == nil {
			t.Errorf("the backend got %v", f.got)
		}
	})
}
