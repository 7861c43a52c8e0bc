package cache

import (
	"context"
	"reflect"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// maxFlights bounds the checks under way in one scope; beyond it a new one is
// not started.
const maxFlights = 64

// flight is one check under way, for all callers that present its credential.
type flight struct {
	begun     time.Time
	timeout   time.Duration
	charged   chargedTo
	cancelled bool // the credential was forgotten meanwhile: an allow no longer counts
	over      bool // it no longer counts as under way

	result *result       // final once landed is closed; before, that of a panic
	landed chan struct{} // closed when the flight has ended, also by a panic
}

// chargedTo is the client address that is charged for a flight whose credential is
// denied. Zero: none does.
type chargedTo struct {
	window *verifier.Window
	limit  verifier.Rate
}

// result is what one flight brought.
type result struct {
	decision verifier.Decision
	entry    *entry // nil: the credential is not allowed
	err      error
}

// failed is the result of a flight that could not find out.
func failed(err error) *result {
	d := verifier.Decision{Denial: verifier.Denial{Reason: verifier.Unavailable}}
	return &result{decision: d, err: err}
}

// panicked tells whether a flight that is still in the table will never finish,
// because a panic ended it. (A receive from a closed channel yields a value, from
// an open one none.)
func (f *flight) panicked() bool {
	received, _ := reflect.ValueOf(f.landed).TryRecv()
	return received.IsValid()
}

// wait returns a flight's result, or errGone when the context ends first. It uses
// reflection, because the interpreter confuses select statements.
func (f *flight) wait(ctx context.Context) *result {
	cases := []reflect.SelectCase{
		{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(ctx.Done())},
		{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(f.landed)},
	}
	chosen, _, _ := reflect.Select(cases)
	if chosen == 0 {
		return failed(errGone)
	}
	return f.result
}

// flights are the checks under way in a scope. The scope's lock guards them.
type flights struct {
	byKey     map[[32]byte]*flight // without those that are cancelled
	pending   int                  // all that are under way, cancelled ones included
	clients   *verifier.Windows    // by address: the denied calls it caused
	saturated bool                 // that there are too many has been reported
}

func newFlights() *flights {
	return &flights{byKey: map[[32]byte]*flight{}, clients: verifier.NewWindows()}
}

// find returns the flight for a credential, if one is under way. One that a panic
// ended before it could finish is removed here.
func (all *flights) find(key [32]byte, now time.Time) *flight {
	f := all.byKey[key]
	if f == nil {
		return nil
	}
	if f.panicked() {
		all.end(key, f, false, now)
		return nil
	}
	return f
}

// start adds a flight; or returns the denial, where the client has caused too
// many denied calls or there are as many flights as bound. A limit of zero charges
// no client.
func (all *flights) start(key [32]byte, client string, limit verifier.Rate, bound int, timeout time.Duration, now time.Time) (denial verifier.Denial, f *flight) {
	charged := chargedTo{}
	if limit.Calls > 0 {
		charged.window = all.clients.At(client)
		charged.limit = limit
		wait := charged.window.Wait(limit, now)
		if wait > 0 {
			denial.Reason, denial.RetryAfter = verifier.Throttled, wait
			return denial, nil
		}
	}
	if all.pending >= bound {
		denial.Reason, denial.RetryAfter = verifier.Unavailable, time.Second
		return denial, nil
	}
	f = &flight{begun: now, timeout: timeout, charged: charged, result: failed(ErrPanic), landed: make(chan struct{})}
	if charged.window != nil {
		charged.window.Begin()
	}
	all.byKey[key] = f
	all.pending++
	return denial, f
}

// cancel makes the result of a credential's flight void, if one is under way: the
// next caller gets a flight of its own.
func (all *flights) cancel(key [32]byte) {
	f := all.byKey[key]
	if f == nil {
		return
	}
	f.cancelled = true
	delete(all.byKey, key)
}

// end stops counting a flight as under way, and charges its client if the
// credential was denied.
func (all *flights) end(key [32]byte, f *flight, denied bool, now time.Time) {
	if f.over {
		return
	}
	f.over = true
	all.pending--
	all.saturated = all.saturated && all.pending > maxFlights/2
	if !f.cancelled {
		f.cancelled = true
		delete(all.byKey, key)
	}
	if f.charged.window != nil {
		f.charged.window.End(denied, f.charged.limit, now)
	}
}
