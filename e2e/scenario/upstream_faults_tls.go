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
	honest := &tls.Config{Certificates: []tls.Certificate{good}}
	p := newFaultSuite()
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
		"TLS 1.1 and less": {Certificates: honest.Certificates, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11},
	} {
		p.add(name, &upstreams.Fault{TLS: config, Send: upstreams.Raw(200, allowBody)}, honest)
	}
	// One that is signed as it should be passes: the faults are the faults.
	p.add("a proper one, that says 502", &upstreams.Fault{TLS: signed("127.0.0.1", time.Time{}), Send: upstreams.Raw(502, "")}, honest)
	arrived := map[string]bool{}
	for _, x := range p.all[:4] {
		x.leaked = func(name string) { arrived[name] = true }
	}
	p.run(t, h, "tls", map[string]any{"ca": ca})
	for name := range arrived {
		t.Errorf("%s: the credential was sent", name)
	}
}

// unresolvedAndSlow: a name that nobody has, an upstream of two seconds' latency under
// two timeouts, and one that fails every other time.
func unresolvedAndSlow(t *testing.T, h *Harness) {
	up := newWebService(nil)
	defer up.Close()
	front := upstreams.NewFaultProxy(up.URL, nil)
	defer front.Close()
	token := func(name string) string { return up.IssueToken(upstreams.User{UserName: Marker + name}) }
	slow := token("slow")
	h.Serve(Routes{
		"nowhere":   routeConfig("bearer", "webservice", "http://upstream.invalid", "path", up.Path(), "timeout", "5s"),
		"impatient": with(routeConfig("bearer", "webservice", up.URL, "path", up.Path(), "timeout", "500ms"), "cache", map[string]any{"epoch": "i"}),
		"patient":   routeConfig("bearer", "webservice", up.URL, "path", up.Path()),
		"half":      routeConfig("bearer", "webservice", front.URL, "path", up.Path()),
	})
	begun := time.Now()
	h.Expect(500, Request{Route: "nowhere", Headers: []string{bearer(slow)}})
	if waited := time.Since(begun); waited > 5*time.Second+faultMargin {
		t.Errorf("a name that does not resolve took %s", waited)
	}
	known := Request{Route: "impatient", Headers: []string{bearer(token("known"))}}
	h.Expect(200, known)
	h.Expect(200, Request{Route: "patient", Headers: known.Headers})
	up.Answer(slow, upstreams.Reply{Delay: 2 * time.Second, Body: `{"IsSuccess":true,"Data":{"UserName":"` + Marker + `slow"}}`})
	var both sync.WaitGroup
	both.Go(func() {
		begun := time.Now()
		r, err := h.Try(Request{Route: "impatient", Headers: []string{bearer(slow)}})
		if waited := time.Since(begun); err != nil || r.Status != 500 || waited > 500*time.Millisecond+faultMargin {
			t.Errorf("impatient: %d %v after %s", r.Status, err, waited)
		}
	})
	both.Go(func() {
		if r, err := h.Try(Request{Route: "patient", Headers: []string{bearer(slow)}}); err != nil || r.Status != 200 {
			t.Errorf("patient: %d %v", r.Status, err)
		}
	})
	h.ExpectCached(known)
	both.Wait()
	h.Expect(200, Request{Route: "half", Headers: []string{bearer(token("first"))}})
	front.Inject(&upstreams.Fault{Send: upstreams.Raw(502, "bad gateway", "Connection: close"), Alternate: true})
	for i := range 20 {
		call := Request{Route: "half", Headers: []string{bearer(token(fmt.Sprint("half", i)))}}
		r, err := h.Try(call)
		if err == nil && r.Status == 500 {
			r, err = h.Try(call)
		}
		if !h.Counters.accepted(r, err, fmt.Sprint(Marker, "half", i)) {
			t.Errorf("good user %d, at the second try: %d %v", i, r.Status, err)
		}
		h.ExpectCached(call)
	}
}
