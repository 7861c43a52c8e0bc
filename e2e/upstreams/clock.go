package upstreams

import (
	"sync/atomic"
	"time"
)

// Clock is the real time plus an offset that tests move. All servers that share a Clock agree on
// when a token ends. It is safe for concurrent use. The zero value is the real time.
type Clock struct {
	offset atomic.Int64 // nanoseconds
}

// NewClock returns a Clock that is the real time until it is moved.
func NewClock() *Clock {
	return &Clock{}
}

// Now returns the clock's time.
func (c *Clock) Now() time.Time {
	return time.Now().Add(time.Duration(c.offset.Load()))
}

// Since returns how long ago t was by this clock; negative if t is still to come.
func (c *Clock) Since(t time.Time) time.Duration {
	return c.Now().Sub(t)
}

// Advance moves the clock by d; a negative d moves it back.
func (c *Clock) Advance(d time.Duration) {
	c.offset.Add(int64(d))
}
