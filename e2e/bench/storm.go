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
	stormConnections = 64
	stormKnown       = 200 // tokens that come again and again
	missEvery        = 50  // requests of a connection: one with a new token …
	junkEvery        = 50  // … and one with a token that nobody issued
)

// storming is many connections at once while the configuration is changed
// beneath them, with every reply looked at.
type storming struct {
	*gate
	up    *upstreams.WebService
	known []string

	requests, hits, misses, refusals atomic.Int64
	wrong                            atomic.Int64 // another's identity, or one for junk
	other                            atomic.Int64 // any other reply than was due
	lost                             atomic.Int64 // none at all
	fresh                            atomic.Int64
	reloads                          int
	sample                           atomic.Pointer[string] // of what was not due
}

func storm(ctx context.Context, o Options, say Say, r *Report) error {
	s := &storming{up: upstreams.NewWebService(upstreams.WebServiceOptions{})}
	defer s.up.Close()
	for i := range stormKnown {
		token := fmt.Sprintf("storm%027x", i)
		s.up.AddToken(token, upstreams.User{UserName: userOf(token), ID: int64(i)})
		s.known = append(s.known, token)
	}
	var err error
	if s.gate, err = open(false, s.up.URL, s.up.Path(), stormConfig(0)); err != nil {
		return err
	}
	defer s.close()
	if _, err := timed(ctx, newClient(1), 200, s.URL+"/hit", "Authorization: Bearer "+s.known[0]); err != nil {
		return err
	}
	say("  %d connections for %s", stormConnections, o.Storm)
	limited, stop := context.WithTimeout(ctx, o.Storm)
	defer stop()
	if err := s.rage(limited); err != nil {
		return err
	}
	s.report(o, r)
	return ctx.Err()
}

// stormConfig is another configuration for each reload, all of one scope, so
// that what was learned stays.
func stormConfig(reload int) map[string]any {
	return map[string]any{
		"limits": map[string]any{"perClient": "1000000/1m"}, // the junk is from one address
		"cache":  map[string]any{"size": 20_000 + reload%2},
	}
}

// userOf is whom a token stands for, by which every reply is judged.
func userOf(token string) string { return "user-of-" + token }

// rage lets all connections loose until ctx ends, and reloads twice a second.
func (s *storming) rage(ctx context.Context) error {
	var all sync.WaitGroup
	for range stormConnections {
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
			"none": nil, "hit": ours(bearer(s.up.URL, s.up.Path(), stormConfig(s.reloads))),
		}))
	}
	all.Wait()
	return failed
}

// connection asks and asks, on a connection of its own. A request that has begun
// is waited for: a reply that never comes is one of the things looked for.
func (s *storming) connection(ctx context.Context) {
	client := newClient(1)
	defer client.CloseIdleConnections()
	for n := rand.IntN(missEvery); ctx.Err() == nil; n++ {
		switch {
		case n%missEvery == 0:
			token := fmt.Sprintf("fresh%027x", s.fresh.Add(1))
			s.up.AddToken(token, upstreams.User{UserName: userOf(token)})
			s.misses.Add(1)
			s.once(client, token, 200)
		case n%junkEvery == junkEvery/2:
			s.refusals.Add(1)
			s.once(client, fmt.Sprintf("junk%028x", rand.Uint64()), 401)
		default:
			s.hits.Add(1)
			s.once(client, s.known[rand.IntN(len(s.known))], 200)
		}
	}
}
