package scenario

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/redis"
)

// ReplicaScenario is a promise of several Traefiks that share a memory.
type ReplicaScenario struct {
	Name string
	Run  func(t testing.TB, f *Fleet)
	// NeedsClock: as of Scenario.
	NeedsClock bool
}

// Shared lists the scenarios of several Traefiks that share a memory in Redis.
var Shared = []ReplicaScenario{
	{Name: "what one has asked the others know, of every API, with the same identity and end", Run: knownElsewhere},
	{Name: "the canary goes with the first question of each, and what is distrusted is not shared", Run: canaryElsewhere},
	{Name: "denials, rate limits and outages are each one's own", Run: ownRefusals},
	{Name: "an entry gets no younger by being looked up", Run: ownInstants},
	{Name: "an entry is revalidated by the age of the true question", Run: ownRevalidation},
	{Name: "requirements, headers and lifetimes are those of the route that serves", Run: ownPolicies},
	{Name: "routes with other settings, other secrets, prefixes or databases share nothing", Run: otherMemories},
	{Name: "a login that one saw counts at all from its true instant, and its refresh token is barred at all", Run: loginElsewhere},
	{Name: "a logout at one is felt at all", Run: logoutFelt},
	{Name: "a logout that is not heard is felt within local: without permission to read the stream", Run: deafReplica},
	{Name: "a logout that is not heard is felt within local: the push is swallowed", Run: swallowedPush},
	{Name: "a session goes on at another one, and its logout ends it at all", Run: sessionElsewhere},
	{Name: "a denial at one's revalidation is felt at all", Run: denialFelt},
	{Name: "an allow that was under way during the logout does not come back", Run: lateAllowElsewhere},
	{Name: "what an operator has forgotten at one is forgotten at all", Run: forgottenElsewhere},
	{Name: "what an operator has forgotten is not taken from Redis later", Run: forgottenBeforeStart},
	{Name: "calls are counted together, and each route obeys its own limit", Run: budgetTogether},
	{Name: "replicas are restarted one after the other under load", Run: rollingRestart},
	{Name: "values that Redis swapped, replayed, took from elsewhere or lost allow nothing", Run: lyingRedis},
	{Name: "what lies in Redis tells nothing", Run: silentRedis},
}

// Fleet is several replicas over one backend and one Redis, in one test.
type Fleet struct {
	*Harness // the first replica
	Redis    *redis.Server
	Replicas []*Harness

	t     testing.TB
	fresh Opener
	full  bool
}

// ReplicaLevels say where the replicas of a fleet run.
type ReplicaLevels struct {
	Open  []Opener // one for each replica
	Fresh Opener   // starts another process, which knows nothing
	Full  bool     // thousands of users where there are dozens otherwise
}

// InProcess are replicas in this process.
func InProcess(open Opener, replicas int) ReplicaLevels {
	l := ReplicaLevels{Fresh: open}
	for range replicas {
		l.Open = append(l.Open, open)
	}
	return l
}

// RunShared runs scenarios one after the other, each with a Redis of its own. It returns a
// result for each one that was run.
func RunShared(t *testing.T, levels ReplicaLevels, scenarios []ReplicaScenario) []Result {
	var results []Result
	all := NewFleet(t, levels, nil)
	for _, s := range scenarios {
		t.Run(s.Name, func(t *testing.T) {
			if s.NeedsClock && all.Clock() == nil {
				t.Skip("needs a clock that can be moved; it runs native and interpreted")
			}
			results = append(results, runInTime(t, all, s))
		})
	}
	return results
}

// in is the same replicas in one more test, over a Redis of its own.
func (f *Fleet) in(t testing.TB, server *redis.Server) *Fleet {
	one := &Fleet{Redis: server, t: t, fresh: f.fresh, full: f.full}
	for _, h := range f.Replicas {
		one.Replicas = append(one.Replicas, NewHarness(t, h.Level, h.Backend))
	}
	one.Harness = one.Replicas[0]
	return one
}

// RunSharedHalves is RunShared in as many groups as there are levels, at the same time.
func RunSharedHalves(t *testing.T, scenarios []ReplicaScenario, groups ...ReplicaLevels) {
	for i, levels := range groups {
		var group []ReplicaScenario
		for j := i; j < len(scenarios); j += len(groups) {
			group = append(group, scenarios[j])
		}
		t.Run(string(rune('1'+i)), func(t *testing.T) {
			t.Parallel()
			RunShared(t, levels, group)
		})
	}
}

func startRedis(t testing.TB, options redis.Options) *redis.Server {
	t.Helper()
	server, err := redis.Start(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	return server
}

// NewFleet opens a replica at each level, over one backend. They end with the test, and
// their logs are searched for secrets then.
func NewFleet(t *testing.T, levels ReplicaLevels, server *redis.Server) *Fleet {
	t.Helper()
	backend := NewBackend(nil)
	t.Cleanup(backend.Close)
	f := &Fleet{Redis: server, t: t, fresh: levels.Fresh, full: levels.Full}
	for _, open := range levels.Open {
		f.Replicas = append(f.Replicas, f.open(open, backend))
	}
	f.Harness = f.Replicas[0]
	return f
}

func (f *Fleet) open(open Opener, backend *Backend) *Harness {
	f.t.Helper()
	level, err := open(backend.URL)
	if err != nil {
		f.t.Fatal(err)
	}
	h := NewHarness(f.t, &closedOnce{Level: level, check: func(logs string) { ExpectNoMarker(f.t, logs) }}, backend)
	f.t.Cleanup(h.Close)
	return h
}

// closedOnce is a level that may be closed twice. Its logs are searched for secrets then.
type closedOnce struct {
	Level
	check func(logs string)
	once  sync.Once
}

func (c *closedOnce) Close() {
	c.once.Do(func() {
		c.check(c.Logs())
		c.Level.Close()
	})
}

// openFresh opens one more replica, which knows nothing.
func (f *Fleet) openFresh() *Harness {
	f.t.Helper()
	h := f.open(f.fresh, f.Backend)
	if h.Clock() != nil { // where time has passed at the others
		h.Clock().Advance(f.Clock().Now().Sub(h.Clock().Now()))
	}
	f.Replicas = append(f.Replicas, h)
	return h
}

// other is the second replica.
func (f *Fleet) other() *Harness { return f.Replicas[1] }

// serve applies a configuration at all replicas.
func (f *Fleet) serve(routes Routes) {
	f.t.Helper()
	for _, h := range f.Replicas {
		h.Serve(routes)
	}
}

// pass lets time pass at all replicas, or waits where they have no clocks.
func (f *Fleet) pass(d time.Duration) {
	if f.Clock() == nil {
		time.Sleep(d)
		return
	}
	for _, h := range f.Replicas {
		h.Clock().Advance(d)
	}
}

const (
	sharedSecret      = "env:UPSTREAMAUTH_SHARED"
	otherSharedSecret = "env:UPSTREAMAUTH_SHARED_ANOTHER"
)

// patience is a time limit of Redis that only one reaches that says nothing.
const patience = "2s"

// sharing adds the block that shares a memory in this fleet's Redis. more are further keys
// of it.
func (f *Fleet) sharing(config map[string]any, more ...any) map[string]any {
	return sharingWith(config, map[string]any{"endpoints": []any{f.Redis.Address()}}, more...)
}

func sharingWith(config, connection map[string]any, more ...any) map[string]any {
	return with(config, "shared", with(map[string]any{"redis": connection, "secret": sharedSecret, "timeout": patience}, more...))
}

// shareAll is routes of these configurations, all of which share.
func (f *Fleet) shareAll(routes Routes, more ...any) Routes {
	all := Routes{}
	for name, config := range routes {
		all[name] = f.sharing(config, more...)
	}
	return all
}

// keys counts the keys of one kind in Redis: "e" are entries, "t" what has forgotten them.
func (f *Fleet) keys(kind string) int {
	f.t.Helper()
	return keysIn(f.t, f.Redis, kind)
}

func keysIn(t testing.TB, server *redis.Server, kind string) int {
	t.Helper()
	return len(namesIn(t, server, kind))
}

func namesIn(t testing.TB, server *redis.Server, kind string) []string {
	t.Helper()
	text, err := server.CLI("--raw", "KEYS", "*:"+kind+":*")
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(text)
}
