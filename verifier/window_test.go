package verifier

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"
)

func TestWindows(t *testing.T) {
	limit := Rate{Calls: 2, Period: time.Hour}
	refuse := func(s *Windows, name string, now time.Time) {
		s.Begin(name, limit)
		s.End(name, true, limit, now)
	}

	t.Run("the period begins with the first refusal and ends the wait", func(t *testing.T) {
		c, s := newClock(), NewWindows()
		refuse(s, "a", c.Now())
		c.move(20 * time.Minute)
		if wait := s.Wait("a", limit, c.Now()); wait != 0 {
			t.Errorf("a wait of %s after one refusal", wait)
		}
		refuse(s, "a", c.Now())
		if wait := s.Wait("a", limit, c.Now()); wait != 40*time.Minute {
			t.Errorf("a wait of %s, want the rest of the hour", wait)
		}
		if wait := s.Wait("b", limit, c.Now()); wait != 0 {
			t.Errorf("a wait of %s for another name", wait)
		}
		c.move(40 * time.Minute)
		if wait := s.Wait("a", limit, c.Now()); wait != 0 {
			t.Errorf("a wait of %s in the next period", wait)
		}
	})

	t.Run("a call in flight counts until it ends, and after that only if it is refused", func(t *testing.T) {
		c, s := newClock(), NewWindows()
		s.Begin("a", limit)
		s.Begin("a", limit)
		if wait := s.Wait("a", limit, c.Now()); wait != time.Second {
			t.Errorf("a wait of %s with two calls in flight", wait)
		}
		s.End("a", false, limit, c.Now())
		if wait := s.Wait("a", limit, c.Now()); wait != 0 {
			t.Errorf("a wait of %s with one call in flight", wait)
		}
		s.End("a", true, limit, c.Now())
		if w := s.find(s.key("a", limit)); w.refused != 1 || len(s.pending) != 0 {
			t.Errorf("%d refused, %d in flight", w.refused, len(s.pending))
		}
	})

	t.Run("a refusal after the period belongs to the next one", func(t *testing.T) {
		c, s := newClock(), NewWindows()
		refuse(s, "a", c.Now())
		s.Begin("a", limit)
		c.move(time.Hour)
		s.End("a", true, limit, c.Now())
		if w := s.find(s.key("a", limit)); w.refused != 1 || !w.started.Equal(c.Now()) {
			t.Errorf("%d refused since %s", w.refused, w.started)
		}
	})

	t.Run("a period of another length counts for itself", func(t *testing.T) {
		c, s := newClock(), NewWindows()
		refuse(s, "a", c.Now())
		refuse(s, "a", c.Now())
		if wait := s.Wait("a", Rate{Calls: 1, Period: time.Minute}, c.Now()); wait != 0 {
			t.Errorf("a wait of %s", wait)
		}
	})

	t.Run("after a clock is set back the wait is one period at most", func(t *testing.T) {
		c, s := newClock(), NewWindows()
		refuse(s, "a", c.Now())
		refuse(s, "a", c.Now())
		c.move(-24 * time.Hour)
		if wait := s.Wait("a", limit, c.Now()); wait != time.Hour {
			t.Errorf("a wait of %s, want an hour", wait)
		}
		c.move(time.Hour)
		if wait := s.Wait("a", limit, c.Now()); wait != 0 {
			t.Errorf("a wait of %s", wait)
		}
	})
}

func TestWindowsNames(t *testing.T) {
	hourly := Rate{Calls: 2, Period: time.Hour}
	count := func(s *Windows, name string) *Window { return s.count(s.key(name, hourly)) }

	t.Run("a name has one window, and another name another", func(t *testing.T) {
		s := NewWindows()
		w := count(s, "a")
		if count(s, "b") == w || count(s, "a") != w || count(s, "a") != w || count(s, "") == w {
			t.Error("windows are mixed up")
		}
	})

	t.Run("a name counted again is protected, and one asked about has no window", func(t *testing.T) {
		s := NewWindows()
		s.Wait("a", hourly, time.Now())
		s.Begin("a", hourly)
		s.End("a", false, hourly, time.Now())
		if s.probation.Len() != 0 || s.protected.Len() != 0 {
			t.Errorf("never counted: %d on probation, %d protected", s.probation.Len(), s.protected.Len())
		}
		count(s, "a")
		if s.probation.Len() != 1 || s.protected.Len() != 0 {
			t.Errorf("once: %d on probation, %d protected", s.probation.Len(), s.protected.Len())
		}
		count(s, "a")
		if s.probation.Len() != 0 || s.protected.Len() != 1 {
			t.Errorf("again: %d on probation, %d protected", s.probation.Len(), s.protected.Len())
		}
	})

	t.Run("it stores digests of its own, and no name", func(t *testing.T) {
		a, b := NewWindows(), NewWindows()
		if a.key("key", hourly) == b.key("key", hourly) {
			t.Error("two sets have one digest")
		}
		count(a, "key")
		for _, key := range a.probation.Keys() {
			if key != a.key("key", hourly) {
				t.Errorf("stored: %v", key)
			}
		}
	})
}

func TestWindowsEviction(t *testing.T) {
	hourly := Rate{Calls: 2, Period: time.Hour}
	count := func(s *Windows, name string) *Window { return s.count(s.key(name, hourly)) }

	t.Run("new names evict those on probation, the oldest first, and no protected one", func(t *testing.T) {
		s := NewWindows()
		protected := count(s, "protected")
		count(s, "protected")
		oldest, newer := count(s, "oldest"), count(s, "newer")
		for i := 0; i < maxWindows-1; i++ {
			count(s, fmt.Sprint("flood", i))
		}
		if count(s, "newer") != newer {
			t.Error("the newer name was evicted")
		}
		if count(s, "oldest") == oldest {
			t.Error("the oldest name was kept")
		}
		if count(s, "protected") != protected {
			t.Error("a protected name was evicted")
		}
	})

	t.Run("of protected names the one used least recently is evicted", func(t *testing.T) {
		s := NewWindows()
		windows := map[string]*Window{}
		for i := 0; i <= maxWindows; i++ {
			name := fmt.Sprint(i)
			windows[name] = count(s, name)
			count(s, name)
			count(s, "0") // in use all the time
		}
		if s.protected.Len() != maxWindows || count(s, "0") != windows["0"] || count(s, "1") == windows["1"] {
			t.Errorf("%d protected; or the wrong one was evicted", s.protected.Len())
		}
	})

	t.Run("a hundred thousand names take bounded memory and evict no name in use", func(t *testing.T) {
		f := newBudgetFixture(t, ApplicationKey, 3)
		used := Credential{Token: "in use"}
		f.verify(used, 0)
		f.verify(used, 0)
		f.respond(deny) // what is allowed is in use
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		for i := range [100000]int{} {
			_, _ = f.budget.Verify(context.Background(), Credential{Token: fmt.Sprint("fake", i), Budget: f.limit})
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		names := f.budget.ledger.counts[0].names
		if kept := names.probation.Len() + names.protected.Len(); kept > 2*maxWindows {
			t.Errorf("%d windows", kept)
		}
		if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 16<<20 {
			t.Errorf("%d bytes more", grown)
		}
		f.verify(used, 0)
		f.verify(used, time.Hour)
	})
}
