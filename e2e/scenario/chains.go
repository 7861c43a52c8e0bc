package scenario

import "testing"

// Chains: two gates on one route. The second finds no credential, since the first has
// taken it away.
var Chains = []Scenario{
	{Name: "two gates in one chain are one log line, which says what to do", Run: chainLogged},
	{Name: "two gates that do not take each other's credential say nothing", Run: chainWorks},
	{Name: "no client can have that line written", Run: chainForged},
}

const chainLine = `has removed the`

func chainLogged(t *testing.T, h *Harness) {
	ipp, tu := newIPPanel(h.Clock()), newThammasat(h.Clock())
	defer ipp.Close()
	defer tu.Close()
	panel := routeConfig("bearer", "ippanel", ipp.URL)
	account := basicConfig(tu)
	paired := routeConfig("applicationKey", "thammasat", tu.URL, "account", "true")
	routes := Routes{
		"tokens": panel, "tokens" + Behind: panel,
		"anonymous": panel, "anonymous" + Behind: with(panel, "optional", "true"),
		"accounts": account, "accounts" + Behind: paired,
	}
	h.Serve(routes)
	// A token each: where the first gate knows one from another route, it serves it without
	// the note for the second.
	token, another := bearer(ipp.IssueToken(Marker+"ali")), bearer(ipp.IssueToken(Marker+"ali"))
	pair := []string{basic(student, password)}
	for range 2 {
		for range 3 { // a miss, then hits, of the first gate
			h.Expect(401, Request{Route: "tokens", Headers: []string{token}})
			r := h.Expect(200, Request{Route: "anonymous", Headers: []string{another}})
			expectEqual(t, "identity behind an optional gate", identityOf(t, r.Seen), map[string]string{})
			h.Expect(401, Request{Route: "accounts", Headers: pair})
		}
		h.Serve(routes)
	}
	expectLogged(t, h, `the gate before this one, tokens@file, has removed the bearer credential, so every request of its clients is denied here: set forwardCredential: true on tokens@file`, 1)
	expectLogged(t, h, `the gate before this one, anonymous@file, has removed the bearer credential, so every request of its clients is anonymous here`, 1)
	expectLogged(t, h, `the gate before this one, accounts@file, has removed the basic credential`, 1)
	expectLogged(t, h, chainLine, 3)
}

func chainWorks(t *testing.T, h *Harness) {
	ipp, tu := newIPPanel(h.Clock()), newThammasat(h.Clock())
	defer ipp.Close()
	defer tu.Close()
	panel := routeConfig("bearer", "ippanel", ipp.URL)
	keys := routeConfig("applicationKey", "thammasat", tu.URL)
	h.Serve(Routes{
		"forwarding": with(panel, "forwardCredential", "true"), "forwarding" + Behind: panel,
		"different": panel, "different" + Behind: keys,
	})
	token := bearer(ipp.IssueToken(Marker + "ali"))
	for range 3 {
		h.Expect(200, Request{Route: "forwarding", Headers: []string{token}})
		h.Expect(200, Request{Route: "different", Headers: []string{token, key(validKey)}})
		h.Expect(401, Request{Route: "different", Headers: []string{token}}) // its own fault: it sent no key
		h.Expect(401, Request{Route: "forwarding"})
	}
	expectLogged(t, h, chainLine, 0)
}

func chainForged(t *testing.T, h *Harness) {
	ipp := newIPPanel(h.Clock())
	defer ipp.Close()
	panel := routeConfig("bearer", "ippanel", ipp.URL)
	h.Serve(Routes{"r": with(panel, "optional", "true"), "r" + Behind: panel, "alone": panel})
	for _, name := range []string{"removed", "X-Removed", "X-Upstreamauth-Removed", "github.com/upstreamauth/upstreamauth/gate: removed", "Upstreamauth"} {
		if name[0] == 'g' {
			name = "X-Gate"
		}
		for _, value := range []string{"bearer", "bearer\tr@file", "bearer r@file"} {
			for _, route := range []string{"r", "alone"} {
				h.Expect(401, Request{Route: route, Headers: []string{name + ": " + value}})
				h.Expect(401, Request{Route: route, Headers: []string{name + ": " + value, "Cookie: " + name + "=bearer"}})
			}
		}
	}
	expectLogged(t, h, chainLine, 0)
}
