package cache

import (
	"sync"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/keyed"
	"github.com/upstreamauth/upstreamauth/cache/logins"
	"github.com/upstreamauth/upstreamauth/cache/shared"
	"github.com/upstreamauth/upstreamauth/telemetry/counters"
)

// Registry holds the scopes of a process, and the logins that they trust. Traefik
// makes every instance anew at each change of its configuration, whichever part
// changed; what is remembered has to outlive that. It is safe for concurrent use.
type Registry struct {
	start  time.Time
	clock  *logins.Clock
	secret string
	table  *counters.Table // of scopes that are gone
	stores *shared.Stores  // that this process shares with others

	mu        sync.Mutex
	scopes    map[string]*Scope
	tokens    map[string]*tokens // by upstream
	checked   bool               // idle scopes were looked for, at checkedAt
	checkedAt time.Duration      // since the process began
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
	clock := logins.NewClock(now, uptime)
	return &Registry{
		start:  start,
		clock:  clock,
		secret: keyed.Secret(),
		table:  counters.NewTable(),
		stores: shared.NewStores(clock.Now, clock.Uptime),
		scopes: map[string]*Scope{},
		tokens: map[string]*tokens{},
	}
}

// Fingerprint digests everything that changes a scope's answers. It is keyed,
// because some of the parts are secret.
func (r *Registry) Fingerprint(parts ...string) string {
	d := keyed.Digest(r.secret, parts...)
	return string(d[:])
}

// Join adds an instance to the scope of that fingerprint, the instance's epoch and the
// memory that it shares, and returns its view of the scope. The first instance opens the
// scope, over the verifier that build makes. quota: whom the upstream counts calls by.
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
		r.drop(name, s)
		tally := counters.NewScope(i.Label, string(i.Kind), r.clock.Now, r.clock.Uptime)
		s = newScope(keyed.Derive(r.secret, "scope", name), i.Policy, quota, r.start, r.clock, tally)
		s.epoch.upstreamID = fingerprint
		s.epoch.validFrom = r.validFrom(fingerprint)
		s.next = build(s.report, s.count, tally)
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
			r.drop(name, s)
		}
	}
}

// Store returns the memory of these options, which this process shares with others: the
// same for all routes whose options are equal. It opens no connection and starts nothing. What
// it hears it tells the scopes of its world.
func (r *Registry) Store(o shared.Options) *shared.Store {
	world := o.World()
	store := r.stores.Of(o, shared.Hears{
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
		Swept: func(sort string, name [32]byte) {
			for _, s := range r.sharers(world) {
				s.hearSweep(sort, name)
			}
		},
		Missed: func() {
			for _, s := range r.sharers(world) {
				s.emptyFastPaths()
			}
		},
	})
	return store
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

// drop drops a scope, and keeps what it has counted; nil: there is none.
func (r *Registry) drop(name string, s *Scope) {
	if s == nil {
		return
	}
	state := s.state()
	r.table.Keep(state.Label, state.Totals)
	delete(r.scopes, name)
}

// all are the scopes.
func (r *Registry) all() []*Scope {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]*Scope, 0, len(r.scopes))
	for _, s := range r.scopes {
		all = append(all, s)
	}
	return all
}

// States is what there is to say of all scopes now, and of those that are gone. No lock of
// the registry is held while the verifiers are asked.
func (r *Registry) States() (now []*counters.State, gone []*counters.Line) {
	for _, s := range r.all() {
		state := s.state()
		if s.tally.Gauge != nil {
			s.tally.Gauge(state)
		}
		now = append(now, state)
	}
	gone = r.table.Gone()
	return now, gone
}

// MemoryState is what all shared memories have counted; nil: none is shared.
func (r *Registry) MemoryState() *counters.MemoryState {
	state := r.stores.State()
	return state
}
