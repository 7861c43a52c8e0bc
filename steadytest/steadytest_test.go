package steadytest_test

import (
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/steadytest"
)

// recorder notes that something was reported.
type recorder struct {
	testing.TB
	reported bool
}

func (r *recorder) Helper()      {}
func (r *recorder) Error(...any) { r.reported = true }

func TestTimed(t *testing.T) {
	took, still := steadytest.Timed(func() { time.Sleep(100 * time.Millisecond) })
	if took+still < 100*time.Millisecond {
		t.Errorf("%s, and stood still for %s", took, still)
	}
}

func TestSteadily(t *testing.T) {
	t.Run("what is wrong is reported", func(t *testing.T) {
		r := &recorder{TB: t}
		steadytest.Steadily(r, func() string { return "wrong" })
		if !r.reported {
			t.Error("it is not")
		}
	})

	t.Run("what is right is not", func(t *testing.T) {
		r := &recorder{TB: t}
		steadytest.Steadily(r, func() string { return "" })
		if r.reported {
			t.Error("it is")
		}
	})
}
