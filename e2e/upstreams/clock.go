package upstreams

import (
	"sync/atomic"
	"time"
)

// Clock is the real time plus offsets that tests move. All servers that share a Clock agree on
// when a token ends. It is safe for concurrent use. The zero value is the real time.
type Clock struct {
	offset atomic.Int64 // nanoseconds that have passed beside the real ones
	wall   atomic.Int64 // nanoseconds by which the wall clock was set
}

// NewClock returns a Clock that is the real time until it is moved.
func NewClock() *Clock {
	return &Clock{}
}

// Now returns the clock's time.
func (c *Clock) Now() time.Time {
	return time.Now().Add(time.Duration(c.offset.Load() + c.wall.Load()))
}

// Since returns how long ago t was by this clock; negative if t is still to come. As time.Since, it
// goes by the monotonic clock where t was read from that, before the wall clock was set, and then
// says how much time has passed, whatever the wall clock was set to.
func (c *Clock) Since(t time.Time) time.Duration {
	passed := time.Now().Add(time.Duration(c.offset.Load()))
	if t != t.Round(0) {
		return passed.Sub(t)
	}
	return passed.Add(time.Duration(c.wall.Load())).Sub(t)
}

// Advance lets d pass; a negative d takes it back.
func (c *Clock) Advance(d time.Duration) {
	c.offset.Add(int64(d))
}

// Set sets the wall clock alone by d, as an operator or NTP does: no time passes.
func (c *Clock) Set(d time.Duration) {
	c.wall.Add(int64(d))
}
