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

	mu        sync.Mutex
	scopes    map[string]*Scope
	logins    map[string]*Logins
	checkedAt time.Time // when old scopes were last looked for
}

// NewRegistry returns an empty registry whose clock began at start.
func NewRegistry(start time.Time, now func() time.Time) *Registry {
	return &Registry{
		start:  start,
		now:    now,
		secret: newSecret(),
		scopes: map[string]*Scope{},

		logins: map[string]*Logins{},
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
	Context   context.Context // ends when Traefik replaces the handler
	Epoch     string          // a change of it forgets everything learned
	RenderKey string          // names all that goes into its header values
	Policy    Policy
	Report    verifier.Report // its log
	Logins    *Logins         // the logins that it believes; nil: none
}

// Build makes what a scope asks. It reports through report, and asks limit
// before every call how many it may make.
type Build func(limit func() verifier.Rate, report verifier.Report) verifier.Verifier

// Join gives an instance its view of the scope of that fingerprint and the
// instance's epoch. The first to come makes the scope, over what build returns;
// perKey says that the upstream's quota counts by application key. What build
// makes reports through the scope, and so to the newest instance's log.
func (r *Registry) Join(fingerprint string, i Instance, perKey bool, build Build) (*Cache, *FastPath) {
	r.mu.Lock()
	defer r.mu.Unlock()
	name := r.Fingerprint(fingerprint, i.Epoch)
	s := r.scopes[name]
	if s == nil || s.retired() {
		s = r.open(name, i.Policy, perKey)
		s.upstreamID = fingerprint
		s.validFrom = r.validFrom(fingerprint)
		limit, report := s.budgetNow, s.report
		s.next = build(limit, report)
		r.scopes[name] = s
	}
	front := s.join(i)
	for other, relative := range r.scopes {
		if other != name && relative.upstreamID == fingerprint {
			relative.retire()
		}
	}
	r.dropIdle()
	return &Cache{scope: s, policy: i.Policy, fastPath: front}, front
}

// validFrom is when a scope begins that follows one of another epoch, of which
// everything is forgotten; zero: it follows none.
func (r *Registry) validFrom(family string) time.Time {
	for _, s := range r.scopes {
		if s.upstreamID == family {
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
		fronts:    map[string]*FastPath{},
		instances: map[string]*instance{},
		flying:    map[[32]byte]*flight{},
		clients:   verifier.NewWindows(),
		size:      policy.Size,
		negative:  policy.NegativeSize,
	}
}

// dropIdle lets go of scopes that no instance has used for longer than anything
// in them could still matter.
func (r *Registry) dropIdle() {
	now := r.now()
	if since := now.Sub(r.checkedAt); since >= 0 && since < time.Second {
		return // a reload makes many instances at once
	}
	r.checkedAt = now
	for name, s := range r.scopes {
		if s.isIdle(now) {
			delete(r.scopes, name)
		}
	}
}
