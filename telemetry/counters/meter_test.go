package counters

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// answers is a verifier that gives one answer.
type answers struct {
	d   verifier.Decision
	err error
}

func (a answers) Verify(context.Context, verifier.Credential) (verifier.Decision, error) {
	return a.d, a.err
}

func TestMeter(t *testing.T) {
	denial := func(reason verifier.Reason) verifier.Decision {
		return verifier.Decision{Denial: verifier.Denial{Reason: reason}}
	}
	for _, c := range []struct {
		name string
		next answers
		want string
	}{
		{"an allow", answers{d: verifier.Decision{Allowed: true}}, Allow},
		{"a denial", answers{d: denial(verifier.Invalid)}, Deny},
		{"a rate limit", answers{d: denial(verifier.Throttled)}, Throttle},
		{"an outage", answers{err: verifier.ErrBroken}, Unreached},
		{"no connection", answers{err: verifier.ErrConnection}, Unreached},
		{"wrong settings", answers{err: verifier.Misconfigured(verifier.ErrOutage)}, Misconfigured},
		{"an answer that no document describes", answers{err: verifier.ErrUnavailable}, Undocumented},
		{"no call at all", answers{err: verifier.ErrNotAsked}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newTally()
			d, err := NewMeter(c.next, s).Verify(context.Background(), verifier.Credential{})
			if d.Allowed != c.next.d.Allowed || !errors.Is(err, c.next.err) {
				t.Error("the answer was changed")
			}
			totals, _, _ := s.State(0, 0)
			if c.want == "" && totals.AllCalls() != 0 || c.want != "" && totals.Calls[c.want] != 1 {
				t.Errorf("%v", totals.Calls)
			}
		})
	}
}

// slow is a verifier whose answers take a time of the process's own.
type slow struct {
	up   *time.Duration
	took time.Duration
}

func (s slow) Verify(context.Context, verifier.Credential) (verifier.Decision, error) {
	*s.up += s.took
	return verifier.Decision{Allowed: true}, nil
}

func TestMeterDuration(t *testing.T) {
	wall, up := time.Unix(1000, 0), time.Hour
	s := NewScope(Label{}, "bearer", func() time.Time { wall = wall.Add(time.Hour); return wall }, func() time.Duration { return up })
	_, _ = NewMeter(slow{&up, 20 * time.Millisecond}, s).Verify(context.Background(), verifier.Credential{})
	totals, _, _ := s.State(0, up)
	if totals.Took.Sum != 20*time.Millisecond {
		t.Errorf("a call of 20ms took %s, with a wall clock that was set meanwhile", totals.Took.Sum)
	}
}
