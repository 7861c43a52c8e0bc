package scenario

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Shares: what one client, and one route, may take of the calls that all share.
var Shares = []Scenario{
	{Name: "accounts that a firewall before the upstream refuses spend the share of their own address alone", Run: firewall},
	{Name: "questions that bring no answer spend the share of their own address alone", Run: noAnswerShare},
	{Name: "wrong accounts of one address spend a tenth of the budget of the key beside them", Run: sharesOfKeys},
	{Name: "new users behind one address go on until a quarter of the budget is left", Run: bulk},
	{Name: "each route obeys its own budget over one count, whatever other routes allow", Run: ownBudgets},
	{Name: "an address that clients may write is another client than the peer of that address", Run: writtenAddresses},
}

// stranger is the address of who guesses; all others are users.
const stranger = "127.0.0.70"

func firewall(t *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	up.AnswerWhere(func(credential string) bool { return strings.Contains(credential, "'") },
		upstreams.Reply{Status: 403, Header: map[string]string{"Content-Type": "text/html"}, Body: "<html>blocked</html>"})
	h.Serve(Routes{"r": basicConfig(up, "budget", "100/1h")})
	h.Expect(200, Request{Route: "r", Headers: []string{basic(student, password)}})
	calls := up.Calls()
	for i := range 110 {
		want := 500
		if i >= 10 {
			want = 429
		}
		h.Expect(want, Request{Route: "r", Headers: []string{basic(fmt.Sprint("o'brien", i), "guess")}, From: stranger})
	}
	expectCount(t, "calls for the stranger: a tenth", up.Calls(), calls+10)
	h.Expect(200, Request{Route: "r", Headers: []string{basic(employee, password)}})
	h.Expect(429, Request{Route: "r", Headers: []string{basic(Marker+"other", password)}, From: stranger})
}

func noAnswerShare(t *testing.T, h *Harness) {
	for name, fault := range map[string]upstreams.Reply{
		"failed": {Status: 500}, "undocumented": {Status: 418, Body: "{}"}, "redirected": {Status: 302, Header: map[string]string{"Location": "/login"}},
		"garbled": {Status: 200, Body: "<html>"}, "dropped": {Drop: true}, "missing": {Status: 404, Body: "{}"},
	} {
		up := newWebService(h.Clock())
		failOn(up, fault)
		// A call whose kept connection is closed goes once more, on a new one.
		h.Serve(Routes{"r": webServiceConfig(up, "budget", "40/1h", "keepAlive", fmt.Sprint(!fault.Drop))})
		h.Expect(200, Request{Route: "r", Headers: []string{bearer(issueToken(up, "client"))}})
		odd := 0
		for i := range 30 {
			token := fmt.Sprint(Marker, "odd", name, i)
			h.Do(Request{Route: "r", Headers: []string{bearer(token)}, From: stranger})
			odd += up.CallsWith(token)
		}
		expectCount(t, name+": calls for the stranger", odd, 4)
		h.Expect(200, Request{Route: "r", Headers: []string{bearer(issueToken(up, "newcomer"))}})
		up.Close()
	}
}

func sharesOfKeys(t *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": routeConfig("applicationKey", "thammasat", up.URL, "account", "true", "budget", "50/1h")})
	h.Expect(200, Request{Route: "r", Headers: []string{key(validKey), basic(student, password)}})
	calls := up.CallsWith(validKey)
	for i := range 60 {
		h.Do(Request{Route: "r", Headers: []string{key(validKey), basic(fmt.Sprint(Marker, "guess", i), "guess")}, From: stranger})
	}
	expectCount(t, "calls for the stranger: a tenth", up.CallsWith(validKey), calls+5)
	h.Expect(200, Request{Route: "r", Headers: []string{key(validKey), basic(employee, password)}})
	h.Expect(200, Request{Route: "r", Headers: []string{key(otherKey), basic(employee, password)}})
}

func bulk(t *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": basicConfig(up, "budget", "40/1h")})
	for i := range 28 { // and the canary, twice: three quarters
		user := fmt.Sprint(Marker, "student", i)
		up.AddAccount(upstreams.Account{User: user, Password: password, Type: "student"})
		h.Expect(200, Request{Route: "r", Headers: []string{basic(user, password)}, From: "127.0.0.71"})
	}
	waitFor(t, "the canary's second call", func() bool { return up.Calls() >= 30 })
	r := h.Expect(429, Request{Route: "r", Headers: []string{basic(student, password)}, From: "127.0.0.71"})
	expectRetryAfter(t, r, 3500, 3600)
}

func ownBudgets(_ *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	token := func(i int) string { return up.IssueToken(upstreams.User{UserName: fmt.Sprint(Marker, "client", i)}) }
	config := func(budget string) map[string]any { return webServiceConfig(up, "budget", budget) }
	h.Serve(Routes{"wide": config("100/1h"), "narrow": config("8/1h"), "none": webServiceConfig(up), "tenant": config("1/720h"), "short": config("2/1s")})
	h.Expect(200, Request{Route: "wide", Headers: []string{bearer(token(0))}})
	h.Expect(200, Request{Route: "tenant", Headers: []string{bearer(token(1))}})
	h.Expect(429, Request{Route: "tenant", Headers: []string{bearer(token(2))}})
	for i := range 3 {
		h.Expect(200, Request{Route: "wide", Headers: []string{bearer(token(10 + i))}})
	}
	// Six calls until now, with the canary's: the narrow one leaves a quarter of its eight.
	h.Expect(429, Request{Route: "narrow", Headers: []string{bearer(token(20))}})
	h.Expect(200, Request{Route: "none", Headers: []string{bearer(token(21))}})
	h.Expect(200, Request{Route: "short", Headers: []string{bearer(token(22))}})
	h.again(func(h *Harness, n int, by func(deadline time.Time)) {
		h.Advance(1100 * time.Millisecond)
		by(clockOf(h).Add(time.Second))
		h.Expect(200, Request{Route: "wide", Headers: []string{bearer(token(10*n + 30))}})
		h.Expect(200, Request{Route: "wide", Headers: []string{bearer(token(10*n + 31))}})
		h.Expect(429, Request{Route: "short", Headers: []string{bearer(token(10*n + 32))}})
		h.Expect(200, Request{Route: "wide", Headers: []string{bearer(token(10*n + 33))}})
	})
}

func writtenAddresses(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	limits := func(depth string) map[string]any {
		return with(webServiceConfig(up), "limits", map[string]any{"perClient": "3/1h", "clientDepth": depth})
	}
	h.Serve(Routes{"mine": limits("0"), "tenant": limits("1")})
	for i := range 6 {
		h.Do(Request{Route: "tenant", Headers: []string{bearer(fmt.Sprint(Marker, "invalid", i)), "X-Forwarded-For: 127.0.0.72"}})
	}
	h.Expect(429, Request{Route: "tenant", Headers: []string{bearer(Marker + "invalid"), "X-Forwarded-For: 127.0.0.72"}})
	h.Expect(200, Request{Route: "mine", Headers: []string{bearer(issueToken(up, "newcomer"))}, From: "127.0.0.72"})
}
