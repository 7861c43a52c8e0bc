// Package replicas is several Traefiks in one process, each with a registry of its own, that
// share one memory in Redis. Tests run it compiled and interpreted, so it is written in the
// Go that both run alike; replicas are known by numbers, since values of its types cannot
// leave the interpreter.
package replicas

import (
	"context"
	"sync"
	"time"

	"github.com/upstreamauth/upstreamauth/cache"
	"github.com/upstreamauth/upstreamauth/cache/logins"
	"github.com/upstreamauth/upstreamauth/cache/redis"
	"github.com/upstreamauth/upstreamauth/cache/shared"
	"github.com/upstreamauth/upstreamauth/telemetry/counters"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// Secret is what all share, unless they are told otherwise.
const Secret = "MARKER-shared-0123456789abcdef0123456789"

var state = struct {
	mu       sync.Mutex
	replicas []*replica
	answers  map[string]string // of the upstream that all ask, by token
}{answers: map[string]string{}}

// replica is one Traefik: its registry, and one route.
type replica struct {
	registry *cache.Registry
	options  shared.Options
	policy   cache.Policy
	began    time.Time
	cancel   context.CancelFunc
	store    *shared.Store
	cache    *cache.Cache
	fast     *cache.FastPath
	logins   *logins.Logins
	uses     bool // the shared memory

	mu     sync.Mutex
	skew   time.Duration // of its wall clock
	passed time.Duration // of both clocks
	calls  int
	logs   []string
	held   chan bool // the upstream waits for it; nil: it does not
}

// Open makes a replica. limit bounds the calls in an hour; 0: they are not counted.
func Open(endpoints []string, secret string, timeout, local time.Duration, uses bool, limit int) int {
	r := &replica{uses: uses, began: time.Now()}
	r.options = shared.Options{
		Redis:  redis.Options{Endpoints: endpoints, Timeout: timeout},
		Secret: secret, Local: local, Prefix: "ua", Budget: limit > 0,
	}
	r.policy = cache.Policy{
		Lifetime: time.Hour, NegativeLifetime: 30 * time.Second, Timeout: 5 * time.Second, Size: 1000, NegativeSize: 1000,
		Budget: verifier.Rate{Calls: limit, Period: time.Hour},
	}
	r.registry = cache.NewRegistry(r.began, r.now, r.uptime)
	r.join()
	state.mu.Lock()
	defer state.mu.Unlock()
	state.replicas = append(state.replicas, r)
	return len(state.replicas) - 1
}

func of(number int) *replica {
	state.mu.Lock()
	defer state.mu.Unlock()
	return state.replicas[number]
}

func (r *replica) now() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Now().Add(r.passed + r.skew)
}

func (r *replica) uptime() time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	return time.Since(r.began) + r.passed
}

func (r *replica) report(level, event, detail string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.logs = append(r.logs, level+" "+event+": "+detail)
}

// join adds an instance, as Traefik does at each reload.
func (r *replica) join() {
	ctx, cancel := context.WithCancel(context.Background())
	if r.cancel != nil {
		r.cancel()
	}
	r.cancel = cancel
	r.logins = r.registry.LoginsOf("api", "https://upstream.test", "MARKER-login-secret")
	i := cache.Instance{
		Context: ctx, RenderKey: "key", Policy: r.policy, Report: r.report, Kind: verifier.Bearer,
		Logins: r.logins, Barred: r.registry.BarredOf("api", "https://upstream.test"),
	}
	if r.uses {
		r.store = r.registry.Store(r.options)
		i.Shared = r.store
		i.Names = names()
		r.registry.Share(ctx, r.store, "api", "https://upstream.test", r.report)
	}
	r.cache, r.fast = r.registry.Join(r.registry.Fingerprint("scope"), i, verifier.QuotaByCredential, r.build)
}

func (r *replica) build(report verifier.Report, count verifier.SharedCount, _ *counters.Scope) verifier.Verifier {
	asked := newUpstream(r)
	budgeted := verifier.NewBudget(asked, false, false, r.now, report).Counting(count)
	return verifier.NewLoginTrust(budgeted, nil)
}

// upstream is asked by one replica.
type upstream struct{ r *replica }

func newUpstream(r *replica) verifier.Verifier { return &upstream{r: r} }

// Verify answers as Answer has said, and allows everything else.
func (u *upstream) Verify(_ context.Context, c verifier.Credential) (verifier.Decision, error) {
	u.r.mu.Lock()
	u.r.calls++
	held := u.r.held
	u.r.mu.Unlock()
	answer := answerOf(c.Token)
	if held != nil && answer == "" {
		<-held
	}
	if answer == "deny" {
		return verifier.Decision{Denial: verifier.Denial{Reason: verifier.Invalid, HTTP: 401}}, nil
	}
	if answer == "fail" {
		return verifier.NoAnswer(verifier.ErrUnavailable, "planted", verifier.Denial{HTTP: 503})
	}
	return verifier.Decision{Allowed: true, Identity: verifier.Identity{{Name: "user", Value: "u-" + c.Token}, {Name: "roles", Values: []string{"a", "b"}}}}, nil
}

func answerOf(token string) string {
	state.mu.Lock()
	defer state.mu.Unlock()
	return state.answers[token]
}

// Answer is how the upstream answers a token from now on: allow, deny or fail.
func Answer(token, answer string) {
	state.mu.Lock()
	defer state.mu.Unlock()
	state.answers[token] = answer
}

// Hold has the upstream of a replica wait with its answers, but those that Answer has said, or
// answer all that wait.
func Hold(number int, holds bool) {
	r := of(number)
	r.mu.Lock()
	defer r.mu.Unlock()
	if holds {
		r.held = make(chan bool)
	} else {
		close(r.held)
		r.held = nil
	}
}
