package upstreams

import (
	"sync"
	"testing"
	"time"
)

func TestClock(t *testing.T) {
	t.Run("is the real time until it is moved", func(t *testing.T) {
		c := NewClock()
		before := time.Now()
		began := c.Now()
		if after := time.Now(); began.Before(before) || began.After(after) {
			t.Errorf("a new clock is at %s, between %s and %s", began, before, after)
		}
		c.Advance(10 * time.Hour)
		if passed := c.Since(began); passed < 10*time.Hour || passed > 10*time.Hour+time.Minute {
			t.Errorf("after 10 h, %s have passed", passed)
		}
		c.Advance(-10 * time.Hour)
		if passed := c.Since(began); passed > time.Minute {
			t.Errorf("moved back, %s have passed", passed)
		}
	})

	t.Run("its wall clock may be set alone", func(t *testing.T) {
		c := NewClock()
		began := c.Now()
		c.Set(50 * time.Hour)
		c.Advance(time.Hour)
		if passed := c.Since(began); passed < time.Hour || passed > time.Hour+time.Minute {
			t.Errorf("by the monotonic clock, %s have passed", passed)
		}
		if passed := c.Since(began.Round(0)); passed < 51*time.Hour || passed > 51*time.Hour+time.Minute {
			t.Errorf("by the wall clock, %s have passed", passed)
		}
		if off := time.Since(c.Now()); off > -51*time.Hour+time.Minute || off < -51*time.Hour-time.Minute {
			t.Errorf("the time is %s off", off)
		}
	})

	t.Run("may be moved and read concurrently", func(t *testing.T) {
		c := NewClock()
		began := c.Now()
		var movers sync.WaitGroup
		for range 8 {
			movers.Go(func() {
				for range 100 {
					c.Advance(time.Hour)
					_ = c.Now()
				}
			})
		}
		movers.Wait()
		if passed := c.Since(began); passed < 800*time.Hour {
			t.Errorf("of 800 moves by an hour, %s are left", passed)
		}
	})
}
