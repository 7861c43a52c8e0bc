package scenario

import (
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// slowly starts a proxy before an upstream, in which each request waits.
func slowly(t testing.TB, target string, wait func(r *http.Request)) string {
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to) }}
	server := upstreams.NewHTTPServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		wait(r)
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func crowdAtOnce(t *testing.T, h *Harness) {
	const users = 150
	for i, address := range []func(int) string{from("127.0.0.9"), fromMany} {
		up := newWebService(h.Clock())
		defer up.Close()
		url := slowly(t, up.URL, func(*http.Request) { time.Sleep(600 * time.Millisecond) })
		h.Serve(Routes{"r": with(routeConfig("bearer", "webservice", url, "path", up.Path(), "timeout", "20s"), "log", "info")})
		n := &newcomers{h: h, up: up, route: "r"}
		release := up.Hold()
		n.crowd(users, address)
		waitFor(t, "57 of them are asked about at a time", func() bool { return up.Calls() >= 57 })
		release()
		n.all.Wait()
		// The canary is called first, and again after 20 new users in a row.
		if calls := up.Calls(); calls < users+1 || calls > users+1+users/20 {
			t.Errorf("crowd %d: %d calls", i+1, calls)
		}
	}
}

func fewBeforeMany(t *testing.T, h *Harness) {
	for range 3 {
		if fewAreServedFirst(t, h) { // unless the machine let some of them come after the crowd
			return
		}
	}
	t.Error("a few newcomers wait behind the crowd of another address")
}

// fewAreServedFirst has requests to an upstream end one by one, in the order in which they
// came there, and tells whether the few are served before most of the crowd is.
func fewAreServedFirst(t *testing.T, h *Harness) bool {
	up := newWebService(h.Clock())
	defer up.Close()
	permits := make(chan struct{})
	var asked atomic.Int64
	url := slowly(t, up.URL, func(r *http.Request) {
		asked.Add(1)
		select {
		case <-permits:
		case <-r.Context().Done():
		}
	})
	h.Serve(Routes{"r": with(routeConfig("bearer", "webservice", url, "path", up.Path(), "timeout", "60s"), "log", "info")})
	many, few := &newcomers{h: h, up: up, route: "r"}, &newcomers{h: h, up: up, route: "r"}
	many.crowd(1, from(""))
	permits <- struct{}{}
	permits <- struct{}{} // the canary's
	many.all.Wait()
	many.crowd(300, from("127.0.0.9"))
	waitFor(t, "57 of their lookups are under way", func() bool { return asked.Load() == 2+57 && many.open.Load() == 300 })
	few.issued.Store(1000)
	few.crowd(10, from("127.0.0.10"))
	waitFor(t, "lookups of the few are under way beside them", func() bool { return asked.Load() >= 2+57+6 })
	time.Sleep(100 * time.Millisecond) // the others of them wait for a turn by then
	for ended := 0; ended < 120 && few.open.Load() > 0; ended++ {
		permits <- struct{}{}
		time.Sleep(2 * time.Millisecond)
	}
	for end := time.Now().Add(2 * time.Second); few.open.Load() > 0 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	left := few.open.Load()
	close(permits)
	few.all.Wait()
	many.all.Wait()
	return left == 0
}
