package cache

import "time"

// retireGrace is how long a scope whose epoch was changed stays as it is: while
// Traefik makes its instances anew, one of another epoch may join before one
// of this.
const retireGrace = 10 * time.Second

// retire notes that the same upstream is asked under another epoch, unless
// an instance still lives that wants this one.
func (s *Scope) retire() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.retiredAt.IsZero() && !s.inUse() {
		s.retiredAt = s.now()
	}
}

// outdated tells whether a flight began before the epoch was changed: what it
// brings is not to be believed any more. The caller holds the lock.
func (s *Scope) outdated(f *flight) bool {
	return !s.retiredAt.IsZero() && !f.begun.After(s.retiredAt)
}

// retired tells whether the epoch was changed for good, so that who comes back to
// it has to find it empty.
func (s *Scope) retired() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.retiredAt.IsZero() && s.now().Sub(s.retiredAt) > retireGrace
}

// inUse tells whether any instance's time is not over.
func (s *Scope) inUse() bool {
	for _, i := range s.instances {
		if i.ctx.Err() == nil {
			return true
		}
	}
	return false
}
