package scenario

import (
	"crypto/tls"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

func everyCertificate(t *testing.T, h *Harness) {
	good, ca, err := upstreams.Certificate("127.0.0.1", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	one := func(host string, until time.Time) *tls.Config {
		certificate, _, err := upstreams.Certificate(host, until)
		if err != nil {
			t.Fatal(err)
		}
		return &tls.Config{Certificates: []tls.Certificate{certificate}}
	}
	valid := &tls.Config{Certificates: []tls.Certificate{good}}
	s := newFaultSuite()
	signed := func(host string, until time.Time) *tls.Config {
		certificate, err := upstreams.Signed(good, host, until)
		if err != nil {
			t.Fatal(err)
		}
		return &tls.Config{Certificates: []tls.Certificate{certificate}}
	}
	for name, config := range map[string]*tls.Config{
		"expired":          signed("127.0.0.1", time.Now().Add(-time.Hour)),
		"wrong name":       signed("other.example", time.Time{}),
		"unknown CA":       one("127.0.0.1", time.Time{}),
		"TLS 1.1 and less": {Certificates: valid.Certificates, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11},
	} {
		s.add(name, &upstreams.Fault{TLS: config, Send: upstreams.Raw(200, allowBody)}, valid)
	}
	// A valid certificate is accepted, so the cases above fail for their certificates.
	s.add("a valid one, with a 502", &upstreams.Fault{TLS: signed("127.0.0.1", time.Time{}), Send: upstreams.Raw(502, "")}, valid)
	leaked := map[string]bool{}
	for _, c := range s.all[:4] {
		c.leaked = func(name string) { leaked[name] = true }
	}
	s.run(t, h, "tls", map[string]any{"ca": ca})
	for name := range leaked {
		t.Errorf("%s: the credential was sent", name)
	}
}

// unresolvedAndSlow: a host name that does not exist, an upstream whose answer comes between
// two timeouts, and an upstream that fails on every other request.
func unresolvedAndSlow(t *testing.T, h *Harness) {
	up := newWebService(nil)
	defer up.Close()
	proxy := upstreams.NewFaultProxy(up.URL, nil)
	defer proxy.Close()
	token := func(name string) string { return up.IssueToken(upstreams.User{UserName: Marker + name}) }
	slow := token("slow")
	h.Serve(Routes{
		"unresolved": routeConfig("bearer", "webservice", "http://upstream.invalid", "path", up.Path(), "timeout", "5s"),
		"short":      with(webServiceConfig(up, "timeout", "2s"), "cache", map[string]any{"epoch": "i"}),
		"long":       webServiceConfig(up, "timeout", "20s"),
		"half":       routeConfig("bearer", "webservice", proxy.URL, "path", up.Path(), "timeout", "20s"),
	})
	h.inTime(5*time.Second+faultMargin, func(n int) func() {
		r := h.Do(Request{Route: "unresolved", Headers: []string{bearer(token(fmt.Sprint("unresolved", n)))}})
		return func() { expectCount(t, "the status where a host name does not resolve", r.Status, 500) }
	})
	cached := Request{Route: "short", Headers: []string{bearer(token("known"))}}
	h.Expect(200, cached)
	h.Expect(200, Request{Route: "long", Headers: cached.Headers})
	answered := make(chan struct{})
	reply := upstreams.Reply{Until: answered, Body: `{"IsSuccess":true,"Data":{"UserName":"` + Marker + `slow"}}`}
	up.Answer(slow, reply)
	var long sync.WaitGroup
	long.Go(func() {
		if r, err := h.Try(Request{Route: "long", Headers: []string{bearer(slow)}}); err != nil || r.Status != 200 {
			t.Errorf("long timeout: %d %v", r.Status, err)
		}
	})
	h.inTime(2*time.Second+faultMargin, func(n int) func() {
		asked := slow
		if n > 0 {
			asked = token(fmt.Sprint("slow", n))
			up.Answer(asked, reply)
		}
		r := h.Do(Request{Route: "short", Headers: []string{bearer(asked)}})
		return func() { expectCount(t, "the status with the short timeout", r.Status, 500) }
	})
	h.ExpectCached(cached)
	close(answered)
	long.Wait()
	h.Expect(200, Request{Route: "half", Headers: []string{bearer(token("first"))}})
	proxy.Inject(&upstreams.Fault{Send: upstreams.Raw(502, "bad gateway", "Connection: close"), Alternate: true})
	requests := make([]Request, 20)
	for i := range requests {
		requests[i] = Request{Route: "half", Headers: []string{bearer(token(fmt.Sprint("half", i)))}}
		if r, err := h.Try(requests[i]); err != nil || r.Status != 200 && r.Status != 500 {
			t.Errorf("valid user %d: %d %v", i, r.Status, err)
		}
	}
	proxy.Inject(nil)
	h.Advance(1100 * time.Millisecond) // none is asked about again for a second
	for i, request := range requests {
		r, err := h.Try(request)
		if !h.Counters.accepted(r, err, fmt.Sprint(Marker, "half", i)) {
			t.Errorf("valid user %d, on the second try: %d %v", i, r.Status, err)
		}
		h.ExpectCached(request)
	}
}
