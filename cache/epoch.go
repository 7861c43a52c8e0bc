package cache

import "time"

// retireGrace is how long a scope whose epoch was changed keeps its answers:
// while Traefik makes its instances anew, one of another epoch may join before
// one of this.
const retireGrace = 10 * time.Second

// epoch places a scope among those that ask the same upstream under other values
// of cache.epoch. The scope's lock guards it.
type epoch struct {
	upstreamID string    // the same in all of them
	validFrom  time.Time // logins before do not count; zero: all do
	retiredAt  time.Time // when instances moved on to another epoch; zero: they did not
}

// retire notes that the instances have moved on to another epoch.
func (e *epoch) retire(now time.Time) {
	if e.retiredAt.IsZero() {
		e.retiredAt = now
	}
}

// renew notes that an instance uses this epoch again.
func (e *epoch) renew() {
	e.retiredAt = time.Time{}
}

// retired tells whether the epoch was changed for good. An instance that comes
// back to it gets an empty scope.
func (e *epoch) retired(now time.Time) bool {
	return !e.retiredAt.IsZero() && now.Sub(e.retiredAt) > retireGrace
}

// outdates tells whether a flight that began then was started before the epoch
// was changed: an allow that it brings no longer counts.
func (e *epoch) outdates(begun time.Time) bool {
	return !e.retiredAt.IsZero() && !begun.After(e.retiredAt)
}
