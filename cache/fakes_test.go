package cache

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// fixture is a registry with a clock that stands still until it is moved, and
// one upstream behind all its scopes.
type fixture struct {
	t        *testing.T
	registry *Registry
	calls    atomic.Int64 // to the upstream

	mu     sync.Mutex
	now    time.Time
	answer verifies
}

// verifies is a verifier made of a function.
type verifies func(ctx context.Context, c verifier.Credential) (verifier.Decision, error)

func (v verifies) Verify(ctx context.Context, c verifier.Credential) (verifier.Decision, error) {
	return v(ctx, c)
}

func newWorld(t *testing.T) *fixture {
	w := &fixture{t: t, now: time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC), answer: yes}
	w.registry = NewRegistry(w.now, w.Now)
	return w
}

func (w *fixture) Now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *fixture) move(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// turn changes what the upstream answers.
func (w *fixture) turn(answer verifies) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answer = answer
}

func (w *fixture) ask(ctx context.Context, c verifier.Credential) (verifier.Decision, error) {
	w.calls.Add(1)
	w.mu.Lock()
	answer := w.answer
	w.mu.Unlock()
	return answer(ctx, c)
}

// usual is the policy of an instance that says nothing about it.
func usual() Policy {
	return Policy{Lifetime: 10 * time.Hour, NegativeLifetime: 30 * time.Second, Timeout: 5 * time.Second, Size: 100, NegativeSize: 100}
}

// join adds an instance to a scope.
func (w *fixture) join(ctx context.Context, scope, plan string, p Policy, perKey bool) (*Cache, *FastPath) {
	i := Instance{Context: ctx, RenderKey: w.registry.Fingerprint(plan, p.Lifetime.String()), Policy: p, Report: func(string, string, string) {}}
	return w.registry.Join(w.registry.Fingerprint(scope), i, perKey,
		func(func() verifier.Rate, verifier.Report) verifier.Verifier { return verifies(w.ask) })
}

// cache is an instance that lives as long as the test.
func (w *fixture) cache(p Policy) *Cache {
	c, _ := w.join(context.Background(), "scope", "plan", p, false)
	return c
}

// expect asks a cache, and compares: let in or why not, and how many calls the
// upstream got for it.
func (w *fixture) expect(c *Cache, credential verifier.Credential, want verifier.Reason, calls int64) verifier.Decision {
	w.t.Helper()
	before := w.calls.Load()
	d, _ := c.Verify(context.Background(), credential, client)
	if d.Allowed != (want == "") || d.Denial.Reason != want {
		w.t.Errorf("allowed %v, %q; want %q", d.Allowed, d.Denial.Reason, want)
	}
	if got := w.calls.Load() - before; got != calls {
		w.t.Errorf("%d calls, want %d", got, calls)
	}
	return d
}

// client is the address of the callers that have none of their own.
func client() string { return "client" }

func bearer(token string) verifier.Credential {
	return verifier.Credential{Kind: verifier.Bearer, Token: token}
}

// yes says who is calling: the credential's own text.
func yes(_ context.Context, c verifier.Credential) (verifier.Decision, error) {
	return verifier.Decision{Allowed: true, Identity: verifier.Identity{{Name: "user", Value: c.Token + c.User}}}, nil
}

func refuse(reason verifier.Reason) verifies {
	return func(context.Context, verifier.Credential) (verifier.Decision, error) {
		return verifier.Decision{Denial: verifier.Denial{Reason: reason, Status: 401, HTTP: 401, Code: "c", Message: "m"}}, nil
	}
}

func throttle(wait time.Duration) verifies {
	return func(context.Context, verifier.Credential) (verifier.Decision, error) {
		return verifier.Decision{Denial: verifier.Denial{Reason: verifier.Throttled, HTTP: 429, RetryAfter: wait}}, nil
	}
}

func down(context.Context, verifier.Credential) (verifier.Decision, error) {
	return verifier.Decision{Denial: verifier.Denial{Reason: verifier.Unavailable}}, verifier.ErrUnavailable
}

// until gives a yes with instants of the credential's own.
func until(issued, expires time.Time) verifies {
	return func(context.Context, verifier.Credential) (verifier.Decision, error) {
		return verifier.Decision{Allowed: true, Issued: issued, Expires: expires}, nil
	}
}

// Scopes tells how many scopes are known.
func (r *Registry) Scopes() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.scopes)
}

// count is how many answers a room holds.
func (r *lru) count() int { return r.order.Len() }
