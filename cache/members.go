package cache

import (
	"context"
	"fmt"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/shared"
	"github.com/upstreamauth/upstreamauth/telemetry/counters"
	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/account"
)

// grace is how long an instance that Traefik has replaced still counts. Its
// context ends before its successors exist, so that for a moment a scope in
// full use has no live instance at all.
const grace = time.Minute

// instance stands for all handlers of one render key and policy. Traefik ends
// all its handlers together, so that the newest tells whether any is alive.
type instance struct {
	ctx       context.Context // the newest handler's; ends when Traefik replaces it
	policy    Policy
	renderKey string
	left      time.Time // when its end was noticed; zero: it lives
}

// members are the instances of a scope, and what they need together: of sizes and
// timeouts the largest. Limits are no part of it: each instance obeys its own, so that none
// can narrow what another may do. The scope's lock guards them.
type members struct {
	instances map[string]*instance // by render key and policy
	newest    context.Context      // of the handler that joined last
	report    verifier.Report      // likewise
	sweepAt   time.Time            // zero: no instance has left

	size         int
	negativeSize int
	timeout      time.Duration // of flights
	longest      time.Duration // the longest lifetime or budget period seen
}

func newMembers(p Policy) *members {
	return &members{instances: map[string]*instance{}, size: p.Size, negativeSize: p.NegativeSize}
}

// add takes an instance in. The sizes may have grown then.
func (m *members) add(i Instance) {
	m.newest = i.Context
	m.report = i.Report
	m.instances[fmt.Sprint(i.RenderKey, i.Policy)] = &instance{ctx: i.Context, policy: i.Policy, renderKey: i.RenderKey}
	m.raise(i.Policy)
}

// mayHaveLeft tells whether a sweep can find anything. Contexts end all together:
// while the newest lives, no instance has left.
func (m *members) mayHaveLeft(now time.Time) bool {
	return m.newest != nil && m.newest.Err() != nil || m.isDue(now)
}

// isDue tells whether the grace of an instance that has left may be over.
func (m *members) isDue(now time.Time) bool {
	return !m.sweepAt.IsZero() && !now.Before(m.sweepAt)
}

// sweep notices which instances have been replaced, and drops those whose grace
// is over. It returns the render keys of the others.
func (m *members) sweep(now time.Time) map[string]bool {
	m.sweepAt = time.Time{}
	used := map[string]bool{}
	for name, i := range m.instances {
		if i.left.IsZero() && i.ctx.Err() != nil {
			i.left = now
		}
		if i.left.IsZero() {
			used[i.renderKey] = true
			continue
		}
		if now.Sub(i.left) >= grace {
			delete(m.instances, name)
			continue
		}
		used[i.renderKey] = true
		m.sweepAt = now.Add(grace)
	}
	return used
}

// anyLive tells whether the context of any instance has not ended.
func (m *members) anyLive() bool {
	for _, i := range m.instances {
		if i.ctx.Err() == nil {
			return true
		}
	}
	return false
}

// anyStayed tells whether the last sweep found an instance that had not left.
func (m *members) anyStayed() bool {
	for _, i := range m.instances {
		if i.left.IsZero() {
			return true
		}
	}
	return false
}

// raise raises sizes and timeout at once to what one more instance needs.
func (m *members) raise(p Policy) {
	if p.Lifetime > m.longest {
		m.longest = p.Lifetime
	}
	if p.Budget.Period > m.longest {
		m.longest = p.Budget.Period
	}
	if p.Timeout > m.timeout {
		m.timeout = p.Timeout
	}
	m.size = larger(p.Size, m.size)
	m.negativeSize = larger(p.NegativeSize, m.negativeSize)
}

// recompute sets sizes and timeout to what the instances that are left need.
// Without any, those of the last ones hold.
func (m *members) recompute() {
	if len(m.instances) == 0 {
		return
	}
	m.size, m.negativeSize, m.timeout = 0, 0, 0
	for _, i := range m.instances {
		m.size = larger(i.policy.Size, m.size)
		m.negativeSize = larger(i.policy.NegativeSize, m.negativeSize)
		if i.policy.Timeout > m.timeout {
			m.timeout = i.policy.Timeout
		}
	}
}

// budget is the smallest limit of the instances, none of which is spent.
func (m *members) budget() counters.Budget {
	smallest := counters.Budget{}
	for _, i := range m.instances {
		limit := i.policy.Budget
		if limit.Calls > 0 && (smallest.Calls == 0 || limit.Calls < smallest.Calls) {
			smallest = counters.Budget{Calls: limit.Calls, Period: limit.Period, Left: limit.Calls}
		}
	}
	return smallest
}

func larger(a, b int) int {
	if a > b {
		return a
	}
	return b
}

// retireGrace is how long a scope whose epoch was changed keeps its answers:
// while Traefik makes its instances anew, one of another epoch may join before
// one of this.
const retireGrace = 10 * time.Second

// epoch places a scope among those that ask the same upstream under other values
// of cache.epoch. The scope's lock guards it.
type epoch struct {
	upstreamID string    // the same in all of them
	validFrom  int64     // logins up to this event do not count; 0: all do
	retiredAt  time.Time // when instances moved on to another epoch; zero: they did not
}

// retire notes that the instances have moved on to another epoch.
func (e *epoch) retire(now time.Time) {
	if e.retiredAt.IsZero() {
		e.retiredAt = now
	}
}

// renew notes that an instance uses this epoch again.
func (e *epoch) renew() {
	e.retiredAt = time.Time{}
}

// retired tells whether the epoch was changed for good. An instance that comes
// back to it gets an empty scope.
func (e *epoch) retired(now time.Time) bool {
	return !e.retiredAt.IsZero() && now.Sub(e.retiredAt) > retireGrace
}

// outdates tells whether a flight that began then was started before the epoch
// was changed: an allow that it brings no longer counts.
func (e *epoch) outdates(begun time.Time) bool {
	return !e.retiredAt.IsZero() && !begun.After(e.retiredAt)
}

// sweep says what an operator has had forgotten: one of the three.
type sweep struct {
	all     bool
	account string   // a folded name of a user
	name    [32]byte // the same, as another Traefik has told it
	names   *shared.Names
}

// isAbout tells whether a sweep is about the user of an identity. An identity without a user
// is of no account.
func (w *sweep) isAbout(identity verifier.Identity) bool {
	user := identity.Get("user")
	if user == "" {
		return false
	}
	if w.names != nil {
		return w.names.Swept(shared.SweptAccount, account.Fold(user)) == w.name
	}
	return account.Fold(user) == w.account
}

// keptSweeps is how many sweeps are known one by one. A flight that has outlasted more is
// taken for one of what they were about.
const keptSweeps = 16

// sweeps are the last ones of a scope. Its lock guards them.
type sweeps struct {
	last int64 // the number of the last one, from 1; 0: there was none
	kept [keptSweeps]sweep
}

func (all *sweeps) add(w sweep) {
	all.last++
	all.kept[all.last%keptSweeps] = w
}

// outdates tells whether what a flight has brought was to be forgotten while it was under
// way. before is the number of the last sweep when it began.
func (all *sweeps) outdates(before int64, identity verifier.Identity) bool {
	if before == all.last {
		return false
	}
	if all.last-before > keptSweeps {
		return true
	}
	for number := before + 1; number <= all.last; number++ {
		w := all.kept[number%keptSweeps]
		if w.all || w.isAbout(identity) {
			return true
		}
	}
	return false
}
