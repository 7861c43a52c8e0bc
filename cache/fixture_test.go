package cache

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/telemetry/counters"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// fixture is a registry with a clock that advances only by hand, and one upstream
// behind all its scopes.
type fixture struct {
	t        *testing.T
	registry *Registry
	calls    atomic.Int64 // to the upstream

	mu       sync.Mutex
	now      time.Time
	uptime   time.Duration
	response verifies
}

// verifies is a verifier made of a function.
type verifies func(ctx context.Context, c verifier.Credential) (verifier.Decision, error)

func (v verifies) Verify(ctx context.Context, c verifier.Credential) (verifier.Decision, error) {
	return v(ctx, c)
}

func newFixture(t *testing.T) *fixture {
	fx := &fixture{t: t, now: time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC), response: allow}
	fx.registry = NewRegistry(fx.now, fx.Now, fx.Uptime)
	return fx
}

func (fx *fixture) Now() time.Time {
	fx.mu.Lock()
	defer fx.mu.Unlock()
	return fx.now
}

// Uptime is how long the process has run.
func (fx *fixture) Uptime() time.Duration {
	fx.mu.Lock()
	defer fx.mu.Unlock()
	return fx.uptime
}

// advance lets time pass.
func (fx *fixture) advance(d time.Duration) {
	fx.mu.Lock()
	defer fx.mu.Unlock()
	fx.now = fx.now.Add(d)
	fx.uptime += d
}

// setClock sets the wall clock alone, by so much.
func (fx *fixture) setClock(d time.Duration) {
	fx.mu.Lock()
	defer fx.mu.Unlock()
	fx.now = fx.now.Add(d)
}

// respond changes how the upstream responds.
func (fx *fixture) respond(answer verifies) {
	fx.mu.Lock()
	defer fx.mu.Unlock()
	fx.response = answer
}

func (fx *fixture) ask(ctx context.Context, c verifier.Credential) (verifier.Decision, error) {
	fx.calls.Add(1)
	fx.mu.Lock()
	answer := fx.response
	fx.mu.Unlock()
	return answer(ctx, c)
}

// usual is the policy of an instance whose configuration leaves it out, but for the timeout, which
// goes by the machine's clock: no machine stands still for so long.
func usual() Policy {
	return Policy{Lifetime: 10 * time.Hour, NegativeLifetime: 30 * time.Second, Timeout: time.Minute, Size: 100, NegativeSize: 100}
}

// join adds an instance to a scope.
func (fx *fixture) join(ctx context.Context, scope, renderKey string, p Policy, quotaPerKey bool) (*Cache, *FastPath) {
	i := Instance{Context: ctx, RenderKey: fx.registry.Fingerprint(renderKey, p.Lifetime.String()), Policy: p, Report: func(string, string, string) {}}
	return fx.registry.Join(fx.registry.Fingerprint(scope), i, map[bool]string{true: verifier.QuotaByKey}[quotaPerKey],
		func(verifier.Report, verifier.SharedCount, *counters.Scope) verifier.Verifier {
			return verifies(fx.ask)
		})
}

// cache joins an instance that lives as long as the test.
func (fx *fixture) cache(p Policy) *Cache {
	c, _ := fx.join(context.Background(), "scope", "key", p, false)
	return c
}

// expect verifies a credential and compares the reason of the denial, empty for an
// allow, and how many calls the upstream got.
func (fx *fixture) expect(c *Cache, credential verifier.Credential, want verifier.Reason, calls int64) verifier.Decision {
	fx.t.Helper()
	before := fx.calls.Load()
	d, _ := c.Verify(context.Background(), credential, client)
	if d.Allowed != (want == "") || d.Denial.Reason != want {
		fx.t.Errorf("allowed %v, %q; want %q", d.Allowed, d.Denial.Reason, want)
	}
	if got := fx.calls.Load() - before; got != calls {
		fx.t.Errorf("%d calls, want %d", got, calls)
	}
	return d
}

// client is the address of clients in tests that are not about addresses.
func client() string { return "client" }

func bearer(token string) verifier.Credential {
	return verifier.Credential{Kind: verifier.Bearer, Token: token}
}

// allow responds with the credential's own text as the user.
func allow(_ context.Context, c verifier.Credential) (verifier.Decision, error) {
	return verifier.Decision{Allowed: true, Identity: verifier.Identity{{Name: "user", Value: c.Token + c.User}}}, nil
}

func deny(reason verifier.Reason) verifies {
	return func(context.Context, verifier.Credential) (verifier.Decision, error) {
		return verifier.Decision{Denial: verifier.Denial{Reason: reason, Status: 401, HTTP: 401, Code: "c", Message: "m"}}, nil
	}
}

func rateLimit(wait time.Duration) verifies {
	return func(context.Context, verifier.Credential) (verifier.Decision, error) {
		return verifier.Decision{Denial: verifier.Denial{Reason: verifier.Throttled, HTTP: 429, RetryAfter: wait}}, nil
	}
}

func fail(context.Context, verifier.Credential) (verifier.Decision, error) {
	return verifier.Decision{Denial: verifier.Denial{Reason: verifier.Unavailable}}, verifier.ErrUnavailable
}

// failWith has the upstream fail with one kind of error.
func failWith(kind error) verifies {
	return func(context.Context, verifier.Credential) (verifier.Decision, error) {
		return verifier.NoAnswer(kind, "planted", verifier.Denial{HTTP: 503, Status: 502, Code: "c"})
	}
}

// allowUntil responds with an allow and the credential's own issue and expiry.
func allowUntil(issued, expires time.Time) verifies {
	return func(context.Context, verifier.Credential) (verifier.Decision, error) {
		return verifier.Decision{Allowed: true, Issued: issued, Expires: expires}, nil
	}
}

// Scopes is the number of scopes.
func (r *Registry) Scopes() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.scopes)
}

// count is the number of items held.
func (l *lru) count() int { return l.order.Len() }

// held is a call that the upstream does not answer before release, and its callers.
type held struct {
	arrived chan struct{} // a call has reached the upstream
	release func()
	callers sync.WaitGroup
	allowed atomic.Int64
	errs    atomic.Int64
}

// holdCalls has the upstream hold each call, and then respond.
func holdCalls(fx *fixture, answer verifies) *held {
	gate := make(chan struct{})
	var once sync.Once
	call := &held{arrived: make(chan struct{}, 1000), release: func() { once.Do(func() { close(gate) }) }}
	fx.respond(func(ctx context.Context, c verifier.Credential) (verifier.Decision, error) {
		call.arrived <- struct{}{}
		<-gate
		return answer(ctx, c)
	})
	fx.t.Cleanup(call.release)
	return call
}

// verify presents one credential n times at once, and counts what the callers get.
func (call *held) verify(ctx context.Context, c *Cache, n int) {
	for i := 0; i < n; i++ {
		call.callers.Add(1)
		go func() {
			defer call.callers.Done()
			d, err := c.Verify(ctx, bearer("x"), client)
			if d.Allowed && d.Identity.Get("user") == "x" && err == nil {
				call.allowed.Add(1)
			}
			if err != nil {
				call.errs.Add(1)
			}
		}()
	}
}

func waitUntil(t *testing.T, done func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not happen in thirty seconds")
		}
	}
}
