package scenario

import (
	"fmt"
	"testing"
	"time"
)

// said is a test that keeps what was said.
type said struct {
	testing.TB
	texts []string
	ended bool
}

func (r *said) Helper()                   {}
func (r *said) Error(args ...any)         { r.texts = append(r.texts, fmt.Sprint(args...)) }
func (r *said) Errorf(f string, a ...any) { r.texts = append(r.texts, fmt.Sprintf(f, a...)) }
func (r *said) FailNow()                  { r.ended = true }

func TestTries(t *testing.T) {
	level, err := Native("http://127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	defer level.Close()
	play := func(try func(h *Harness, n int, by func(deadline time.Time))) (*said, *Harness) {
		r := &said{TB: t}
		h := NewHarness(r, level, nil)
		h.again(try)
		return r, h
	}

	t.Run("what a late try finds wrong does not count, and another try is made", func(t *testing.T) {
		tries := 0
		r, h := play(func(h *Harness, n int, by func(deadline time.Time)) {
			tries++
			expectCount(t, "the number of the try", n, tries-1)
			by(clockOf(h).Add(time.Second))
			if n == 0 {
				h.t.Errorf("wrong")
				h.Counters.falseAccepts.Add(1)
				h.Advance(time.Second)
			}
		})
		expectCount(t, "tries", tries, 2)
		expectEqual(t, "said", r.texts, []string(nil))
		expectCount(t, "false accepts", int(h.Counters.falseAccepts.Load()), 0)
	})

	t.Run("what a try in time finds wrong counts, with its line", func(t *testing.T) {
		r, h := play(func(h *Harness, _ int, by func(deadline time.Time)) {
			by(clockOf(h).Add(time.Hour))
			h.Counters.falseAccepts.Add(1)
			expectCount(h.t, "of them", 1, 2)
			h.t.Fatalf("no further")
		})
		if len(r.texts) != 2 || !r.ended || r.texts[1][:len("harness")] == "harness" {
			t.Errorf("%t %q", r.ended, r.texts)
		}
		expectCount(t, "false accepts", int(h.Counters.falseAccepts.Load()), 1)
	})

	t.Run("a deadline that has passed when the next is set ends the try there", func(t *testing.T) {
		tries, beyond := 0, 0
		r, _ := play(func(h *Harness, _ int, by func(deadline time.Time)) {
			tries++
			by(clockOf(h))
			by(time.Time{})
			beyond++
		})
		expectCount(t, "tries", tries, mostTries)
		expectCount(t, "beyond the deadline", beyond, 0)
		expectCount(t, "said", len(r.texts), 1)
	})

	t.Run("a try that ends early, but late, is repeated", func(t *testing.T) {
		r, _ := play(func(h *Harness, n int, by func(deadline time.Time)) {
			by(clockOf(h).Add(time.Second))
			if n == 0 {
				h.Advance(time.Second)
				h.t.Fatal("wrong")
			}
		})
		expectEqual(t, "said", r.texts, []string(nil))
	})
}
