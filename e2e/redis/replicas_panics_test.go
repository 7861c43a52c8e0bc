package redis_test

import (
	"flag"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/panics"
	"github.com/upstreamauth/upstreamauth/e2e/redis"
	"github.com/upstreamauth/upstreamauth/e2e/stage"
)

// full has every point played, and not one in ten of them.
var full = flag.Bool("full", false, "have every function of the shared memory panic: several minutes")

// TestInterpretedReplicasPanics has functions panic once that the shared memory brings
// along. That may fail a request, or lose what would have been shared; it ends no process,
// allows nothing, and afterwards the same replicas do all that they did before.
func TestInterpretedReplicasPanics(t *testing.T) {
	goPath := t.TempDir()
	injector, err := panics.Inject(goPath)
	if err != nil {
		t.Fatal(err)
	}
	endSoon(t, goPath)
	j := &journey{traefiks: traefiksFrom(t, goPath), server: start(t, redis.Options{}), tokens: &atomic.Int64{}}
	before := runtime.NumGoroutine()
	passed := map[string]bool{}
	// Some are passed or not as replicas happen to look before they hear.
	const mostUnreached = 10
	for run := 0; run < 2 || run < 10 && len(missing(injector, passed)) > mostUnreached; run++ {
		now, err := injector.Trace(func() {
			if wrong := j.run(j.begin(), whole); wrong != "" {
				t.Error(wrong)
			}
			j.end(t, before)
		})
		if err != nil {
			t.Fatal(err)
		}
		maps.Copy(passed, now)
	}
	passes, fired, played, share := 0, 0, 0, 10
	if *full {
		share = 1
	}
	unreached := missing(injector, passed)
	t.Logf("not reached: %q", unreached)
	for _, point := range injector.Points {
		reason, excused := unreachedByReplicas[point]
		if !isShared(point) || !passed[point] {
			continue
		}
		if excused {
			t.Errorf("%s: reached, excused: %s", point, reason)
		}
		passes++
		if passes%share != 0 {
			continue
		}
		played++
		for range 3 { // where its moment was missed
			if j.play(t, injector, point, before) {
				fired++
				break
			}
		}
	}
	t.Logf("%d points, of which %d were played: %d panics", passes, played, fired)
	if len(unreached) > mostUnreached || fired*10 < played*9 {
		t.Errorf("%d panics at %d points; %d were not reached", fired, played, len(unreached))
	}
}

// missing are the points of the shared memory that were to be passed, and were not.
func missing(injector *panics.Injector, passed map[string]bool) (points []string) {
	for _, point := range injector.Points {
		if _, excused := unreachedByReplicas[point]; isShared(point) && !excused && !passed[point] {
			points = append(points, point)
		}
	}
	return points
}

// endSoon has the staged plugin listen on without a live instance for a moment alone: what
// an earlier pair still does would be taken for the next one's.
func endSoon(t *testing.T, goPath string) {
	t.Helper()
	file := filepath.Join(stage.Dir(goPath), "cache", "shared", "options.go")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	const lingers = "lingers    = 10 * time.Second"
	if !strings.Contains(string(text), lingers) {
		t.Fatalf("%s: no %q", file, lingers)
	}
	text = []byte(strings.Replace(string(text), lingers, "lingers = 300 * time.Millisecond", 1))
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// isShared tells whether a point is in what the shared memory brings along.
func isShared(point string) bool {
	for _, prefix := range []string{
		"cache/shared/", "cache/consult.go:", "cache/tokens.go:", "cache/store.go:store.keysOf", "verifier/budget.go:Budget.countShared", "verifier/ledger.go:ledger.undo",
		"cache/forget.go:Scope.hearSweep", "cache/lookup.go:heldOn",
		"cache/logins.go:Scope.forgetName", "cache/logins.go:Scope.supersedeToken", "cache/logins.go:Scope.flightsOf",
		"cache/forget.go:Scope.forgetToken", "cache/forget.go:Scope.forgetFlights", "cache/forget.go:Scope.forgetSome",
		"cache/lru.go:lru.keysOf", "cache/registry.go:Registry.Store.func",
	} {
		if strings.HasPrefix(point, prefix) {
			return true
		}
	}
	return false
}

// unreachedByReplicas are the points that a journey does not reach, and why.
var unreachedByReplicas = map[string]string{
	"cache/consult.go:consultation.keep":              "runs only where Redis goes away after an entry of its was believed",
	"cache/shared/coverage.go:coverage.miss":          lostMessages,
	"cache/shared/coverage.go:coverage.miss+1":        lostMessages,
	"cache/shared/store.go:Store.missed":              lostMessages,
	"cache/shared/store.go:Store.Follow":              reloaded,
	"cache/shared/store.go:Store.TakeOver":            reloaded,
	"cache/shared/writer.go:writer.takeOver":          reloaded,
	"cache/shared/writer.go:writer.takeOver+1":        reloaded,
	"cache/shared/writer.go:writer.give":              reloaded,
	"cache/shared/writer.go:writer.give+1":            reloaded,
	"cache/shared/health.go:health.permitted":         lackingUser,
	"cache/shared/health.go:health.countPermission":   lackingUser,
	"cache/shared/health.go:health.countPermission+1": lackingUser,
	"cache/shared/options.go:Options.place":           twoSecrets,
	"cache/shared/store.go:Store.IsIdle":              twoSecrets,
	"cache/shared/store.go:Store.IsIdle+1":            twoSecrets,
	"cache/shared/writer.go:writer.stopped":           panicsOnly,
	"cache/shared/writer.go:writer.stopped+1":         panicsOnly,
}

const (
	lostMessages = "runs only where messages were lost"
	reloaded     = "runs only where a reload changes how the memory is reached"
	lackingUser  = "runs only where Redis's user may not use each command"
	twoSecrets   = "runs only where one process has several memories"
)
