package scenario

import (
	"fmt"
	"sort"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Attack is a scenario of many requests, as many as there is time for.
type Attack struct {
	Name string
	Full int // requests of the full size
	// Run sends about n requests, and returns further measurements as text.
	Run func(t *testing.T, h *Harness, n int) (note string)
}

// Attacks are run behind Traefik: in full by `make attack`, with a fraction of the
// requests by `make test`.
var Attacks = []Attack{
	{"200 users, denials, reloads and faults: no user gets another's identity", 100_000, identitiesStayApart},
	{"invalid tokens from one address", 100_000, invalidFromOne},
	{"invalid tokens from a thousand addresses", 100_000, invalidFromMany},
	{"a new Application-Key with every request", 100_000, invalidKeys},
	{"valid users behind one address, after a restart", 10_000, afterRestart},
	{"one account's password is guessed at", 10_000, passwordGuessing},
	{"accounts are tried until the quota is spent", 10_000, quotaSpent},
	{"500 callers with one uncached credential", 500, manyAtOnce},
	{"all lookups of one address hang, newcomers of others are allowed", 10_000, hangingUpstream},
}

// RunAttacks runs each attack with its full number of requests, divided.
func RunAttacks(t *testing.T, open Opener, divide int) []Result {
	var results []Result
	for _, a := range Attacks {
		t.Run(a.Name, func(t *testing.T) {
			backend := NewBackend(nil)
			defer backend.Close()
			level, err := open(backend.URL)
			if err != nil {
				t.Fatal(err)
			}
			defer level.Close()
			h, calls, begun := NewHarness(t, level, backend), upstreams.Total(), time.Now()
			note := a.Run(t, h, max(500, a.Full/divide))
			result := h.Counters.Result(a.Name, upstreams.Total()-calls)
			result.Note = note
			results = append(results, result)
			t.Logf("%s: %d requests in %s", a.Name, result.Requests, time.Since(begun).Round(time.Second))
			if result.FalseAccepts+result.FalseRejects+result.NoResponse > 0 {
				t.Errorf("%+v", result)
			}
			ExpectNoMarker(t, level.Logs())
		})
	}
	return results
}

// users is a web service with many users, each with a token.
type users struct {
	up     *upstreams.WebService
	tokens []string
}

func newUsers(n int) *users {
	u := &users{up: newWebService(nil)}
	for i := range n {
		u.tokens = append(u.tokens, u.up.IssueToken(upstreams.User{UserName: u.name(i)}))
	}
	return u
}

func (u *users) name(i int) string { return fmt.Sprint(Marker, "user", i) }

func (u *users) routeConfig(more ...any) map[string]any {
	config := webServiceConfig(u.up, more...)
	config["log"] = "info" // a debug line for each denial would fill the log
	return config
}

// warmUp sends one request of each user, so that all tokens are cached.
func (u *users) warmUp(h *Harness, route string) {
	for i, token := range u.tokens {
		r, err := h.Try(Request{Route: route, Headers: []string{bearer(token)}})
		if !h.Counters.accepted(r, err, u.name(i)) {
			h.t.Fatalf("user %d is not allowed: %d %v %s", i, r.Status, err, r.Body)
		}
	}
}

// timedHit sends a request with a cached token, and records how long the response
// took.
func (u *users) timedHit(h *Harness, route string, i int) time.Duration {
	i %= len(u.tokens)
	begun := time.Now()
	r, err := h.Try(Request{Route: route, Headers: []string{bearer(u.tokens[i])}})
	took := time.Since(begun)
	h.Counters.accepted(r, err, u.name(i))
	h.Counters.recordLatency(took)
	return took
}

// memoryMiB is the memory of the process that runs the plugin; 0 on levels that do
// not measure it.
func (h *Harness) memoryMiB() int64 {
	level, ok := h.Level.(interface{ Memory() (int64, error) })
	if !ok {
		return 0
	}
	bytes, err := level.Memory()
	if err != nil {
		h.t.Error(err)
	}
	return bytes >> 20
}

func median(all []time.Duration) time.Duration {
	sort.Slice(all, func(i, j int) bool { return all[i] < all[j] })
	if len(all) == 0 {
		return 0
	}
	return all[len(all)/2]
}
