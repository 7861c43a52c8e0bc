package logins

import (
	"sync/atomic"
	"time"
)

// Clock tells the time of a process, and the order of what happens to tokens in it.
// The order does not come from the time, since a clock may be set.
type Clock struct {
	Now    func() time.Time     // by the wall clock, by which tokens end
	Uptime func() time.Duration // since the process began; setting the wall clock does not change it

	events atomic.Int64
}

// NewClock returns a clock. Both functions are called from many goroutines.
func NewClock(now func() time.Time, uptime func() time.Duration) *Clock {
	return &Clock{Now: now, Uptime: uptime}
}

// Last is the number of the last event; 0: there was none.
func (c *Clock) Last() int64 {
	return c.events.Load()
}

// next numbers an event, from 1.
func (c *Clock) next() int64 {
	return c.events.Add(1)
}
