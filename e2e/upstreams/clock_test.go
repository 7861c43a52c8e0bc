package upstreams

import (
	"sync"
	"testing"
	"time"
)

func TestClock(t *testing.T) {
	t.Run("is the real time until it is moved", func(t *testing.T) {
		c := NewClock()
		if off := time.Since(c.Now()).Abs(); off > time.Second {
			t.Errorf("a new clock is %s off", off)
		}
		began := c.Now()
		c.Advance(10 * time.Hour)
		if passed := c.Since(began); passed < 10*time.Hour || passed > 10*time.Hour+time.Minute {
			t.Errorf("after 10 h, %s have passed", passed)
		}
		c.Advance(-10 * time.Hour)
		if passed := c.Since(began); passed > time.Minute {
			t.Errorf("moved back, %s have passed", passed)
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
