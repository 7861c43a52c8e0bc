package scenario

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// Counters counts requests and what went wrong with them. The zero value is ready
// to use, by several goroutines at once.
type Counters struct {
	requests, falseAccepts, falseRejects, noResponse atomic.Int64
	slowest                                          atomic.Int64 // ns, of a cached credential; 0: none was timed
	longest                                          atomic.Int64 // ns, of any request
}

// Result sums up one scenario. False accepts, false rejects and requests without
// a response must be 0.
type Result struct {
	Scenario      string
	Requests      int64
	FalseAccepts  int64         // allowed although not allowed, or with another user's identity
	FalseRejects  int64         // denied although the credential is valid and no fault excuses it
	NoResponse    int64         // no HTTP response at all
	Slowest       time.Duration // the slowest response to a cached credential; 0: none was timed
	UpstreamCalls int64         // calls that the upstreams received
	Note          string
}

// Result returns the counts so far.
func (c *Counters) Result(scenario string, calls int64) Result {
	return Result{
		Scenario: scenario, Requests: c.requests.Load(), FalseAccepts: c.falseAccepts.Load(), FalseRejects: c.falseRejects.Load(),
		NoResponse: c.noResponse.Load(), Slowest: time.Duration(c.slowest.Load()), UpstreamCalls: calls,
	}
}

// recordLatency records how long the response to a cached credential took.
func (c *Counters) recordLatency(took time.Duration) { raise(&c.slowest, took) }

// raise keeps the longest of all times.
func raise(most *atomic.Int64, took time.Duration) {
	for {
		longest := most.Load()
		if int64(took) <= longest || most.CompareAndSwap(longest, int64(took)) {
			return
		}
	}
}

// accepted counts the response to a valid credential, and reports whether the
// backend was reached with this user's identity.
func (c *Counters) accepted(r Response, err error, user string) bool {
	if err != nil {
		return false // Try has counted it
	}
	if r.Status != 200 || r.Seen == nil {
		c.falseRejects.Add(1)
		return false
	}
	if r.Seen.Header.Get("X-Auth-User") != user {
		c.falseAccepts.Add(1)
		return false
	}
	return true
}

// rejected counts the response to a credential that must not be allowed, and
// reports whether it was denied.
func (c *Counters) rejected(r Response, err error) bool {
	if err == nil && (r.Status < 400 || r.Seen != nil) {
		c.falseAccepts.Add(1)
		return false
	}
	return err == nil
}

// Table writes results in Markdown.
func Table(w io.Writer, results []Result) {
	fmt.Fprintln(w, "| scenario | requests | false accepts | false rejects | no response | slowest cached response | upstream calls |")
	fmt.Fprintln(w, "|---|---:|---:|---:|---:|---:|---:|")
	for _, r := range results {
		slowest := "–"
		if r.Slowest > 0 {
			slowest = r.Slowest.Round(100 * time.Microsecond).String()
		}
		note := ""
		if r.Note != "" {
			note = " (" + r.Note + ")"
		}
		fmt.Fprintf(w, "| %s%s | %d | %d | %d | %d | %s | %d |\n", r.Scenario, note, r.Requests, r.FalseAccepts, r.FalseRejects, r.NoResponse, slowest, r.UpstreamCalls)
	}
}
