// Package counters answers one question: how often did what happen?
//
// A Scope counts for one scope of the cache: the requests by their Outcome, the calls to
// the upstream by their result and time, and an Hour of both, minute by minute. Table
// keeps what scopes have counted that are gone, and Gates knows which middlewares there
// are:
//
//	tally.Request(counters.Miss)
//	next := counters.NewMeter(upstream, tally)
//	totals, hour, fault := tally.State(tally.Found.N, uptime)
//
// Everything that is counted is a number by an API, a host, and a word of this package.
// The package is handed no credential, no identity and no response, so that none can
// be read out of it.
package counters

import "time"

// Outcomes of a request, as metrics have them.
const (
	Hit               = "hit"                // allowed, from memory
	Stale             = "stale"              // allowed, from memory, while the upstream is asked again
	Miss              = "miss"               // allowed, after the upstream or the shared memory was asked
	Refused           = "refused"            // denied by the upstream's answer, or by a requirement
	RefusedRemembered = "refused_remembered" // denied from memory
	Missing           = "missing"            // without a credential, where one is required
	Malformed         = "malformed"          // with something that is not one credential
	Throttled         = "throttled"          // rate-limited, by the upstream or by a limit here
	Unavailable       = "unavailable"        // it could not be found out
	Anonymous         = "anonymous"          // passed without a credential, where that is allowed
)

// Outcomes lists them, in the order in which they are shown.
func Outcomes() []string {
	return []string{Hit, Stale, Miss, Refused, RefusedRemembered, Missing, Malformed, Throttled, Unavailable, Anonymous}
}

// Results of a call to an upstream, as metrics have them.
const (
	Allow         = "allow"
	Deny          = "deny"
	Throttle      = "throttle"
	Unreached     = "unavailable"
	Misconfigured = "misconfigured"
	Undocumented  = "undocumented"
)

// Results lists them, in the order in which they are shown.
func Results() []string {
	return []string{Allow, Deny, Throttle, Unreached, Misconfigured, Undocumented}
}

// Label is what the numbers of a scope are shown under.
type Label struct {
	API  string
	Host string // with its port, unless that is the scheme's own
}

// Fault is what was reported as an error last.
type Fault struct {
	At     time.Time // zero: nothing was
	Event  string
	Detail string
}

// Totals are what a scope, or several together, have counted.
type Totals struct {
	Requests map[string]int64 // by outcome
	Calls    map[string]int64 // by result
	Took     *Histogram       // of calls
	Evicted  map[string]int64 // remembered answers that made room for others, by kind: allowed or denied
}

// Kinds of remembered answers.
const (
	Allowed = "allowed"
	Denied  = "denied"
)

// NewTotals returns totals of nothing: each count is there, and 0.
func NewTotals() *Totals {
	t := &Totals{Requests: map[string]int64{}, Calls: map[string]int64{}, Took: NewHistogram(callBounds()), Evicted: map[string]int64{}}
	for _, outcome := range Outcomes() {
		t.Requests[outcome] = 0
	}
	for _, result := range Results() {
		t.Calls[result] = 0
	}
	return t
}

// Add adds what others have counted.
func (t *Totals) Add(other *Totals) {
	for _, outcome := range Outcomes() {
		t.Requests[outcome] += other.Requests[outcome]
	}
	for _, result := range Results() {
		t.Calls[result] += other.Calls[result]
	}
	t.Took.Merge(other.Took)
	for _, kind := range []string{Allowed, Denied} {
		t.Evicted[kind] += other.Evicted[kind]
	}
}

// AllCalls is the number of calls.
func (t *Totals) AllCalls() int64 {
	all := int64(0)
	for _, n := range t.Calls {
		all += n
	}
	return all
}

// Sum is the number of requests with one of these outcomes.
func (t *Totals) Sum(outcomes ...string) int64 {
	all := int64(0)
	for _, outcome := range outcomes {
		all += t.Requests[outcome]
	}
	return all
}
