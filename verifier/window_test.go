package verifier

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"
)

func TestRateLess(t *testing.T) {
	t.Run("a rate is less if it allows fewer calls in the long run", func(t *testing.T) {
		for _, c := range []struct {
			a, b Rate
			less bool
		}{
			{Rate{10, time.Hour}, Rate{1000, time.Hour}, true},
			{Rate{1000, time.Hour}, Rate{10, time.Hour}, false},
			{Rate{100, 24 * time.Hour}, Rate{10, time.Hour}, true},
			{Rate{60, time.Hour}, Rate{1, time.Minute}, false},
			{Rate{1, time.Minute}, Rate{60, time.Hour}, true},
			{Rate{5, time.Hour}, Rate{5, time.Hour}, false},
		} {
			if got := c.a.Less(c.b); got != c.less {
				t.Errorf("%v less than %v: %v", c.a, c.b, got)
			}
		}
	})
}

func TestWindow(t *testing.T) {
	limit := Rate{Calls: 2, Period: time.Hour}
	refuse := func(w *Window, now time.Time) {
		w.Begin()
		w.End(true, limit, now)
	}

	t.Run("the period begins with the first refusal and ends the wait", func(t *testing.T) {
		c, w := newClock(), &Window{}
		refuse(w, c.Now())
		c.move(20 * time.Minute)
		if wait := w.Wait(limit, c.Now()); wait != 0 {
			t.Errorf("a wait of %s after one refusal", wait)
		}
		refuse(w, c.Now())
		if wait := w.Wait(limit, c.Now()); wait != 40*time.Minute {
			t.Errorf("a wait of %s, want the rest of the hour", wait)
		}
		c.move(40 * time.Minute)
		if wait := w.Wait(limit, c.Now()); wait != 0 {
			t.Errorf("a wait of %s in the next period", wait)
		}
	})

	t.Run("a call in flight counts until it ends, and after that only if it is refused", func(t *testing.T) {
		c, w := newClock(), &Window{}
		w.Begin()
		w.Begin()
		if wait := w.Wait(limit, c.Now()); wait != time.Second {
			t.Errorf("a wait of %s with two calls in flight", wait)
		}
		w.End(false, limit, c.Now())
		if wait := w.Wait(limit, c.Now()); wait != 0 {
			t.Errorf("a wait of %s with one call in flight", wait)
		}
		w.End(true, limit, c.Now())
		if w.refused != 1 || w.pending != 0 {
			t.Errorf("%d refused, %d in flight", w.refused, w.pending)
		}
	})

	t.Run("a refusal after the period belongs to the next one", func(t *testing.T) {
		c, w := newClock(), &Window{}
		refuse(w, c.Now())
		w.Begin()
		c.move(time.Hour)
		w.End(true, limit, c.Now())
		if w.refused != 1 || !w.started.Equal(c.Now()) {
			t.Errorf("%d refused since %s", w.refused, w.started)
		}
	})
}

func TestWindowClock(t *testing.T) {
	t.Run("after a clock is set back the wait is one period at most", func(t *testing.T) {
		limit := Rate{Calls: 1, Period: time.Hour}
		c, w := newClock(), &Window{}
		w.Begin()
		w.End(true, limit, c.Now())
		c.move(-24 * time.Hour)
		if wait := w.Wait(limit, c.Now()); wait != time.Hour {
			t.Errorf("a wait of %s, want an hour", wait)
		}
		c.move(time.Hour)
		if wait := w.Wait(limit, c.Now()); wait != 0 || w.refused != 0 {
			t.Errorf("a wait of %s, %d refused", wait, w.refused)
		}
	})
}

func TestWindows(t *testing.T) {
	t.Run("a name has one window, and another name another", func(t *testing.T) {
		s := NewWindows()
		w := s.At("a")
		if s.At("b") == w || s.At("a") != w || s.At("a") != w || s.At("") == w {
			t.Error("windows are mixed up")
		}
	})

	t.Run("a name seen again is protected", func(t *testing.T) {
		s := NewWindows()
		s.At("a")
		if s.probation.Len() != 1 || s.protected.Len() != 0 {
			t.Errorf("once: %d on probation, %d protected", s.probation.Len(), s.protected.Len())
		}
		s.At("a")
		if s.probation.Len() != 0 || s.protected.Len() != 1 {
			t.Errorf("again: %d on probation, %d protected", s.probation.Len(), s.protected.Len())
		}
	})

	t.Run("it stores digests of its own, and no name", func(t *testing.T) {
		a, b := NewWindows(), NewWindows()
		if a.digest("key") == b.digest("key") {
			t.Error("two sets have one digest")
		}
		a.At("key")
		for _, key := range a.probation.Keys() {
			if key != a.digest("key") {
				t.Errorf("stored: %v", key)
			}
		}
	})
}

func TestWindowsEviction(t *testing.T) {
	t.Run("new names evict those on probation, the oldest first, and no protected one", func(t *testing.T) {
		s := NewWindows()
		protected := s.At("protected")
		s.At("protected")
		oldest, newer := s.At("oldest"), s.At("newer")
		for i := 0; i < maxWindows-1; i++ {
			s.At(fmt.Sprint("flood", i))
		}
		if s.At("newer") != newer {
			t.Error("the newer name was evicted")
		}
		if s.At("oldest") == oldest {
			t.Error("the oldest name was kept")
		}
		if s.At("protected") != protected {
			t.Error("a protected name was evicted")
		}
	})

	t.Run("of protected names the one used least recently is evicted", func(t *testing.T) {
		s := NewWindows()
		windows := map[string]*Window{}
		for i := 0; i <= maxWindows; i++ {
			name := fmt.Sprint(i)
			windows[name] = s.At(name)
			s.At(name)
			s.At("0") // in use all the time
		}
		if s.protected.Len() != maxWindows || s.At("0") != windows["0"] || s.At("1") == windows["1"] {
			t.Errorf("%d protected; or the wrong one was evicted", s.protected.Len())
		}
	})

	t.Run("a hundred thousand names take bounded memory and evict no name in use", func(t *testing.T) {
		f := newBudgetFixture(t, ApplicationKey, 3)
		used := Credential{Token: "in use"}
		f.verify(used, 0)
		f.verify(used, 0)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		for i := range [100000]int{} {
			_, _ = f.budget.Verify(context.Background(), Credential{Token: fmt.Sprint("fake", i)})
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		if kept := f.budget.windows.probation.Len() + f.budget.windows.protected.Len(); kept > 2*maxWindows {
			t.Errorf("%d windows", kept)
		}
		if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 16<<20 {
			t.Errorf("%d bytes more", grown)
		}
		f.verify(used, 0)
		f.verify(used, time.Hour)
	})
}
