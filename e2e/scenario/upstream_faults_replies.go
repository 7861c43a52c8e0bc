package scenario

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

func everyRetryAfter(t *testing.T, h *Harness) {
	s := newFaultSuite()
	date := time.Now().Add(2 * time.Hour).UTC().Format(http.TimeFormat)
	past := time.Now().Add(-2 * time.Hour).UTC().Format(http.TimeFormat)
	for header, seconds := range map[string]string{
		"7": "7", date: "3600", past: "1", "0": "1", "-1": "1", "3601": "3600", "99999999999999999999": "3600",
		"soon": "60", "": "60", "1.5": "60", "7, 8": "60",
	} {
		reply := upstreams.Raw(429, "<html>", "Retry-After: "+header)
		if header == "" {
			reply = upstreams.Raw(429, "<html>")
		}
		c := s.add("Retry-After: "+header, &upstreams.Fault{Send: reply}, nil)
		c.status, c.retryAfter = 429, seconds
	}
	s.run(t, h)
}

func everyRedirect(t *testing.T, h *Harness) {
	var redirected atomic.Int64
	target := upstreams.NewHTTPServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		redirected.Add(1)
		_, _ = w.Write([]byte(allowBody))
	}))
	defer target.Close()
	s := newFaultSuite()
	for status := 300; status <= 308; status++ {
		body := allowBody
		if status == 304 {
			body = "" // Go's HTTP client logs an unexpected body
		}
		for _, where := range []string{target.URL + "/", "//" + target.Listener.Addr().String() + "/"} {
			s.add(fmt.Sprint(status, " to ", where), &upstreams.Fault{Send: upstreams.Raw(status, body, "Location: "+where, "Refresh: 0; url="+where)}, nil)
		}
	}
	s.run(t, h)
	expectCount(t, "requests to the redirect's target", int(redirected.Load()), 0)
}
