package scenario

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Crowds: who is shut out by whom, where a budget is small.
var Crowds = []Scenario{
	{Name: "ten wrong accounts of one address shut out no account of another", Run: tenWrongAccounts},
	{Name: "a crowd of new users behind one address waits for its own calls, and all are allowed", Run: smallBudgetCrowd},
	{Name: "guesses at once from one address take its share and no more", Run: guessesAtOnce},
	{Name: "guesses of a whole network of addresses count as one client's", Run: guessesOfNetwork},
	{Name: "made-up keys spend no other key's budget, in each way to check keys", Run: madeUpKeys},
	{Name: "a budget of one call is the canary's first, and a user's in the next period", Run: tinyBudget},
}

// newStudent adds an account, and returns its header.
func newStudent(up *upstreams.Thammasat, name string) string {
	up.AddAccount(upstreams.Account{User: Marker + name, Password: password, Type: "student"})
	return basic(Marker+name, password)
}

func tenWrongAccounts(t *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": basicConfig(up, "budget", "20/1m", "lifetime", "1s")})
	known := Request{Route: "r", Headers: []string{basic(student, password)}}
	h.Expect(200, known)
	for i := range 10 {
		want := 401
		if i >= 3 {
			want = 429
		}
		h.Expect(want, Request{Route: "r", Headers: []string{basic(fmt.Sprint(Marker, "junk", i), "guess")}, From: stranger})
	}
	for i := range 10 { // with the canary, the known one and three guesses: three quarters
		h.Expect(200, Request{Route: "r", Headers: []string{newStudent(up, fmt.Sprint("new", i))}, From: fmt.Sprint("127.0.0.", 80+i%4)})
	}
	h.Expect(429, Request{Route: "r", Headers: []string{newStudent(up, "late")}, From: "127.0.0.80"})
	for range 5 { // the last quarter is for those that were allowed before
		h.Advance(1100 * time.Millisecond)
		h.Expect(200, known)
	}
}

// atOnce sends requests at the same time, and returns their responses.
func atOnce(h *Harness, requests []Request) []Response {
	responses := make([]Response, len(requests))
	var all sync.WaitGroup
	for i, request := range requests {
		all.Go(func() { responses[i], _ = h.Try(request) })
	}
	all.Wait()
	return responses
}

func smallBudgetCrowd(t *testing.T, h *Harness) {
	const most = 2 * time.Second // that one waits for others' calls; a busy machine may need it for a few
	for range 10 {
		up := newThammasat(h.Clock())
		defer up.Close()
		var requests []Request
		for i := range 13 {
			requests = append(requests, Request{Route: "r", Headers: []string{newStudent(up, fmt.Sprint("new", i))}, From: "127.0.0.81"})
		}
		up.AnswerWhere(func(string) bool { return true }, upstreams.Reply{Status: 200, Delay: 100 * time.Millisecond, Body: `{"status":true,"message":"Success"}`})
		h.Serve(Routes{"r": with(basicConfig(up, "budget", "20/1m"), "canary", "false")})
		begun := time.Now()
		responses := atOnce(h, requests)
		inTime, refused := time.Since(begun) < most, 0
		for i, r := range responses {
			if r.Status == 200 {
				continue
			}
			refused++
			if inTime {
				h.Counters.falseRejects.Add(1)
				t.Errorf("user %d of one address: %d %s", i, r.Status, r.Body)
			}
		}
		if inTime || refused == 0 {
			return
		}
	}
	t.Errorf("13 users of one address take longer than %s", most)
}

func guessesAtOnce(t *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": basicConfig(up, "budget", "100/1h")})
	h.Expect(200, Request{Route: "r", Headers: []string{basic(student, password)}})
	up.AnswerWhere(func(credential string) bool { return len(credential) > 6 && credential[:6] == "guess-" },
		upstreams.Reply{Status: 400, Delay: 100 * time.Millisecond, Body: `{"status":false,"message":"Users or Password Invalid!"}`})
	calls := up.Calls()
	var requests []Request
	for i := range 40 {
		requests = append(requests, Request{Route: "r", Headers: []string{basic(fmt.Sprint("guess-", i), "guess")}, From: stranger})
	}
	refused := 0
	for _, r := range atOnce(h, requests) {
		if r.Status == 200 {
			h.Counters.falseAccepts.Add(1)
		}
		if r.Status != 429 {
			refused++
		}
	}
	if refused != 10 || up.Calls()-calls != 10 {
		t.Errorf("%d guesses were refused, with %d calls; a tenth is 10", refused, up.Calls()-calls)
	}
	h.Expect(200, Request{Route: "r", Headers: []string{basic(employee, password)}})
}

func guessesOfNetwork(t *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": with(basicConfig(up, "budget", "40/1h"), "limits", map[string]any{"clientDepth": "1"})})
	from := func(address, header string) Request {
		return Request{Route: "r", Headers: []string{header, "X-Forwarded-For: 192.0.2.1, " + address}}
	}
	h.Expect(200, from("2001:db8::1", basic(student, password)))
	for i := range 12 {
		want := 401
		if i >= 4 {
			want = 429
		}
		h.Expect(want, from(fmt.Sprintf("2001:db8:7:7:%x::%x", i, i+1), basic(fmt.Sprint(Marker, "guess", i), "guess")))
	}
	h.Expect(429, from("[2001:db8:7:7::99]:4711", newStudent(up, "neighbour")))
	h.Expect(200, from("2001:db8:7:8::1", newStudent(up, "next")))
	h.Expect(200, from("192.0.2.9", newStudent(up, "other")))
	for i, same := range []string{"198.51.100.7", "::ffff:198.51.100.7", "198.51.100.7:80", "::ffff:c633:6407"} {
		h.Expect(401, from(same, basic(fmt.Sprint(Marker, "mapped", i), "guess")))
	}
	h.Expect(429, from("198.51.100.7", newStudent(up, "mapped")))
}

func madeUpKeys(t *testing.T, h *Harness) {
	for name, more := range map[string][]any{
		"alone": nil, "probe": {"probe", map[string]any{"username": "probe", "password": "env:UPSTREAMAUTH_PROBE"}}, "account": {"account", "true"},
	} {
		up := newThammasat(h.Clock())
		up.AddAccount(upstreams.Account{User: "probe", Password: password, Type: "employee"})
		h.Serve(Routes{"r": routeConfig("applicationKey", "thammasat", up.URL, append([]any{"budget", "4/1h"}, more...)...)})
		send := func(value string) []string {
			lines := []string{key(value)}
			if name == "account" {
				lines = append(lines, basic(student, password))
			}
			return lines
		}
		for i := range 30 {
			h.Expect(403, Request{Route: "r", Headers: send(fmt.Sprint(Marker, name, "-made-up-key-", i)), From: stranger})
		}
		h.Expect(200, Request{Route: "r", Headers: send(validKey), From: "127.0.0.82"})
		h.Expect(200, Request{Route: "r", Headers: send(otherKey), From: stranger})
		up.Close()
	}
}

func tinyBudget(_ *testing.T, h *Harness) {
	const period = 2 * time.Second
	h.again(func(h *Harness, _ int, by func(deadline time.Time)) {
		up := newThammasat(h.Clock())
		defer up.Close()
		h.Serve(Routes{"r": basicConfig(up, "budget", "1/"+period.String())})
		first := Request{Route: "r", Headers: []string{basic(student, password)}}
		by(clockOf(h).Add(period))
		h.Expect(429, first)
		expectCount(h.t, "calls: the canary's", up.Calls(), 1)
		for _, headers := range [][]string{first.Headers, {basic(employee, password)}} {
			by(time.Time{})
			h.Advance(period + 100*time.Millisecond)
			by(clockOf(h).Add(period))
			h.Expect(200, Request{Route: "r", Headers: headers})
			h.Expect(429, Request{Route: "r", Headers: []string{newStudent(up, "other")}})
		}
		h.Expect(200, first)
	})
}
