package verifier

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"
)

func TestOutageReporter(t *testing.T) {
	t.Run("an outage is reported once per cause, and its end once", func(t *testing.T) {
		c, j := newClock(), &journal{}
		next := verifies(yes)
		w := NewOutageReporter(verifies(func(ctx context.Context, c Credential) (Decision, error) { return next(ctx, c) }), c.Now, j.report)
		ask := func(how verifies, times int) {
			t.Helper()
			next = how
			for i := 0; i < times; i++ {
				want, wantErr := how(context.Background(), good)
				d, err := w.Verify(context.Background(), good)
				if d.Allowed != want.Allowed || d.Denial != want.Denial || (err == nil) != (wantErr == nil) {
					t.Fatalf("the answer was changed: %+v (%v)", d, err)
				}
			}
		}
		garbled := func(context.Context, Credential) (Decision, error) {
			return NoAnswer(ErrUnavailable, "garbled", Denial{HTTP: 200})
		}
		mistake := func(context.Context, Credential) (Decision, error) {
			return NoAnswer(ErrMisconfigured, "wrong path", Denial{HTTP: 404})
		}

		ask(yes, 3)
		ask(no, 3)
		j.expect(t)
		ask(down, 5)
		j.expect(t, "error outage: unavailable: connection refused")
		ask(garbled, 5)
		ask(mistake, 5)
		j.expect(t, "error outage: unavailable: garbled", "error misconfigured: misconfigured: wrong path")

		// Half of the calls failing is one outage.
		for i := 0; i < 50; i++ {
			ask(yes, 1)
			c.move(recoverAfter / 2)
			ask(down, 1)
		}
		j.expect(t)
		c.move(recoverAfter - 1)
		ask(yes, 1)
		j.expect(t)
		c.move(1)
		ask(no, 3) // a refusal is an answer, too
		j.expect(t, "info recovered: ")
		ask(down, 1)
		j.expect(t, "error outage: unavailable: connection refused")
	})

	t.Run("one outage reports a bounded number of causes", func(t *testing.T) {
		c, j := newClock(), &journal{}
		n := 0
		w := NewOutageReporter(verifies(func(context.Context, Credential) (Decision, error) {
			n++
			return NoAnswer(ErrUnavailable, fmt.Sprint("cause ", n), Denial{})
		}), c.Now, j.report)
		for i := 0; i < 100; i++ {
			_, _ = w.Verify(context.Background(), good)
		}
		if len(j.lines) != maxCauses {
			t.Errorf("%d lines, want %d", len(j.lines), maxCauses)
		}
	})

	t.Run("many callers report one outage once", func(t *testing.T) {
		c, j := newClock(), &journal{}
		w := NewOutageReporter(verifies(down), c.Now, j.report)
		var done sync.WaitGroup
		for i := 0; i < 100; i++ {
			done.Add(1)
			go func() {
				defer done.Done()
				_, _ = w.Verify(context.Background(), good)
			}()
		}
		done.Wait()
		j.expect(t, "error outage: ")
	})
}

func TestAwait(t *testing.T) {
	t.Run("it ends with the first of answer and deadline", func(t *testing.T) {
		done := make(chan struct{})
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		defer cancel()
		if await(ctx, done) {
			t.Error("done, though it is not")
		}
		close(done)
		if !await(soon(t), done) {
			t.Error("not done, though it is")
		}
	})
}
