package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

const (
	mixedConnections = 64
	mixedKnown       = 200 // tokens that are sent again and again
	missEvery        = 50  // requests of a connection: one with a new token …
	invalidEvery     = 50  // … and one with a token that was never issued
)

// mixedLoadFixture sends requests over many connections while the configuration is
// replaced, and checks every response.
type mixedLoadFixture struct {
	*fixture
	up     *upstreams.WebService
	cached []string

	requests, hits, misses, refusals atomic.Int64
	wrong                            atomic.Int64 // another user's identity, or an invalid token allowed
	other                            atomic.Int64 // any other response than expected
	noResponse                       atomic.Int64 // no response at all
	fresh                            atomic.Int64
	reloads                          int
	sample                           atomic.Pointer[string] // of unexpected responses
}

func mixedLoad(ctx context.Context, o Options, say Say, r *Report) error {
	s := &mixedLoadFixture{up: upstreams.NewWebService(upstreams.WebServiceOptions{})}
	defer s.up.Close()
	for i := range mixedKnown {
		token := fmt.Sprintf("mixed%027x", i)
		s.up.AddToken(token, upstreams.User{UserName: userOf(token), ID: int64(i)})
		s.cached = append(s.cached, token)
	}
	var err error
	if s.fixture, err = open(false, s.up.URL, s.up.Path(), mixedConfig(0)); err != nil {
		return err
	}
	defer s.close()
	if _, err := timed(ctx, newClient(1), 200, s.URL+"/hit", "Authorization: Bearer "+s.cached[0]); err != nil {
		return err
	}
	say("  %d connections for %s", mixedConnections, o.MixedLoad)
	limited, stop := context.WithTimeout(ctx, o.MixedLoad)
	defer stop()
	if err := s.run(limited); err != nil {
		return err
	}
	s.report(o, r)
	return ctx.Err()
}

// mixedConfig is another configuration for each reload, all of one scope, so
// that the cache is kept.
func mixedConfig(reload int) map[string]any {
	return map[string]any{
		"limits": map[string]any{"perClient": "1000000/1m"}, // the invalid tokens come from one address
		"cache":  map[string]any{"size": 20_000 + reload%2},
	}
}

// userOf is the user of a token, which every response is checked against.
func userOf(token string) string { return "user-of-" + token }

// run starts all connections and reloads twice a second, until ctx ends.
func (s *mixedLoadFixture) run(ctx context.Context) error {
	var all sync.WaitGroup
	for range mixedConnections {
		all.Go(func() { s.connection(ctx) })
	}
	var failed error
	for ctx.Err() == nil && failed == nil {
		pause(ctx, 500*time.Millisecond)
		if ctx.Err() != nil {
			break
		}
		s.reloads++
		failed = s.Apply("bench", dynamic(s.backend.URL, map[string]map[string]any{
			"none": nil, "hit": ours(bearer(s.up.URL, s.up.Path(), mixedConfig(s.reloads))),
		}))
	}
	all.Wait()
	return failed
}

// connection sends requests over a connection of its own until ctx ends. It waits
// for the last response too, because a missing response is a failure.
func (s *mixedLoadFixture) connection(ctx context.Context) {
	client := newClient(1)
	defer client.CloseIdleConnections()
	for n := rand.IntN(missEvery); ctx.Err() == nil; n++ {
		switch {
		case n%missEvery == 0:
			token := fmt.Sprintf("fresh%027x", s.fresh.Add(1))
			s.up.AddToken(token, upstreams.User{UserName: userOf(token)})
			s.misses.Add(1)
			s.once(client, token, 200)
		case n%invalidEvery == invalidEvery/2:
			s.refusals.Add(1)
			s.once(client, fmt.Sprintf("none%028x", rand.Uint64()), 401)
		default:
			s.hits.Add(1)
			s.once(client, s.cached[rand.IntN(len(s.cached))], 200)
		}
	}
}
