package verifier

import (
	"context"
	"encoding/hex"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	good  = Credential{Kind: Bearer, Token: "good"}
	fakes = Fake{
		Make: func(random []byte, _ time.Time) Credential {
			return Credential{Kind: Bearer, Token: hex.EncodeToString(random[:16])}
		},
		Rejected: func(d Denial) bool { return d.Reason == Invalid },
		Hint:     "correct url or path",
	}
)

// upstreamOf plays an upstream: good is good, all else is answered by junk.
// Asked counts what was asked, apart for good and for junk.
type upstreamOf struct {
	mu         sync.Mutex
	junk       verifies
	good, bad  int
	lastJunk   Credential
	junkWindow time.Duration // how long the last trial had
}

func (u *upstreamOf) Verify(ctx context.Context, c Credential) (Decision, error) {
	u.mu.Lock()
	answer := u.junk
	if c == good {
		u.good++
		u.mu.Unlock()
		return yes(ctx, c)
	}
	u.bad++
	u.lastJunk = c
	deadline, _ := ctx.Deadline()
	u.junkWindow = time.Until(deadline)
	u.mu.Unlock()
	return answer(ctx, c)
}

func (u *upstreamOf) turn(junk verifies) {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.junk = junk
}

func (u *upstreamOf) trials() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.bad
}

func TestCanary(t *testing.T) {
	t.Run("an upstream that denies a fake credential is trusted from then on", func(t *testing.T) {
		u, c, j := &upstreamOf{junk: no}, newClock(), &journal{}
		y := NewCanary(u, fakes, c.Now, j.report)
		for i := 0; i < 5; i++ {
			if d, err := y.Verify(soon(t), good); !d.Allowed || err != nil {
				t.Fatalf("%+v (%v)", d, err)
			}
			c.move(1000 * time.Hour)
			u.turn(yes) // even if it accepts everything later
		}
		if u.trials() != 1 || u.good != 5 {
			t.Errorf("%d trials, %d questions; want 1, 5", u.trials(), u.good)
		}
		j.expect(t)
	})

	t.Run("an upstream that accepts a fake credential is not called for a minute, and recovers", func(t *testing.T) {
		u, c, j := &upstreamOf{junk: yes}, newClock(), &journal{}
		y := NewCanary(u, fakes, c.Now, j.report)
		expectDistrust := func(asked, trials int) {
			t.Helper()
			d, err := y.Verify(soon(t), good)
			if d.Allowed || d.Denial.Reason != Distrusted || !errors.Is(err, ErrDistrusted) {
				t.Fatalf("%+v (%v)", d, err)
			}
			if u.good != asked || u.trials() != trials {
				t.Fatalf("asked %d times, %d trials; want %d, %d", u.good, u.trials(), asked, trials)
			}
		}
		expectDistrust(1, 1)
		j.expect(t, "error distrusted: a credential that cannot be valid was accepted; every unknown one gets an error: correct url or path")
		expectDistrust(1, 1)
		c.move(distrustPeriod - time.Nanosecond)
		expectDistrust(1, 1)
		c.move(time.Nanosecond)
		expectDistrust(2, 2)
		j.expect(t) // said once
		c.move(distrustPeriod)
		u.turn(no)
		if d, err := y.Verify(soon(t), good); !d.Allowed || err != nil {
			t.Fatalf("mended: %+v (%v)", d, err)
		}
		j.expect(t, "info trusted: ")
		if d, _ := y.Verify(soon(t), good); !d.Allowed || u.trials() != 3 {
			t.Errorf("mended: %d trials, want 3", u.trials())
		}
	})

	t.Run("without a conclusive probe no credential is allowed", func(t *testing.T) {
		cases := []struct {
			name  string
			junk  verifies
			cause error
			wait  time.Duration
		}{
			{"down", down, ErrUnavailable, 0},
			{"busy", func(context.Context, Credential) (Decision, error) {
				return Decision{Denial: Denial{Reason: Throttled, RetryAfter: 7 * time.Second}}, nil
			}, ErrUnavailable, 7 * time.Second},
			{"a panic", func(context.Context, Credential) (Decision, error) { panic("in the verifier") }, ErrUnavailable, 0},
			{"an operator's mistake", func(context.Context, Credential) (Decision, error) {
				return NoAnswer(ErrMisconfigured, "wrong path", Denial{})
			}, ErrMisconfigured, 0},
		}
		for _, tc := range cases {
			t.Run(tc.name, func(t *testing.T) {
				u, c, j := &upstreamOf{junk: tc.junk}, newClock(), &journal{}
				y := NewCanary(u, fakes, c.Now, j.report)
				for i := 1; i <= 2; i++ {
					d, err := y.Verify(soon(t), good)
					if d.Allowed || d.Denial.Reason != Unavailable || !errors.Is(err, tc.cause) || d.Denial.RetryAfter != tc.wait {
						t.Fatalf("%+v (%v)", d, err)
					}
					if u.trials() != i {
						t.Errorf("%d trials, want %d: it is tried again at once", u.trials(), i)
					}
				}
				u.turn(no)
				if d, err := y.Verify(soon(t), good); !d.Allowed || err != nil {
					t.Errorf("back again: %+v (%v)", d, err)
				}
				if tc.name == "a panic" {
					j.expect(t, "error outage: a panic while the canary was run; no unknown credential is allowed")
					return
				}
				j.expect(t)
			})
		}
	})
}

func TestCanaryCallers(t *testing.T) {
	// Only a yes waits for the trial: a refusal is believed as it is.
	t.Run("a denial does not wait for the probe", func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		junkOrNo := verifies(func(ctx context.Context, c Credential) (Decision, error) {
			if c.Token == "bad" {
				return no(ctx, c)
			}
			<-release
			return no(ctx, c)
		})
		y := NewCanary(junkOrNo, fakes, newClock().Now, (&journal{}).report)
		d, err := y.Verify(soon(t), Credential{Kind: Bearer, Token: "bad"})
		if err != nil || d.Denial.Reason != Invalid {
			t.Errorf("%+v (%v)", d, err)
		}
	})

	t.Run("a hundred callers make one probe", func(t *testing.T) {
		release := make(chan struct{})
		var trials atomic.Int64
		u := verifies(func(ctx context.Context, c Credential) (Decision, error) {
			if c == good {
				return yes(ctx, c)
			}
			trials.Add(1)
			<-release
			return no(ctx, c)
		})
		y := NewCanary(u, fakes, newClock().Now, (&journal{}).report)
		var done sync.WaitGroup
		var in atomic.Int64
		for i := 0; i < 100; i++ {
			done.Add(1)
			go func() {
				defer done.Done()
				if d, err := y.Verify(soon(t), good); d.Allowed && err == nil {
					in.Add(1)
				}
			}()
		}
		time.Sleep(20 * time.Millisecond)
		close(release)
		done.Wait()
		if trials.Load() != 1 || in.Load() != 100 {
			t.Errorf("%d trials, %d let in; want 1, 100", trials.Load(), in.Load())
		}
	})

	// A caller whose time is over leaves; the trial stays for the others.
	t.Run("a caller whose time is over does not wait", func(t *testing.T) {
		release := make(chan struct{})
		defer close(release)
		u := &upstreamOf{junk: func(ctx context.Context, c Credential) (Decision, error) {
			<-release
			return no(ctx, c)
		}}
		y := NewCanary(u, fakes, newClock().Now, (&journal{}).report)
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Millisecond)
		defer cancel()
		start := time.Now()
		d, err := y.Verify(ctx, good)
		if d.Allowed || !errors.Is(err, ErrUnavailable) || time.Since(start) > 5*time.Second {
			t.Errorf("%+v (%v) after %s", d, err, time.Since(start))
		}
	})

	// The trial has a time of its own, as long as the question's: the first caller
	// may leave.
	t.Run("a probe outlives the caller that began it", func(t *testing.T) {
		u := &upstreamOf{junk: func(ctx context.Context, c Credential) (Decision, error) {
			time.Sleep(30 * time.Millisecond)
			if ctx.Err() != nil {
				return down(ctx, c)
			}
			return no(ctx, c)
		}}
		y := NewCanary(u, fakes, newClock().Now, (&journal{}).report)
		ctx, leave := context.WithTimeout(context.Background(), 10*time.Second)
		go leave()
		_, _ = y.Verify(ctx, good)
		if d, err := y.Verify(soon(t), good); !d.Allowed || err != nil || u.trials() != 1 {
			t.Errorf("%+v (%v), %d trials", d, err, u.trials())
		}
		if !u.lastJunk.Known {
			t.Error("junk of ours counts as a guess of a client's")
		}
		if u.junkWindow < 9*time.Second || u.junkWindow > 10*time.Second {
			t.Errorf("the trial had %s", u.junkWindow)
		}
	})
}
