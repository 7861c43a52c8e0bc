package scenario

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// Counters counts what matters of many requests. Its zero value is ready, and it
// may be used from everywhere.
type Counters struct {
	requests, falseAccepts, falseRejects, noResponse atomic.Int64
	slowest                                          atomic.Int64 // ns, for known callers; 0: none was timed
}

// Result is what became of one scenario.
type Result struct {
	Scenario      string
	Requests      int64
	FalseAccepts  int64         // let in, or told to be somebody, who should not have been
	FalseRejects  int64         // a good user refused without a fault to show for it
	NoResponse    int64         // no reply at all
	Slowest       time.Duration // the longest that a known caller waited; 0: none was timed
	UpstreamCalls int64         // that the upstreams got
	Note          string
}

// Result is the tally so far.
func (c *Counters) Result(scenario string, calls int64) Result {
	return Result{
		Scenario: scenario, Requests: c.requests.Load(), FalseAccepts: c.falseAccepts.Load(), FalseRejects: c.falseRejects.Load(),
		NoResponse: c.noResponse.Load(), Slowest: time.Duration(c.slowest.Load()), UpstreamCalls: calls,
	}
}

// recordLatency notes how long a known caller waited.
func (c *Counters) recordLatency(waited time.Duration) {
	for {
		worst := c.slowest.Load()
		if int64(waited) <= worst || c.slowest.CompareAndSwap(worst, int64(waited)) {
			return
		}
	}
}

// accepted judges a reply to a user who is to get in, and to be nobody else. It
// tells whether that is so.
func (c *Counters) accepted(r Response, err error, user string) bool {
	if err != nil {
		return false // counted as lost
	}
	if r.Status != 200 || r.Seen == nil {
		c.falseRejects.Add(1)
		return false
	}
	return c.onlyAs(r, user)
}

// onlyAs judges a reply to a user who may be put off, but not be taken for
// another.
func (c *Counters) onlyAs(r Response, user string) bool {
	if r.Seen != nil && (r.Status != 200 || r.Seen.Header.Get("X-Auth-User") != user) {
		c.falseAccepts.Add(1)
		return false
	}
	return true
}

// rejected judges a reply to somebody who is not to get in, by a status that is no
// yes.
func (c *Counters) rejected(r Response, err error) bool {
	if err == nil && (r.Status < 400 || r.Seen != nil) {
		c.falseAccepts.Add(1)
		return false
	}
	return err == nil
}

// Table writes rows in Markdown.
func Table(w io.Writer, rows []Result) {
	fmt.Fprintln(w, "| scenario | requests | wrong yes | wrong no | lost | worst latency for known callers | calls to the upstream |")
	fmt.Fprintln(w, "|---|---:|---:|---:|---:|---:|---:|")
	for _, r := range rows {
		worst := "–"
		if r.Slowest > 0 {
			worst = r.Slowest.Round(100 * time.Microsecond).String()
		}
		note := ""
		if r.Note != "" {
			note = " (" + r.Note + ")"
		}
		fmt.Fprintf(w, "| %s%s | %d | %d | %d | %d | %s | %d |\n", r.Scenario, note, r.Requests, r.FalseAccepts, r.FalseRejects, r.NoResponse, worst, r.UpstreamCalls)
	}
}
