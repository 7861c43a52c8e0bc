package scenario

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// FaultRow is what was met during one fault.
type FaultRow struct {
	Fault                      string
	Known, Unknown             []time.Duration // how long the responses took, in order
	Invalid                    int             // requests
	FalseAccepts, FalseRejects int
	KnownCalls, Again          int           // calls to the upstream about known users, during the fault and after it
	Away, Back                 int           // log lines of the replica that was asked
	Recovered                  time.Duration // from its end until one knows again what the other one asks
}

// WriteFaults writes the rows as a table in Markdown.
func WriteFaults(w io.Writer, rows []FaultRow) {
	fmt.Fprintln(w, "| Redis | known users: requests | 99 % within | slowest | calls about the 5, and afterwards | new users: requests | 99 % within | slowest | invalid: requests | false accepts | false rejects | log lines: away, back | shared again after |")
	fmt.Fprintln(w, "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
	for _, r := range rows {
		fmt.Fprintf(w, "| %s | %d | %s | %s | %d, %d | %d | %s | %s | %d | %d | %d | %d, %d | %s |\n",
			r.Fault, len(r.Known), share(r.Known, 99), share(r.Known, 100), r.KnownCalls, r.Again,
			len(r.Unknown), share(r.Unknown, 99), share(r.Unknown, 100), r.Invalid, r.FalseAccepts, r.FalseRejects, r.Away, r.Back, inMillis(r.Recovered))
	}
}

// share is the time within which so many of a hundred responses came.
func share(sorted []time.Duration, percent int) string {
	if len(sorted) == 0 {
		return "–"
	}
	return inMillis(sorted[(len(sorted)-1)*percent/100])
}

func inMillis(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000) }

// SharedFaults lets Redis fail, each time for that long, while users are served: in every
// way, or without all in those that are most common. It goes on one after the other in each
// of that many groups, which run at the same time.
func SharedFaults(t *testing.T, levels ReplicaLevels, lasts time.Duration, all bool, groups int) []FaultRow {
	var faults []memoryFault
	for _, fault := range memoryFaults {
		if all || !fault.rare {
			faults = append(faults, fault)
		}
	}
	rows := make([]FaultRow, len(faults))
	t.Run("Redis", func(t *testing.T) {
		for g := range groups {
			t.Run(fmt.Sprint(g+1), func(t *testing.T) {
				if groups > 1 {
					t.Parallel()
				}
				for i := g; i < len(faults); i += groups {
					t.Run(faults[i].name, func(t *testing.T) { rows[i] = runFault(t, levels, fmt.Sprint("fault", i), faults[i], lasts) })
				}
			})
		}
	})
	return rows
}

// faultFixture is two replicas before one upstream, and what the second one met.
type faultFixture struct {
	*Fleet
	up      *upstreams.WebService
	route   string // its own: where an earlier fault's Redis is gone, that is logged for a moment more
	timeout string // of a batch of commands
	users   int
	row     FaultRow
}

func runFault(t *testing.T, levels ReplicaLevels, route string, fault memoryFault, lasts time.Duration) FaultRow {
	c := fault.make(t)
	f := &faultFixture{Fleet: NewFleet(t, levels, nil), route: route, row: FaultRow{Fault: fault.name}}
	f.up = newWebService(nil)
	t.Cleanup(f.up.Close)
	f.timeout = "100ms"
	if !fault.says && !fault.may {
		f.timeout = patience // so that a busy machine does not make it look away
	}
	f.connect(c.connection)
	known := f.know(5)
	if !c.never {
		f.awaitSharing()
		time.Sleep(1200 * time.Millisecond) // by then it is known that one listens
	}
	for _, token := range known { // once more: what was looked up before one listened is looked up again
		f.other().Expect(200, getRequest(f.route, bearer(token)))
	}
	calls := f.callsAbout(known)
	if err := c.begin(); err != nil {
		t.Fatal(err)
	}
	f.during(known, lasts)
	ended := time.Now()
	if err := c.end(); err != nil {
		t.Fatal(err)
	}
	if c.cure != nil {
		f.connect(c.cure)
	}
	f.awaitSharing()
	f.row.Recovered = time.Since(ended)
	f.row.KnownCalls = f.callsAbout(known) - calls
	for _, token := range known {
		f.other().Expect(200, getRequest(f.route, bearer(token)))
	}
	f.row.Again = f.callsAbout(known) - calls - f.row.KnownCalls
	f.judge(fault, c.cure == nil)
	return f.row
}

// know has both replicas know users. The second one has asked the first one's memory.
func (f *faultFixture) know(users int) (tokens []string) {
	for range users {
		token, _ := f.user()
		tokens = append(tokens, token)
		f.Expect(200, getRequest(f.route, bearer(token)))
	}
	time.Sleep(100 * time.Millisecond)
	for _, token := range tokens {
		f.other().Expect(200, getRequest(f.route, bearer(token)))
	}
	return tokens
}

func (f *faultFixture) callsAbout(tokens []string) (calls int) {
	for _, token := range tokens {
		calls += f.up.CallsWith(token)
	}
	return calls
}

// connect has both replicas share what is there.
func (f *faultFixture) connect(connection map[string]any) {
	f.t.Helper()
	f.serve(Routes{f.route: sharingWith(webServiceConfig(f.up), connection, "timeout", f.timeout)})
}

// user is a user whom nobody has seen.
func (f *faultFixture) user() (token, name string) {
	f.users++
	name = fmt.Sprint(Marker, "user", f.users)
	return f.up.IssueToken(upstreams.User{UserName: name}), name
}

// awaitSharing waits until the second replica knows what the first one has asked.
func (f *faultFixture) awaitSharing() {
	f.t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		token, _ := f.user()
		f.Expect(200, getRequest(f.route, bearer(token)))
		time.Sleep(20 * time.Millisecond)
		f.other().Expect(200, getRequest(f.route, bearer(token)))
		if f.up.CallsWith(token) == 1 {
			return
		}
	}
	f.t.Error("nothing is shared")
}

// during asks the second replica for known, new and invalid users, side by side: a few of
// each at least, also where the machine takes all of that time for itself.
func (f *faultFixture) during(known []string, lasts time.Duration) {
	end := time.Now().Add(lasts)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := 0; i < 10 || time.Now().Before(end); i++ {
			f.timed(known[i%len(known)], "", &f.row.Known)
			time.Sleep(5 * time.Millisecond)
		}
	}()
	for i := 0; i < 10 || time.Now().Before(end); i++ {
		token, name := f.user()
		f.timed(token, name, &f.row.Unknown)
		f.row.Invalid++
		f.other().Counters.rejected(f.other().Try(getRequest(f.route, bearer(fmt.Sprint(Marker, "invalid", f.users, i)))))
		time.Sleep(10 * time.Millisecond)
	}
	<-done
	slices.Sort(f.row.Known)
	slices.Sort(f.row.Unknown)
}

func (f *faultFixture) timed(token, name string, took *[]time.Duration) {
	begun := time.Now()
	r, err := f.other().Try(getRequest(f.route, bearer(token)))
	*took = append(*took, time.Since(begun))
	if name == "" && r.Seen != nil {
		name = r.Seen.Header.Get("X-Auth-User")
	}
	f.other().Counters.accepted(r, err, name)
}

// mostLate is how late a response may be on a machine that is busy: two time limits of 100
// ms, and what else takes its time there.
const mostLate = 5 * time.Second

func (f *faultFixture) judge(fault memoryFault, comesBack bool) {
	f.t.Helper()
	row, other := &f.row, f.other()
	row.FalseAccepts, row.FalseRejects = int(other.Counters.falseAccepts.Load()), int(other.Counters.falseRejects.Load())
	if row.KnownCalls > 0 {
		f.t.Errorf("%d calls about known users", row.KnownCalls)
	}
	count := func(event string) (lines int) {
		for line := range strings.Lines(other.Logs()) {
			if strings.Contains(line, `"shared `+event+`"`) && strings.Contains(line, `"middleware":"`+f.route+`@`) {
				lines++
			}
		}
		return lines
	}
	if comesBack {
		waitFor(f.t, "a log line that it is back", func() bool {
			token, _ := f.user()
			other.Expect(200, getRequest(f.route, bearer(token))) // it writes, too
			return count("available") == count("unavailable")
		})
	}
	row.Away, row.Back = count("unavailable"), count("available")
	if row.FalseAccepts+row.FalseRejects > 0 {
		f.t.Errorf("%d false accepts, %d false rejects", row.FalseAccepts, row.FalseRejects)
	}
	for _, took := range [][]time.Duration{row.Known, row.Unknown} {
		if len(took) == 0 || took[len(took)-1] > mostLate {
			f.t.Errorf("users waited for %s at worst", share(took, 100))
		}
	}
	if !fault.may && (row.Away == 0) == fault.says || row.Away > 3 {
		f.t.Errorf("%d log lines that it is away, %d that it is back", row.Away, row.Back)
	}
}
