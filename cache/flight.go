package cache

import (
	"context"
	"errors"
	"reflect"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/queue"
	"github.com/upstreamauth/upstreamauth/verifier"
)

const (
	maxFlights = 64   // calls under way in one scope
	maxWaiting = 1024 // flights that wait until one of those has ended
)

// flight is one check under way, for all callers that present its credential. It waits
// its turn first, unless it finds a free slot.
type flight struct {
	key        [32]byte
	credential verifier.Credential // only while it waits
	ticket     *queue.Ticket       // nil: it does not wait
	deadline   time.Time           // nobody waits for one that has not begun by then

	begun     time.Time // while it waits, when it was asked for
	timeout   time.Duration
	client    string // whose slot it has; empty: it is nobody's
	charged   verifier.Rate
	waited    bool // it found no free slot at once
	calling   bool // it has a slot
	cancelled bool // the credential was forgotten meanwhile: an allow no longer counts
	over      bool // it no longer counts as under way

	swept int64    // the number of the last sweep when it began
	tag   [32]byte // see keys.tagOf; only where the key does not tell

	memory *consultation // what it asks of the shared memory; nil: there is none

	superseded bool  // cancelled by a login: an allow counts, but a denial is not remembered
	order      int64 // the number of the last event before the upstream was asked

	result *result       // final once landed is closed; before, that of a panic
	landed chan struct{} // closed when the flight has ended, also by a panic
}

func newFlight(key [32]byte, credential verifier.Credential, charged verifier.Rate, timeout time.Duration, now time.Time) *flight {
	return &flight{
		key: key, credential: credential, begun: now, timeout: timeout,
		client: credential.Client, charged: charged, result: failed(ErrPanic), landed: make(chan struct{}),
	}
}

// result is what one flight brought.
type result struct {
	decision verifier.Decision
	entry    *entry // nil: the credential is not allowed
	recalled bool   // the entry is an earlier one, or others'
	err      error
}

// failed is the result of a flight that could not find out.
func failed(err error) *result {
	d := verifier.Decision{Denial: verifier.Denial{Reason: verifier.Unavailable}}
	return &result{decision: d, err: err}
}

// unanswered tells whether the upstream was asked and gave no answer.
func (r *result) unanswered() bool {
	if r.err == nil || r.decision.Allowed {
		return false
	}
	if errors.Is(r.err, verifier.ErrNotAsked) || errors.Is(r.err, verifier.ErrDistrusted) {
		return false
	}
	return !errors.Is(r.err, ErrPanic)
}

// isCharged tells whether the client pays for a question without an answer. Not where
// the upstream allowed the credential, but is not proven to deny any: a valid
// credential costs its client nothing.
func (r *result) isCharged() bool {
	return r.unanswered() && !errors.Is(r.err, verifier.ErrUnproven)
}

// lost tells whether a flight that is still in the table will never finish, because a
// panic ended it. (A receive from a closed channel yields a value, from an open one
// none.)
func (f *flight) lost() bool {
	if f.ticket == nil && !f.calling {
		return true
	}
	if f.ticket != nil && f.ticket.IsOut {
		return true
	}
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
	turns     *queue.Turns         // who has a slot, and who waits for one
	clients   *verifier.Windows    // by address: the denied calls it caused
	saturated bool                 // that no more can wait has been reported
}

func newFlights() *flights {
	return &flights{byKey: map[[32]byte]*flight{}, turns: queue.New(maxFlights, maxWaiting), clients: verifier.NewWindows()}
}

// find returns the flight for a credential, if one is under way. One that a panic
// ended before it could finish is removed here.
func (all *flights) find(key [32]byte, now time.Time) *flight {
	f := all.byKey[key]
	if f == nil {
		return nil
	}
	if f.lost() {
		all.end(f, false, now)
		return nil
	}
	return f
}

// join lets a flight that waits its turn wait until then, since one more caller waits
// for it.
func (all *flights) join(f *flight, until time.Time) {
	if f.ticket == nil {
		return
	}
	if until.After(f.deadline) {
		f.deadline = until
	}
	all.turns.Renew(f.ticket)
}

// add adds a flight that waits its turn until a deadline; nil: as many wait as may. A
// limit of zero charges no client.
func (all *flights) add(key [32]byte, credential verifier.Credential, m *consultation, limit verifier.Rate, timeout, waitsFor time.Duration, now time.Time) *flight {
	f := newFlight(key, credential, limit, timeout, now)
	f.memory = m
	f.deadline = now.Add(waitsFor)
	waits := !all.turns.MayTake(f.client)
	if waits && !credential.Issued.IsZero() {
		waits = all.turns.Taken() >= 2*maxFlights
	}
	if waits && m != nil && m.held != nil { // it is no call, as long as others have the answer
		if all.turns.Taken() >= 2*maxFlights {
			return nil
		}
		waits = false
	}
	if waits {
		f.ticket = all.turns.Add(f.client, f)
		if f.ticket == nil {
			return nil
		}
	}
	all.byKey[key] = f
	return f
}

// next takes out the flight whose turn it is; nil: nobody's.
func (all *flights) next() *flight {
	ticket := all.turns.Next()
	if ticket == nil {
		return nil
	}
	f := ticket.Value.(*flight)
	f.ticket = nil
	return f
}

// expired takes out the flight that waits longest, if nobody waits for it any more.
func (all *flights) expired(now time.Time) *flight {
	ticket := all.turns.Oldest()
	if ticket == nil {
		return nil
	}
	f := ticket.Value.(*flight)
	if now.Before(f.deadline) {
		return nil
	}
	all.turns.Remove(ticket)
	f.ticket = nil
	return f
}

// begin gives a flight a slot.
func (all *flights) begin(f *flight, now time.Time) {
	if f.charged.Calls > 0 {
		all.clients.Begin(f.client, f.charged)
	}
	all.turns.Take(f.client)
	f.calling = true
	f.begun = now
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

// end stops counting a flight as under way, and charges its client if that caused a
// call for nothing.
func (all *flights) end(f *flight, charge bool, now time.Time) {
	if f.over {
		return
	}
	f.over = true
	all.saturated = all.saturated && all.turns.Waiting() > maxWaiting/4
	if !f.cancelled {
		f.cancelled = true
		delete(all.byKey, f.key)
	}
	if !f.calling {
		return
	}
	all.turns.Leave(f.client)
	if f.charged.Calls > 0 {
		all.clients.End(f.client, charge, f.charged, now)
	}
}
