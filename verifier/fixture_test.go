package verifier

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"
)

// ample is the time limit of what is not about it: no machine stands still for so long.
const ample = time.Minute

// fixture is a verifier under test in front of an upstream that counts its calls. The
// fixtures of the decorators embed it.
type fixture struct {
	t     *testing.T
	clock *clock
	log   *reportLog

	mu    sync.Mutex
	next  verifierFunc
	calls int
}

func newFixture(t *testing.T, next verifierFunc) *fixture {
	return &fixture{t: t, clock: newClock(), log: &reportLog{}, next: next}
}

// respond changes the upstream's response.
func (f *fixture) respond(next verifierFunc) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next = next
}

// upstream is the verifier behind the one under test.
func (f *fixture) upstream(ctx context.Context, c Credential) (Decision, error) {
	f.mu.Lock()
	f.calls++
	next := f.next
	f.mu.Unlock()
	return next(ctx, c)
}

// verify verifies a credential, and tells whether the upstream was called for it.
func (f *fixture) verify(v Verifier, c Credential) (d Decision, called bool, err error) {
	f.mu.Lock()
	before := f.calls
	f.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), ample)
	defer cancel()
	d, err = v.Verify(ctx, c)
	f.mu.Lock()
	defer f.mu.Unlock()
	return d, f.calls > before, err
}

// expectCall verifies a credential, which has to call the upstream where wait is zero.
// Else the upstream must not be called, and the denial has that reason and that wait.
func (f *fixture) expectCall(v Verifier, c Credential, reason Reason, wait time.Duration) {
	f.t.Helper()
	d, called, err := f.verify(v, c)
	if called != (wait == 0) {
		f.t.Errorf("%+v: called %v, want a wait of %s", c, called, wait)
	}
	if wait == 0 {
		return
	}
	if d.Allowed || d.Denial.Reason != reason || d.Denial.RetryAfter != wait || d.Denial.HTTP != 0 || (err != nil) != (reason == Unavailable) {
		f.t.Errorf("%+v: %+v (%v), want %s for %s", c, d, err, reason, wait)
	}
}

// expectPanic verifies a credential on which the upstream panics.
func (f *fixture) expectPanic(v Verifier, c Credential) {
	f.t.Helper()
	f.respond(func(context.Context, Credential) (Decision, error) { panic("in the middle of a call") })
	defer func() {
		if recover() == nil {
			f.t.Error("no panic")
		}
	}()
	_, _ = v.Verify(context.Background(), c)
}

// hold makes the upstream wait with its responses until release is closed; arrived
// gets a value for each call that waits.
func (f *fixture) hold(response verifierFunc) (arrived chan bool, release chan struct{}) {
	arrived, release = make(chan bool), make(chan struct{})
	f.respond(func(ctx context.Context, c Credential) (Decision, error) {
		arrived <- true
		<-release
		return response(ctx, c)
	})
	return arrived, release
}

// awaitCall waits for a call that arrives at the upstream.
func (f *fixture) awaitCall(arrived chan bool) {
	f.t.Helper()
	select {
	case <-arrived:
	case <-time.After(ample):
		f.t.Fatal("no call arrives at the upstream")
	}
}

// clock does not run until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock {
	return &clock{now: time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)}
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// reportLog keeps what is reported.
type reportLog struct {
	mu    sync.Mutex
	lines []string
}

func (l *reportLog) report(level, event, detail string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, level+" "+event+": "+detail)
}

func (l *reportLog) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.lines)
}

// expect compares the lines since the last call with prefixes of lines.
func (l *reportLog) expect(t *testing.T, want ...string) {
	t.Helper()
	// A line may be reported a moment after the answer.
	for end := time.Now().Add(ample); l.count() < len(want) && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
	}
	l.mu.Lock()
	lines := l.lines
	l.lines = nil
	l.mu.Unlock()
	if len(lines) != len(want) {
		t.Errorf("reported: %q, want %q", lines, want)
		return
	}
	for i := range want {
		if !strings.HasPrefix(lines[i], want[i]) {
			t.Errorf("reported: %q, want %q", lines[i], want[i])
		}
	}
}

// verifierFunc is a verifier made of a function.
type verifierFunc func(ctx context.Context, c Credential) (Decision, error)

func (v verifierFunc) Verify(ctx context.Context, c Credential) (Decision, error) { return v(ctx, c) }

func allow(context.Context, Credential) (Decision, error) { return Decision{Allowed: true}, nil }

func deny(context.Context, Credential) (Decision, error) {
	return Decision{Denial: Denial{Reason: Invalid, Status: 401, HTTP: 401, Unknown: true}}, nil
}

// unavailable is a response that is not understood; outage is none at all.
func unavailable(context.Context, Credential) (Decision, error) {
	return NoAnswer(ErrUnavailable, "an undocumented response", Denial{})
}

func outage(context.Context, Credential) (Decision, error) {
	return NoAnswer(ErrOutage, "connection refused", Denial{})
}

func noConnectionMade(context.Context, Credential) (Decision, error) {
	return NoAnswer(ErrConnection, "connection refused", Denial{})
}

func broken(context.Context, Credential) (Decision, error) {
	return NoAnswer(ErrBroken, "connection closed early", Denial{})
}

// denyWith denies for a reason; a status of 0 means that the upstream was not called.
func denyWith(reason Reason, http int) verifierFunc {
	return func(context.Context, Credential) (Decision, error) {
		return Decision{Denial: Denial{Reason: reason, HTTP: http}}, nil
	}
}

// callContext is a context with the time limit of a call.
func callContext(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), ample)
	t.Cleanup(cancel)
	return ctx
}
