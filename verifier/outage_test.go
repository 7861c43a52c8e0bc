package verifier

import (
	"context"
	"fmt"
	"sync"
	"testing"
)

// outageFixture is an outage reporter, which has to return what its upstream does.
type outageFixture struct {
	*fixture
	reporter *OutageReporter
}

func newOutageFixture(t *testing.T) *outageFixture {
	f := &outageFixture{fixture: newFixture(t, allow)}
	f.reporter = NewOutageReporter(verifierFunc(f.upstream), f.clock.Now, f.log.report)
	return f
}

// verify makes that many calls with that response.
func (f *outageFixture) verify(response verifierFunc, times int) {
	f.t.Helper()
	f.respond(response)
	want, wantErr := response(context.Background(), validCredential)
	for i := 0; i < times; i++ {
		d, _, err := f.fixture.verify(f.reporter, validCredential)
		if d.Allowed != want.Allowed || d.Denial != want.Denial || (err == nil) != (wantErr == nil) {
			f.t.Fatalf("the answer was changed: %+v (%v)", d, err)
		}
	}
}

func TestOutageReporter(t *testing.T) {
	t.Run("each cause of an outage is reported once", func(t *testing.T) {
		f := newOutageFixture(t)
		f.verify(allow, 3)
		f.verify(deny, 3)
		f.log.expect(t)
		f.verify(outage, 5)
		f.log.expect(t, "error outage: unavailable: connection refused")
		f.verify(unavailable, 5)
		f.verify(func(context.Context, Credential) (Decision, error) {
			return NoAnswer(ErrMisconfigured, "wrong path", Denial{HTTP: 404})
		}, 5)
		f.log.expect(t, "error outage: unavailable: an undocumented response", "error misconfigured: misconfigured: wrong path")
	})

	t.Run("its end is reported once, after ten seconds without a failure", func(t *testing.T) {
		f := newOutageFixture(t)
		f.verify(outage, 1)
		f.log.expect(t, "error outage: ")
		// An upstream on which every second call fails has one outage.
		for range [50]int{} {
			f.verify(allow, 1)
			f.clock.move(recoverAfter / 2)
			f.verify(outage, 1)
		}
		f.log.expect(t)
		f.clock.move(recoverAfter - 1)
		f.verify(allow, 1)
		f.log.expect(t)
		f.clock.move(1)
		f.verify(deny, 3) // a denial is an answer, too
		f.log.expect(t, "info recovered: ")
		f.verify(outage, 1)
		f.log.expect(t, "error outage: unavailable: connection refused")
	})
}

func TestOutageReporterBounds(t *testing.T) {
	t.Run("one outage reports a bounded number of causes", func(t *testing.T) {
		f := newOutageFixture(t)
		for i := range [100]int{} {
			cause := fmt.Sprint("cause ", i)
			f.verify(func(context.Context, Credential) (Decision, error) { return NoAnswer(ErrUnavailable, cause, Denial{}) }, 1)
		}
		if f.log.count() != maxCauses {
			t.Errorf("%d lines, want %d", f.log.count(), maxCauses)
		}
	})

	t.Run("many callers report one outage once", func(t *testing.T) {
		f := newOutageFixture(t)
		f.respond(outage)
		var calls sync.WaitGroup
		for range [100]int{} {
			calls.Add(1)
			go func() {
				defer calls.Done()
				_, _ = f.reporter.Verify(context.Background(), validCredential)
			}()
		}
		calls.Wait()
		f.log.expect(t, "error outage: ")
	})
}
