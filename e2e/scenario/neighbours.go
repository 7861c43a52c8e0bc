package scenario

import (
	"fmt"
	"testing"
	"time"
)

// Neighbours: what another route with the same upstream is configured with makes no route
// weaker, and shuts none.
var Neighbours = []Scenario{
	{Name: "another route's small budget shuts out its own callers alone", Run: smallBudgetBeside},
	{Name: "another route's clientDepth spends no share of this route's clients", Run: depthBeside},
	{Name: "another route's perClient neither ends nor stretches this route's period", Run: periodBeside},
	{Name: "callers who choose their addresses on another route take neither all calls nor all the room", Run: forgedCrowdBeside},
	{Name: "another route's small cache, lifetime and timeout change nothing here", Run: smallestBeside},
}

func smallBudgetBeside(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	token := func(i int) string { return bearer(issueToken(up, fmt.Sprint("client", i))) }
	h.Serve(Routes{
		"yours":     webServiceConfig(up),
		"limited":   webServiceConfig(up, "budget", "5/1h"),
		"neighbour": webServiceConfig(up, "budget", "1/720h"),
	})
	for i := range 3 {
		h.Expect(200, Request{Route: "yours", Headers: []string{token(i)}})
	}
	h.Expect(200, Request{Route: "limited", Headers: []string{token(3)}})
	h.Do(Request{Route: "neighbour", Headers: []string{token(4)}})
	h.Expect(429, Request{Route: "neighbour", Headers: []string{token(5)}})
	h.Expect(200, Request{Route: "yours", Headers: []string{token(6)}})
	h.Expect(200, Request{Route: "yours", Headers: []string{token(7)}})
}

func depthBeside(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	limits := func(depth int) map[string]any {
		return with(webServiceConfig(up), "limits", map[string]any{"perClient": "3/1h", "clientDepth": depth})
	}
	h.Serve(Routes{"peer": limits(0), "one": limits(1), "five": limits(5)})
	junk := 0
	send := func(status int, route, hops string) {
		t.Helper()
		junk++
		h.Expect(status, Request{Route: route, Headers: []string{bearer(fmt.Sprint(Marker, "junk", junk)), "X-Forwarded-For: " + hops}, From: "127.0.0.9"})
	}
	for range 3 {
		send(401, "five", "127.0.0.9, 2, 3, 4, 5")
	}
	send(429, "five", "127.0.0.9, 2, 3, 4, 5")
	for range 3 {
		send(401, "five", "198.51.100.7, 2, 3, 4, 5")
	}
	send(401, "peer", "x")
	send(401, "one", "198.51.100.7")
	send(401, "one", "127.0.0.9")
}

func periodBeside(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	limit := func(rate string) map[string]any {
		return with(webServiceConfig(up), "limits", map[string]any{"perClient": rate})
	}
	h.Serve(Routes{"yours": limit("3/5s"), "long": limit("1/720h"), "short": limit("1000/1s")})
	junk := 0
	send := func(status int, route string) {
		t.Helper()
		junk++
		h.Expect(status, Request{Route: route, Headers: []string{bearer(fmt.Sprint(Marker, "junk", junk))}, From: "127.0.0.9"})
	}
	send(401, "long")
	send(429, "long")
	send(401, "yours")
	begun := clockOf(h) // its period has begun before
	send(401, "yours")
	send(401, "yours")
	send(429, "yours")
	send(401, "short")
	h.Advance(1100 * time.Millisecond)
	send(401, "short") // a new period of that route alone
	send(429, "yours")
	h.Pass(begun, 5100*time.Millisecond)
	send(401, "yours")
	send(429, "long")
}

func forgedCrowdBeside(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	depth := with(webServiceConfig(up, "timeout", "60s"), "limits", map[string]any{"clientDepth": 5})
	h.Serve(Routes{"yours": webServiceConfig(up, "timeout", "60s"), "neighbour": depth})
	n := &newcomers{h: h, up: up, route: "yours"}
	n.come("")
	calls, served := up.Calls(), make(chan struct{})
	for i := range 110 {
		token := fmt.Sprint(Marker, "hanging", i)
		up.Answer(token, hanging(served))
		hops := fmt.Sprintf("X-Forwarded-For: 10.0.%d.%d, 2, 3, 4, 5", i/250, i%250)
		n.all.Go(func() { h.expectRejected(Request{Route: "neighbour", Headers: []string{bearer(token), hops}}) })
	}
	waitFor(t, "its lookups hang", func() bool { return up.Calls()-calls >= 50 })
	for i := range 20 {
		n.come(fromMany(i)) // who waits behind them gets no response
	}
	close(served)
	n.all.Wait()
}

func smallestBeside(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	yours := webServiceConfig(up)
	neighbour := with(webServiceConfig(up, "lifetime", "1s", "timeout", "100ms"),
		"cache", map[string]any{"size": 1, "negativeSize": 1, "negativeLifetime": "0s"}, "limits", map[string]any{"perClient": "1/720h"})
	h.Serve(Routes{"yours": yours, "neighbour": neighbour})
	var tokens []string
	for i := range 5 {
		tokens = append(tokens, issueToken(up, fmt.Sprint("client", i)))
		h.Expect(200, Request{Route: "yours", Headers: []string{bearer(tokens[i])}})
	}
	h.Advance(1100 * time.Millisecond)
	asked := 0
	waitFor(t, "the neighbour's junk is denied, within its timeout", func() bool {
		asked++
		r := h.Do(Request{Route: "neighbour", Headers: []string{bearer(fmt.Sprint(Marker, "junk", asked))}, From: fmt.Sprint("127.0.9.", asked%250+1)})
		return r.Status == 401
	})
	for _, token := range tokens {
		h.ExpectCached(Request{Route: "yours", Headers: []string{bearer(token)}})
		expectCount(t, "calls", up.CallsWith(token), 1)
	}
}
