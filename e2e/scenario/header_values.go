package scenario

import (
	"fmt"
	"sync"
	"testing"
)

// HeaderValues: what stands around the gate may write into the header values that it
// gets. They are the request's own, and the response's: no other one has them.
var HeaderValues = []Scenario{
	{Name: "what is written into identity headers behind the gate changes no other request", Run: identityValuesWritten},
	{Name: "what is written into the headers of a refusal changes no other response", Run: refusalValuesWritten},
}

// withWritten adds to each route one of the same scope whose header values are written to.
func withWritten(all []credential, more ...any) Routes {
	routes := Routes{}
	for _, cred := range all {
		routes[cred.route] = with(cred.config, more...)
		routes[cred.route+Written] = with(cred.config, more...)
	}
	return routes
}

// identityValuesWritten asks in turn on a route whose values are written to and on one
// whose values are not: at the first lookup, on the hit path, and (with a header name that
// no request has had) on the way past it, which takes the same prebuilt answers.
func identityValuesWritten(t *testing.T, h *Harness) {
	all, done := oneOfEach(h.Clock())
	defer done()
	tu := newThammasat(h.Clock())
	defer tu.Close()
	all = append(all, credential{"both", routeConfig("applicationKey", "thammasat", tu.URL, "account", true), key(validKey), nil})
	h.Serve(withWritten(all, "log", "info"))
	linesOf := func(cred credential) []string {
		if cred.route == "both" {
			return []string{cred.header, basic(student, password)}
		}
		return []string{cred.header}
	}
	for _, cred := range all {
		var want map[string]string
		for i := range 6 {
			lines := linesOf(cred)
			if i > 2 {
				lines = append(lines, fmt.Sprintf("X-Name-%d: first", i))
			}
			seen := h.Expect(200, Request{Route: cred.route + Written, Headers: lines}).Seen
			if want == nil {
				want = identityOf(t, seen)
			}
			expectEqual(t, cred.route+", written to", identityOf(t, seen), want)
			seen = h.Expect(200, Request{Route: cred.route, Headers: lines}).Seen
			expectEqual(t, cred.route+", beside it", identityOf(t, seen), want)
		}
		if want["X-Auth-Api"] == "" || want["X-Auth-Api"] == Marker+"written" {
			t.Errorf("%s: identity %v", cred.route, want)
		}
	}
	var group sync.WaitGroup
	for i := range 8 {
		group.Add(1)
		go func() {
			defer group.Done()
			cred := all[i%len(all)]
			for range 50 {
				for _, route := range []string{cred.route, cred.route + Written} {
					r, err := h.Try(Request{Route: route, Headers: linesOf(cred)})
					if err != nil || r.Seen == nil || r.Seen.Header.Get("X-Auth-Api") == Marker+"written" {
						h.Counters.falseAccepts.Add(1)
						t.Errorf("%s: %v, %v", route, err, r.Seen)
					}
				}
			}
		}()
	}
	group.Wait()
}

// refusalValuesWritten repeats a refusal that is remembered, on both routes.
func refusalValuesWritten(t *testing.T, h *Harness) {
	all, done := oneOfEach(h.Clock())
	defer done()
	h.Serve(withWritten(all, "log", "info"))
	wrong := map[string]string{"key": key("unknown-key"), "panel": bearer("unknown-token"), "service": bearer("unknown-token")}
	for _, cred := range all {
		line := wrong[cred.route]
		if line == "" {
			continue
		}
		h.Expect(200, Request{Route: cred.route, Headers: []string{cred.header}})
		first := h.Do(Request{Route: cred.route + Written, Headers: []string{line}})
		for range 4 {
			for _, route := range []string{cred.route, cred.route + Written} {
				again := h.Expect(first.Status, Request{Route: route, Headers: []string{line}})
				expectEqual(t, route+": the body", again.Body, first.Body)
				for _, name := range []string{"Content-Type", "Cache-Control", "Www-Authenticate", "Retry-After"} {
					expectEqual(t, route+": "+name, again.Header[name], first.Header[name])
				}
			}
		}
	}
}
