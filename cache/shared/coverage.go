package shared

import (
	"sync"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/redis"
)

// coverage knows since when, and until when, everything was heard that the others have
// told. All its instants are uptimes, which setting the wall clock does not change.
type coverage struct {
	local time.Duration

	mu       sync.Mutex
	began    time.Duration   // when the store began to be used
	listener *redis.Listener // nil: none
	current  time.Duration   // heard up to here, as of the last look at the listener
	covered  bool            // something was heard since listener began, so that since is known
	since    time.Duration   // nothing was missed from here to current
	fast     bool            // prebuilt answers may be used
}

// ticks is how often the listener is looked at.
func (c *coverage) ticks() time.Duration {
	if c.local < 4*time.Second {
		return c.local / 4
	}
	return time.Second
}

// begin takes a new listener, which has heard nothing yet.
func (c *coverage) begin(l *redis.Listener, up time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.listener = l
	c.began, c.current = up, up
	c.covered = false
	c.fast = true
}

// end stops the listener.
func (c *coverage) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.listener != nil {
		c.listener.Stop()
	}
	c.listener = nil
	c.covered, c.fast = false, false
}

// miss notes that something may have been missed up to now.
func (c *coverage) miss(up time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.covered = true
	c.since = up
}

// look looks at the listener. The result tells whether prebuilt answers are to be dropped:
// something may have been missed before it began, or it has been away for long.
func (c *coverage) look(up time.Duration) bool {
	drop := false
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.listener == nil {
		return false
	}
	current := c.listener.Current()
	if !current.IsZero() {
		c.current = uptimeOf(current)
		if !c.covered {
			drop = true
			c.covered = true
			c.since = c.current
		}
	}
	// Until the next look, as much again may pass.
	fast := up-c.current < c.local-c.ticks()
	drop = drop || c.fast && !fast
	c.fast = fast
	return drop
}

// failure is why nothing has been heard for long; empty: all is heard, or it is not long ago.
func (c *coverage) failure() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.listener == nil || c.fast {
		return ""
	}
	err := c.listener.Err()
	if err == nil {
		return "no reply in time"
	}
	return err.Error()
}

// holds tells whether an answer may be used that was looked up then, and not forgotten
// since: either all that was told since has been heard, or it is not long ago.
func (c *coverage) holds(looked, up time.Duration) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.covered && looked < c.since {
		return false
	}
	if up-looked < c.local {
		return true
	}
	if c.listener == nil || !c.covered {
		return false
	}
	current := c.listener.Current()
	return !current.IsZero() && up-uptimeOf(current) < c.local
}

// isFast tells whether answers may be prebuilt now.
func (c *coverage) isFast() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.fast
}

// The client's clock is the uptime, counted from an instant of its own.
var clockBase = time.Unix(1000000000, 0)

func uptimeOf(t time.Time) time.Duration {
	return t.Sub(clockBase)
}
