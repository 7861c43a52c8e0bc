package cache

import (
	"sync"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// Registry holds the scopes of a process, and the logins that they trust. Traefik
// makes every instance anew at each change of its configuration, whichever part
// changed; what is remembered has to outlive that. It is safe for concurrent use.
type Registry struct {
	start  time.Time
	now    func() time.Time
	secret string

	mu        sync.Mutex
	scopes    map[string]*Scope
	logins    map[string]*Logins
	checkedAt time.Time // when idle scopes were last looked for
}

// NewRegistry returns an empty registry. The times of prebuilt answers count from
// start, which no scope may precede.
func NewRegistry(start time.Time, now func() time.Time) *Registry {
	return &Registry{
		start:  start,
		now:    now,
		secret: newSecret(),
		scopes: map[string]*Scope{},
		logins: map[string]*Logins{},
	}
}

// Fingerprint digests everything that changes a scope's answers. It is keyed,
// because some of the parts are secret.
func (r *Registry) Fingerprint(parts ...string) string {
	d := digest(r.secret, parts...)
	return string(d[:])
}

// Join adds an instance to the scope of that fingerprint and the instance's epoch,
// and returns its view of the scope. The first instance opens the scope, over the
// verifier that build makes. quotaPerKey: the upstream counts calls by application
// key.
func (r *Registry) Join(fingerprint string, i Instance, quotaPerKey bool, build Build) (*Cache, *FastPath) {
	r.mu.Lock()
	defer r.mu.Unlock()
	name := r.Fingerprint(fingerprint, i.Epoch)
	s := r.scopes[name]
	if s == nil || s.retired() {
		s = newScope(derive(r.secret, "scope", name), i.Policy, quotaPerKey, r.start, r.now)
		s.epoch.upstreamID = fingerprint
		s.epoch.validFrom = r.validFrom(fingerprint)
		budgetNow, report := s.budgetNow, s.report
		s.next = build(budgetNow, report)
		r.scopes[name] = s
	}
	fastPath := s.join(i)
	for other, relative := range r.scopes {
		if other != name && relative.epoch.upstreamID == fingerprint {
			relative.retire()
		}
	}
	r.dropIdle()
	return &Cache{scope: s, policy: i.Policy, fastPath: fastPath}, fastPath
}

// validFrom is from when logins count in a new scope: from now where it follows one
// of another epoch, since a new epoch forgets everything; zero otherwise, and then
// all count.
func (r *Registry) validFrom(upstreamID string) time.Time {
	for _, s := range r.scopes {
		if s.epoch.upstreamID == upstreamID {
			return r.now()
		}
	}
	return time.Time{}
}

// dropIdle drops the scopes that no instance has used for longer than anything in
// them could still matter.
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

// LoginsOf returns the logins of an API at an address, shared by all routes that
// name the same login secret; nil where there is no secret.
func (r *Registry) LoginsOf(api, address, loginSecret string) *Logins {
	if loginSecret == "" {
		return nil
	}
	return r.loginsNamed(r.Fingerprint("logins", api, address, loginSecret))
}

func (r *Registry) loginsNamed(name string) *Logins {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	for other, l := range r.logins {
		if l.isIdle(now) {
			delete(r.logins, other)
		}
	}
	l := r.logins[name]
	if l == nil {
		l = r.openLogins(name)
		r.logins[name] = l
	}
	l.touch(now)
	return l
}

func (r *Registry) openLogins(name string) *Logins {
	l := newLogins(derive(r.secret, "logins", name), r.now)
	l.invalidateAll = func(token string, denialOnly bool) {
		r.invalidate(l, token, denialOnly)
	}
	return l
}

// invalidate drops a token, or only its denial, in all scopes that trust l.
func (r *Registry) invalidate(l *Logins, token string, denialOnly bool) {
	credential := verifier.Credential{Kind: verifier.Bearer, Token: token}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.scopes {
		if s.trusts() != l {
			continue
		}
		if denialOnly {
			s.dropDenial(credential)
			continue
		}
		s.forget(credential)
	}
}
