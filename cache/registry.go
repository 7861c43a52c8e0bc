package cache

import (
	"sync"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/keyed"
	"github.com/upstreamauth/upstreamauth/cache/logins"
	"github.com/upstreamauth/upstreamauth/cache/shared"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// Registry holds the scopes of a process, and the logins that they trust. Traefik
// makes every instance anew at each change of its configuration, whichever part
// changed; what is remembered has to outlive that. It is safe for concurrent use.
type Registry struct {
	start  time.Time
	clock  *logins.Clock
	secret string

	mu        sync.Mutex
	scopes    map[string]*Scope
	tokens    map[string]*tokens       // by upstream
	stores    map[string]*shared.Store // by their options
	apart     map[string]bool          // pairs of worlds that were reported to be apart
	checked   bool                     // idle scopes were looked for, at checkedAt
	checkedAt time.Duration            // since the process began
}

// tokens are what is known of the tokens of one API at an address, whichever routes
// learned it. It leaves the registry with its last table.
type tokens struct {
	barred   *logins.Barred
	bySecret map[string]*logins.Logins // by login secret
	sharedBy map[string]*upstream      // by world
}

// upstream is an API at an address, as a memory knows it that is shared with others.
type upstream struct {
	store        *shared.Store
	api, address string
}

// NewRegistry returns an empty registry. The times of prebuilt answers count from
// start, which no scope may precede. now is the wall clock, by which answers end; uptime
// is how long the process has run, by which scopes are idle: setting the wall clock must
// not make it jump.
func NewRegistry(start time.Time, now func() time.Time, uptime func() time.Duration) *Registry {
	return &Registry{
		start:  start,
		clock:  logins.NewClock(now, uptime),
		secret: keyed.Secret(),
		scopes: map[string]*Scope{},
		tokens: map[string]*tokens{},
		stores: map[string]*shared.Store{},
		apart:  map[string]bool{},
	}
}

// Fingerprint digests everything that changes a scope's answers. It is keyed,
// because some of the parts are secret.
func (r *Registry) Fingerprint(parts ...string) string {
	d := keyed.Digest(r.secret, parts...)
	return string(d[:])
}

// Join adds an instance to the scope of that fingerprint, the instance's epoch and the
// memory that it shares,
// and returns its view of the scope. The first instance opens the scope, over the
// verifier that build makes. quota: whom the upstream counts calls by
// key.
func (r *Registry) Join(fingerprint string, i Instance, quota string, build Build) (*Cache, *FastPath) {
	c := r.join(fingerprint, i, quota, build)
	c.scope.settle(nil)
	return c, c.fastPath
}

func (r *Registry) join(fingerprint string, i Instance, quota string, build Build) *Cache {
	r.mu.Lock()
	defer r.mu.Unlock()
	if i.Shared != nil {
		fingerprint = r.Fingerprint(fingerprint, "shared", i.Shared.World())
	}
	name := r.Fingerprint(fingerprint, i.Epoch)
	s := r.scopes[name]
	if s == nil || s.retired() {
		s = newScope(keyed.Derive(r.secret, "scope", name), i.Policy, quota, r.start, r.clock)
		s.epoch.upstreamID = fingerprint
		s.epoch.validFrom = r.validFrom(fingerprint)
		s.next = build(s.report, s.count)
		r.scopes[name] = s
	}
	s.share(i)
	fastPath := s.join(i)
	for other, relative := range r.scopes {
		if other != name && relative.epoch.upstreamID == fingerprint {
			relative.retire()
		}
	}
	r.dropIdle()
	c := &Cache{scope: s, policy: i.Policy, fastPath: fastPath}
	if i.Shared != nil {
		c.patience = i.Shared.Patience()
	}
	return c
}

// validFrom is the event after which logins count in a new scope: the last one where it
// follows a scope of another epoch, since a new epoch forgets everything; 0 otherwise,
// and then all count.
func (r *Registry) validFrom(upstreamID string) int64 {
	for _, s := range r.scopes {
		if s.epoch.upstreamID == upstreamID {
			return r.clock.Last()
		}
	}
	return 0
}

// dropIdle drops the scopes that no instance has used for longer than anything in
// them could still matter.
func (r *Registry) dropIdle() {
	up := r.clock.Uptime()
	if r.checked && up-r.checkedAt < time.Second {
		return // a reload makes many instances at once
	}
	r.checked, r.checkedAt = true, up
	now := r.clock.Now()
	for name, s := range r.scopes {
		if s.isIdle(now) {
			delete(r.scopes, name)
		}
	}
}

// Store returns the memory of these options, which this process shares with others: the
// same for all routes whose options are equal. It opens no connection and starts nothing. What
// others of its world have heard it knows, and what they have not told it tells.
func (r *Registry) Store(o shared.Options) *shared.Store {
	key := o.Key()
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.stores[key]
	opened := s == nil
	if opened {
		s = r.openStore(o)
	}
	world := s.World()
	for name, other := range r.stores {
		if name == key {
			continue
		}
		if other.World() == world {
			if opened {
				s.Follow(other)
			}
			s.TakeOver(other)
		}
		if opened && other.IsIdle() {
			delete(r.stores, name)
		}
	}
	r.stores[key] = s
	return s
}

// openStore makes a store that tells the scopes of its world what it hears.
func (r *Registry) openStore(o shared.Options) *shared.Store {
	world := o.World()
	return shared.New(o, r.clock.Now, r.clock.Uptime, shared.Hears{
		Forgotten: func(name [32]byte) {
			for _, s := range r.sharers(world) {
				s.forgetName(name)
			}
		},
		Revoked: func(token [32]byte) {
			for _, s := range r.sharers(world) {
				s.forgetToken(token)
			}
		},
		Issued: func(token [32]byte) {
			for _, s := range r.sharers(world) {
				s.supersedeToken(token)
			}
		},
		Missed: func() {
			for _, s := range r.sharers(world) {
				s.emptyFastPaths()
			}
		},
	})
}

// sharers are the scopes of a world.
func (r *Registry) sharers(world string) []*Scope {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []*Scope
	for _, s := range r.scopes {
		if s.world == world {
			all = append(all, s)
		}
	}
	return all
}

// maxApart is how many pairs of worlds are known to have been reported.
const maxApart = 1000

// reportApart reports, once, that a memory in use and another one of this process share
// nothing, though they lie at one place: their secrets differ. That may be meant so.
func (r *Registry) reportApart(store *shared.Store, report verifier.Report) {
	if r.findApart(store) {
		report("info", shared.EventApart, "another block of this Traefik has another shared.secret for the same Redis: the two share nothing with each other")
	}
}

// findApart tells whether there is such a pair that was not reported yet.
func (r *Registry) findApart(store *shared.Store) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	found := false
	for _, other := range r.stores {
		if !store.IsApart(other) || !other.IsLive() {
			continue
		}
		first, second := store.World(), other.World()
		if second < first {
			first, second = second, first
		}
		if r.apart[first+second] {
			continue
		}
		if len(r.apart) >= maxApart {
			r.apart = map[string]bool{}
		}
		r.apart[first+second] = true
		found = true
	}
	return found
}
