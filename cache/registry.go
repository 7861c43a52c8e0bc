package cache

import (
	"context"
	"sync"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// shortest is the least that an unused scope stays known: a "not now" lasts up
// to an hour.
const shortest = time.Hour

// Registry holds the scopes of a process. Traefik makes every instance anew at
// each change of its configuration, whichever part of it changed; what was
// learned has to live longer than that.
type Registry struct {
	start  time.Time
	now    func() time.Time
	secret string

	mu       sync.Mutex
	scopes   map[string]*Scope
	learned  map[string]*Learned
	expelled time.Time // when old scopes were last looked for
}

// NewRegistry returns an empty registry whose clock began at start.
func NewRegistry(start time.Time, now func() time.Time) *Registry {
	return &Registry{
		start:  start,
		now:    now,
		secret: newSecret(),
		scopes: map[string]*Scope{},

		learned: map[string]*Learned{},
	}
}

// Fingerprint joins everything that changes a scope's answers into a name that
// tells nothing of them: some parts are secret.
func (r *Registry) Fingerprint(parts ...string) string {
	d := digest(r.secret, parts...)
	return string(d[:])
}

// Instance is one handler, as it joins a scope.
type Instance struct {
	Context context.Context // ends when Traefik replaces the handler
	Epoch   string          // a change of it forgets everything learned
	Plan    string          // names all that goes into its header values
	Policy  Policy
	Report  verifier.Report // its log
	Learned *Learned        // the logins that it believes; nil: none
}

// Build makes what a scope asks. It reports through report, and asks limit
// before every call how many it may make.
type Build func(limit func() verifier.Rate, report verifier.Report) verifier.Verifier

// Join gives an instance its view of the scope of that fingerprint and the
// instance's epoch. The first to come makes the scope, over what build returns;
// perKey says that the upstream's quota counts by application key. What build
// makes reports through the scope, and so to the newest instance's log.
func (r *Registry) Join(fingerprint string, i Instance, perKey bool, build Build) (*Cache, *Front) {
	r.mu.Lock()
	defer r.mu.Unlock()
	name := r.Fingerprint(fingerprint, i.Epoch)
	s := r.scopes[name]
	if s == nil || s.over() {
		s = r.open(name, i.Policy, perKey)
		s.family = fingerprint
		s.born = r.reborn(fingerprint)
		limit, report := s.limit, s.report
		s.next = build(limit, report)
		r.scopes[name] = s
	}
	front := s.join(i)
	for other, relative := range r.scopes {
		if other != name && relative.family == fingerprint {
			relative.supersede()
		}
	}
	r.expel()
	return &Cache{scope: s, policy: i.Policy, front: front}, front
}

// reborn is when a scope begins that follows one of another epoch, of which
// everything is forgotten; zero: it follows none.
func (r *Registry) reborn(family string) time.Time {
	for _, s := range r.scopes {
		if s.family == family {
			return r.now()
		}
	}
	return time.Time{}
}

func (r *Registry) open(name string, policy Policy, perKey bool) *Scope {
	return &Scope{
		perKey:    perKey,
		start:     r.start,
		now:       r.now,
		secret:    derive(r.secret, "scope", name),
		store:     newStore(policy.Size, policy.NegativeSize),
		fronts:    map[string]*Front{},
		instances: map[string]*instance{},
		flying:    map[[32]byte]*flight{},
		clients:   verifier.NewWindows(),
		size:      policy.Size,
		negative:  policy.NegativeSize,
	}
}

// expel lets go of scopes that no instance has used for longer than anything
// in them could still matter.
func (r *Registry) expel() {
	now := r.now()
	if since := now.Sub(r.expelled); since >= 0 && since < time.Second {
		return // a reload makes many instances at once
	}
	r.expelled = now
	for name, s := range r.scopes {
		if s.abandoned(now) {
			delete(r.scopes, name)
		}
	}
}
