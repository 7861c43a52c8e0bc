package redis_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/panics"
	"github.com/upstreamauth/upstreamauth/e2e/redis"
	"github.com/upstreamauth/upstreamauth/e2e/redis/replicas"
)

// TestInterpretedReplicasPanics has each function panic once that the shared memory brings
// along. That may fail a request, or lose what would have been shared; it ends no process,
// allows nothing, and afterwards all is as before.
func TestInterpretedReplicasPanics(t *testing.T) {
	goPath := t.TempDir()
	injector, err := panics.Inject(goPath)
	if err != nil {
		t.Fatal(err)
	}
	j := &journey{traefiks: traefiksFrom(t, goPath), server: start(t, redis.Options{}), tokens: &atomic.Int64{}}
	passed, err := injector.Trace(func() { j.run(whole) })
	if err != nil {
		t.Fatal(err)
	}
	fired, unreached := 0, []string{}
	for _, point := range injector.Points {
		if !isHeard(point) && !strings.HasPrefix(point, "cache/shared/") && !strings.HasPrefix(point, "cache/consult.go") && !strings.HasPrefix(point, "cache/tokens.go") {
			continue
		}
		if !passed[point] {
			unreached = append(unreached, point)
			continue
		}
		if err := injector.Enable(point); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		wrong := j.run(short)
		if took := time.Since(began); took > whole {
			t.Errorf("%s: it took %v", point, took)
		}
		if strings.Contains(wrong, "FALSE") {
			t.Errorf("%s: %s", point, wrong)
		}
		if injector.Disable() {
			fired++
		}
		if wrong := j.run(whole); wrong != "" {
			t.Errorf("%s: afterwards %s", point, wrong)
		}
	}
	t.Logf("%d panics; not reached: %s", fired, strings.Join(unreached, " "))
	if fired < 80 {
		t.Errorf("%d panics only", fired)
	}
}

// journey is one use of two replicas, again and again with new ones.
type journey struct {
	traefiks
	server *redis.Server
	tokens *atomic.Int64
}

// run says what went wrong; empty: nothing. FALSE is in it where a token was allowed that
// must not be. It waits for no longer than limit for what another replica does.
func (j *journey) run(limit time.Duration) (wrong string) {
	safely(func() {
		var open []int
		defer safely(func() {
			for _, n := range open {
				j.close(n)
			}
		})
		wrong = "it panicked"
		for range 2 {
			open = append(open, j.traefiks.open([]string{j.server.Address()}, replicas.Secret, time.Second, time.Minute, true, 1000000))
		}
		wrong = j.use(open[0], open[1], limit)
	})
	return wrong
}

func (j *journey) use(a, b int, limit time.Duration) string {
	token, barred, refresh := j.token(), j.token(), j.token()
	if !j.comes(b, token, "u-"+token+" a,b", limit) || !j.comes(a, token, "u-"+token+" a,b", limit) || !j.comes(a, barred, "u-"+barred+" a,b", limit) {
		return "a token is not allowed"
	}
	j.login(a, j.token())
	j.refresh(a, refresh, "")
	j.bar(a, barred)
	if got := j.verify(a, barred); strings.HasPrefix(got, "u-") {
		return "FALSE: a token is allowed where it was barred"
	}
	if !j.comes(b, barred, "invalid", limit) || !j.comes(b, refresh, "invalid", limit) {
		return "a bar is not felt"
	}
	j.answer(token, "deny")
	j.logout(a, token)
	if got := j.verify(a, token); strings.HasPrefix(got, "u-") {
		return "FALSE: a token is allowed where it was logged out"
	}
	if !j.comes(b, token, "invalid", limit) {
		return "a logout is not felt"
	}
	j.reload(b)
	return ""
}

func (j *journey) token() string { return fmt.Sprintf("journey-%d", j.tokens.Add(1)) }

func (j *journey) comes(n int, token, want string, limit time.Duration) bool {
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if j.verify(n, token) == want {
			return true
		}
	}
	return false
}

// isHeard tells whether a point is in what is done when others are heard.
func isHeard(point string) bool {
	for _, name := range []string{"logins.go:Scope.forgetName", "logins.go:Scope.forgetToken", "logins.go:Scope.forgetFlights", "logins.go:Scope.forgetSome",
		"logins.go:Scope.supersedeToken", "logins.go:Scope.flightsOf", "store.go:store.keysOf", "lru.go:lru.keysOf", "registry.go:Registry.Store", "registry.go:Registry.openStore", "registry.go:Registry.sharers",
	} {
		if strings.HasPrefix(point, "cache/"+name) {
			return true
		}
	}
	return false
}
