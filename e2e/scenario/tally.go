package scenario

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// Tally counts what matters of many requests. Its zero value is ready, and it
// may be used from everywhere.
type Tally struct {
	requests, wrongYes, wrongNo, lost atomic.Int64
	worst                             atomic.Int64 // ns, for known callers; 0: none was timed
}

// Row is what became of one scenario.
type Row struct {
	Scenario string
	Requests int64
	WrongYes int64         // let in, or told to be somebody, who should not have been
	WrongNo  int64         // a good user refused without a fault to show for it
	Lost     int64         // no reply at all
	Worst    time.Duration // the longest that a known caller waited; 0: none was timed
	Calls    int64         // that the upstreams got
	Note     string
}

// Row is the tally so far.
func (t *Tally) Row(scenario string, calls int64) Row {
	return Row{
		Scenario: scenario, Requests: t.requests.Load(), WrongYes: t.wrongYes.Load(), WrongNo: t.wrongNo.Load(),
		Lost: t.lost.Load(), Worst: time.Duration(t.worst.Load()), Calls: calls,
	}
}

// known notes how long a known caller waited.
func (t *Tally) known(waited time.Duration) {
	for {
		worst := t.worst.Load()
		if int64(waited) <= worst || t.worst.CompareAndSwap(worst, int64(waited)) {
			return
		}
	}
}

// good judges a reply to a user who is to get in, and to be nobody else. It
// tells whether that is so.
func (t *Tally) good(r Reply, err error, user string) bool {
	if err != nil {
		return false // counted as lost
	}
	if r.Status != 200 || r.Seen == nil {
		t.wrongNo.Add(1)
		return false
	}
	return t.nobodyElse(r, user)
}

// nobodyElse judges a reply to a user who may be put off, but not be taken for
// another.
func (t *Tally) nobodyElse(r Reply, user string) bool {
	if r.Seen != nil && (r.Status != 200 || r.Seen.Header.Get("X-Auth-User") != user) {
		t.wrongYes.Add(1)
		return false
	}
	return true
}

// bad judges a reply to somebody who is not to get in, by a status that is no
// yes.
func (t *Tally) bad(r Reply, err error) bool {
	if err == nil && (r.Status < 400 || r.Seen != nil) {
		t.wrongYes.Add(1)
		return false
	}
	return err == nil
}

// Table writes rows in Markdown.
func Table(w io.Writer, rows []Row) {
	fmt.Fprintln(w, "| scenario | requests | wrong yes | wrong no | lost | worst latency for known callers | calls to the upstream |")
	fmt.Fprintln(w, "|---|---:|---:|---:|---:|---:|---:|")
	for _, r := range rows {
		worst := "–"
		if r.Worst > 0 {
			worst = r.Worst.Round(100 * time.Microsecond).String()
		}
		note := ""
		if r.Note != "" {
			note = " (" + r.Note + ")"
		}
		fmt.Fprintf(w, "| %s%s | %d | %d | %d | %d | %s | %d |\n", r.Scenario, note, r.Requests, r.WrongYes, r.WrongNo, r.Lost, worst, r.Calls)
	}
}
