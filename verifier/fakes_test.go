package verifier

import (
	"context"
	"encoding/base64"
	"strings"
	"sync"
	"testing"
	"time"
)

// clock stands still until it is moved.
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

// verifies is a verifier made of a function.
type verifies func(ctx context.Context, c Credential) (Decision, error)

func (v verifies) Verify(ctx context.Context, c Credential) (Decision, error) { return v(ctx, c) }

func yes(context.Context, Credential) (Decision, error) { return Decision{Allowed: true}, nil }

func no(context.Context, Credential) (Decision, error) {
	return Decision{Denial: Denial{Reason: Invalid, Status: 401, HTTP: 401}}, nil
}

func down(context.Context, Credential) (Decision, error) {
	return NoAnswer(ErrUnavailable, "connection refused", Denial{})
}

// journal notes what is reported.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) report(level, event, detail string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, level+" "+event+": "+detail)
}

func (j *journal) count() int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return len(j.lines)
}

// expect compares what was reported since the last call, line by line, by how
// the lines begin.
func (j *journal) expect(t *testing.T, want ...string) {
	t.Helper()
	// What is reported may come a moment after the answer.
	for i := 0; i < 200 && j.count() < len(want); i++ {
		time.Sleep(5 * time.Millisecond)
	}
	j.mu.Lock()
	lines := j.lines
	j.lines = nil
	j.mu.Unlock()
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

// soon is a context with the time of a call.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// jwt makes a token of these claims, with a signature that nobody checks here.
func jwt(claims string) string {
	encoding := base64.RawURLEncoding
	return encoding.EncodeToString([]byte(`{"alg":"RS256"}`)) + "." + encoding.EncodeToString([]byte(claims)) + ".c2ln"
}
