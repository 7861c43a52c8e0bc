package floods

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/ports"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/h2c"
)

// newServer counts the lines of the requests that a server takes, over HTTP/1 and
// HTTP/2.
func newServer(t *testing.T) (address string, lines *atomic.Int64) {
	lines = new(atomic.Int64)
	server := httptest.NewServer(h2c.NewHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		lines.Add(int64(len(r.Trailer)))
		for _, values := range r.Header {
			lines.Add(int64(len(values)))
		}
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusTeapot)
	}), &http2.Server{}))
	t.Cleanup(server.Close)
	return strings.TrimPrefix(server.URL, "http://"), lines
}

func TestFloods(t *testing.T) {
	address, lines := newServer(t)
	for _, f := range append(HTTP1(), HTTP2()...) {
		t.Run("a server takes it: "+f.Name, func(t *testing.T) {
			lines.Store(0)
			status, err := Send(address, f, "r", strings.Contains(f.Name, "uthorization"))
			if err != nil || status != http.StatusTeapot || lines.Load() == 0 {
				t.Errorf("%d, %v, %d lines", status, err, lines.Load())
			}
			r := newRequest(f, "r", true)
			if n := len(r.http1); n > 1<<20 || (n > 0 && n < 900_000) {
				t.Errorf("%d bytes", n)
			}
			if n := len(r.http2); n > 24_000 {
				t.Errorf("%d bytes of HTTP/2", n)
			}
		})
	}

	t.Run("an address without a server is an error", func(t *testing.T) {
		address, release, err := ports.Address()
		if err != nil {
			t.Fatal(err)
		}
		defer release()
		if _, err := Send(address, HTTP1()[0], "r", false); err == nil {
			t.Error("none")
		}
	})
}

func TestWorst(t *testing.T) {
	t.Run("the highest ratio, not the longest time", func(t *testing.T) {
		rows := []Row{{"long", "", time.Second, time.Second, 0}, {"much", "", 30 * time.Millisecond, 10 * time.Millisecond, 0}, {"little", "", 0, 0, 0}}
		if worst := Worst(rows); worst.Name != "much" || worst.Ratio() != 3 {
			t.Errorf("%+v", worst)
		}
	})
}
