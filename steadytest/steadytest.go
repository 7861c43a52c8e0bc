// Package steadytest measures time in tests without that in which the process stood still: on
// a busy machine, a process is stopped for seconds at times. It is compiled code, and no part
// of the plugin.
package steadytest

import (
	"sync/atomic"
	"testing"
	"time"
)

// Timed does something. It returns how long that took, without the time in which this
// process stood still, and how long it did.
func Timed(do func()) (took, still time.Duration) {
	const tick, late = 10 * time.Millisecond, 50 * time.Millisecond
	var end atomic.Pointer[time.Time]
	told := make(chan time.Duration, 1)
	begun := time.Now()
	go func() {
		stood, last := time.Duration(0), begun
		for goesOn := true; goesOn; {
			time.Sleep(tick)
			now := time.Now()
			if ended := end.Load(); ended != nil {
				now, goesOn = *ended, false
			}
			if gap := now.Sub(last); gap > late {
				stood += gap - tick
			}
			last = now
		}
		told <- stood
	}()
	defer func() { // also where do ends the test
		ended := time.Now()
		end.Store(&ended)
		still = <-told
		took = ended.Sub(begun) - still
	}()
	do()
	return took, still
}

// Steadily does something that goes by time, and reports what is wrong with it. Where this
// process stood still meanwhile, that says nothing, and it is done again.
func Steadily(t testing.TB, do func() (wrong string)) {
	t.Helper()
	for again := 0; ; again++ {
		wrong := ""
		_, still := Timed(func() { wrong = do() })
		if wrong == "" {
			return
		}
		if still == 0 || again == 20 {
			t.Error(wrong)
			return
		}
	}
}
