package verifier

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestCircuitBreakerProbe(t *testing.T) {
	t.Run("a panic while its outcome is applied ends it, and the next caller gets another", func(t *testing.T) {
		f := newOpenCircuit(t)
		f.breaker.now = func() time.Time { panic("planted") }
		lost := newTrial(f.clock.Now(), time.Time{}, Rate{})
		lost.failed = true // apply looks at the clock
		f.breaker.trial = lost
		f.breaker.conclude(lost)
		if f.breaker.trial != nil || !await(callContext(t), lost.done) {
			t.Error("it still runs")
		}
	})

	t.Run("a failed probe keeps it open", func(t *testing.T) {
		f := newOpenCircuit(t)
		f.clock.move(10 * time.Second)
		d, called, err := f.fixture.verify(f.breaker, Credential{Token: "x"})
		if !called || d.Denial.RetryAfter != 10*time.Second || !errors.Is(err, ErrNotAsked) {
			t.Errorf("%+v (%v)", d, err)
		}
		f.verify("y", 10*time.Second)
		f.log.expect(t)
		f.clock.move(10 * time.Second)
		f.respond(deny)
		f.verify("y", 0)
		f.log.expect(t, "info circuit closed")
	})

	t.Run("the probe is a fake credential of nobody's, under the budget of the route", func(t *testing.T) {
		f := newOpenCircuit(t)
		f.clock.move(10 * time.Second)
		var asked []Credential
		f.respond(func(ctx context.Context, c Credential) (Decision, error) {
			asked = append(asked, c)
			return allow(ctx, c)
		})
		c := Credential{Token: "x", Client: "client", Budget: Rate{7, time.Hour}}
		if d, _, _ := f.fixture.verify(f.breaker, c); !d.Allowed {
			t.Errorf("%+v", d)
		}
		if len(asked) != 2 || asked[1] != c {
			t.Fatalf("asked about %+v", asked)
		}
		p := asked[0]
		if !p.Known || p.Client != "" || p.Budget != c.Budget || !strings.HasPrefix(p.Token, "fake") {
			t.Errorf("%+v", p)
		}
	})

	t.Run("a credential on which the upstream fails does not keep it open", func(t *testing.T) {
		f := newOpenCircuit(t)
		f.respond(func(ctx context.Context, c Credential) (Decision, error) {
			if c.Token == "odd" {
				return outage(ctx, c)
			}
			return deny(ctx, c)
		})
		f.clock.move(10 * time.Second)
		f.verify("odd", 0)
		f.log.expect(t, "info circuit closed")
	})

	t.Run("exactly one call is made as a probe", func(t *testing.T) {
		f := newOpenCircuit(t)
		f.clock.move(10 * time.Second)
		arrived, release := f.hold(allow)
		ended := f.start("first", arrived)
		for range [100]int{} {
			f.verify("x", time.Second)
		}
		f.respond(allow)
		close(release)
		<-ended
		f.log.expect(t, "info circuit closed")
	})

	t.Run("a probe that does not end is replaced after two minutes", func(t *testing.T) {
		f := newOpenCircuit(t)
		f.clock.move(10 * time.Second)
		arrived, release := f.hold(allow)
		ended := f.start("first", arrived)
		f.respond(outage)
		f.clock.move(probeLimit - time.Nanosecond)
		f.verify("x", time.Second)
		f.clock.move(time.Nanosecond)
		f.verify("x", 0)
		close(release)
		<-ended
		f.verify("x", 10*time.Second) // what the first one brought counts no more
	})

	t.Run("a caller whose time is over does not wait for it", func(t *testing.T) {
		f := newOpenCircuit(t)
		f.clock.move(10 * time.Second)
		arrived, release := f.hold(allow)
		go func() { <-arrived }()
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		defer cancel()
		d, err := f.breaker.Verify(ctx, Credential{Token: "x"})
		if d.Allowed || !errors.Is(err, ErrNotAsked) || d.Denial.RetryAfter != time.Second {
			t.Errorf("%+v (%v)", d, err)
		}
		close(release)
		f.log.expect(t, "info circuit closed")
	})
}

func TestCircuitBreakerInconclusive(t *testing.T) {
	t.Run("a call that does not reach the upstream, or that panics, proves nothing", func(t *testing.T) {
		f := newCircuitFixture(t)
		spent := denyWith(Throttled, 0)
		for i := range [4]int{} {
			f.verify(fmt.Sprint(i), 0)
			f.respond(spent)
			f.verify("not called", 0)
			f.respond(noConnectionMade)
		}
		f.verify("fifth", 0)
		f.log.expect(t, "error circuit open")
		f.clock.move(10 * time.Second)
		f.respond(spent)
		if d, _, err := f.fixture.verify(f.breaker, Credential{Token: "a probe without a call"}); d.Denial.Reason != Throttled || err != nil {
			t.Errorf("%+v (%v)", d, err)
		}
		f.respond(func(context.Context, Credential) (Decision, error) { panic("in the middle of a probe") })
		if d, _, err := f.fixture.verify(f.breaker, Credential{Token: "a probe that panics"}); d.Allowed || !errors.Is(err, ErrNotAsked) {
			t.Errorf("%+v (%v)", d, err)
		}
		f.respond(allow)
		f.verify("a probe", 0)
		f.log.expect(t, "info circuit closed")
	})

	for name, opens := range map[string]bool{"opened": true, "closed again": false} {
		t.Run("a call that began before it "+name+" does not close it", func(t *testing.T) {
			f := newCircuitFixture(t)
			arrived, release := f.hold(noConnectionMade)
			if opens {
				arrived, release = f.hold(allow)
			}
			ended := f.start("slow", arrived)
			f.respond(noConnectionMade)
			f.open()
			if !opens {
				f.clock.move(10 * time.Second)
				f.respond(allow)
				f.verify("x", 0)
				f.log.expect(t, "info circuit closed")
				f.respond(noConnectionMade)
				for i := range [4]int{} {
					f.verify(fmt.Sprint(i), 0)
				}
			}
			close(release)
			<-ended
			f.log.expect(t)
			if opens {
				f.verify("x", 10*time.Second)
			}
		})
	}
}

func TestCircuitIsOpen(t *testing.T) {
	t.Run("a circuit is shown as open until it closes", func(t *testing.T) {
		f := newCircuitFixture(t)
		expectOpen(f, false)
		f.open()
		expectOpen(f, true)
		f.clock.move(openFor)
		f.probe()
		expectOpen(f, true)
		f.clock.move(openFor)
		f.respond(deny)
		f.verify("another", 0)
		expectOpen(f, false)
	})
	t.Run("a circuit that nobody has tested for a while is not shown as open", func(t *testing.T) {
		f := newOpenCircuit(t)
		f.clock.move(openFor + shownFor - time.Second)
		expectOpen(f, true)
		f.clock.move(time.Second)
		expectOpen(f, false)
		f.probe()
		expectOpen(f, true)
	})
	t.Run("a clock that is set back keeps no circuit shown as open", func(t *testing.T) {
		f := newOpenCircuit(t)
		f.clock.move(-time.Hour)
		expectOpen(f, false)
	})
}

// probe has a probe made, which fails.
func (f *circuitFixture) probe() {
	f.t.Helper()
	_, called, _ := f.fixture.verify(f.breaker, Credential{Token: "probe"})
	if !called {
		f.t.Error("no probe")
	}
}

func expectOpen(f *circuitFixture, want bool) {
	f.t.Helper()
	if got := f.breaker.IsOpen(); got != want {
		f.t.Errorf("shown as open: %t, want %t", got, want)
	}
}
