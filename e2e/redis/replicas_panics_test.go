package redis_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/panics"
	"github.com/upstreamauth/upstreamauth/e2e/redis"
	"github.com/upstreamauth/upstreamauth/e2e/redis/replicas"
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
	passed, err := injector.Trace(func() {
		for range 2 {
			if wrong := j.run(j.begin(), whole); wrong != "" {
				t.Error(wrong)
			}
			j.end(t, before)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	passes, fired, played, unreached, share := 0, 0, 0, 0, 10
	if *full {
		share = 1
	}
	for _, point := range injector.Points {
		reason, excused := unreachedByReplicas[point]
		if !isShared(point) || !passed[point] {
			if isShared(point) && !excused {
				t.Logf("%s: not reached", point)
				unreached++
			}
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
		if j.play(t, injector, point, before) {
			fired++
		}
	}
	t.Logf("%d points, of which %d were played: %d panics", passes, played, fired)
	// Some are reached or not as replicas happen to look before they hear.
	if unreached > 10 || fired*10 < played*9 {
		t.Errorf("%d panics at %d points; %d were not reached", fired, played, unreached)
	}
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

// journey is one use of two replicas, again and again with new ones.
type journey struct {
	traefiks
	server *redis.Server
	tokens *atomic.Int64
	opened []int
}

// play has a pair of replicas used with a panic at a point, and once more without. It tells
// whether the panic occurred.
func (j *journey) play(t *testing.T, injector *panics.Injector, point string, before int) bool {
	t.Helper()
	if err := injector.Enable(point); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	pair := j.begin()
	wrong := j.run(pair, short)
	if !injector.Fired() { // it is in what a pair's end does
		j.end(t, before)
		pair = nil
	}
	if took := time.Since(began); took > whole {
		t.Errorf("%s: it took %v", point, took)
	}
	if strings.Contains(wrong, "FALSE") {
		t.Errorf("%s: %s", point, wrong)
	}
	fired := injector.Disable()
	if len(pair) < 2 {
		pair = j.begin()
	}
	if wrong := j.run(pair, whole); wrong != "" {
		t.Errorf("%s: afterwards %s", point, wrong)
	}
	j.end(t, before)
	return fired
}

// begin opens two replicas; fewer, where a panic prevents that.
func (j *journey) begin() []int {
	first := len(j.opened)
	safely(func() {
		for range 2 {
			j.opened = append(j.opened, j.open([]string{j.server.Address()}, replicas.Secret, time.Second, time.Minute, true, 1000000))
		}
	})
	return j.opened[first:]
}

// end ends all replicas, and waits until nothing of them runs.
func (j *journey) end(t *testing.T, before int) {
	t.Helper()
	for _, n := range j.opened {
		safely(func() { j.close(n) })
		safely(func() { j.close(n) }) // as the one above may have panicked
	}
	j.opened = nil
	expectNoGoroutines(t, before)
}

// run says what went wrong; empty: nothing. FALSE is in it where a token was allowed that
// must not be. It waits for no longer than limit for what another replica does.
func (j *journey) run(pair []int, limit time.Duration) (wrong string) {
	wrong = "it panicked"
	if len(pair) == 2 {
		safely(func() { wrong = j.use(pair[0], pair[1], limit) })
	}
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
	j.prebuild(b, j.token())
	j.counts(b)
	j.reload(b)
	spent := j.traefiks.open([]string{j.server.Address()}, replicas.Secret, time.Second, time.Minute, true, 1)
	j.opened = append(j.opened, spent)
	if j.verify(spent, j.token()) != "throttled" {
		return "a call is made although the others have spent the budget"
	}
	return j.alone()
}

// alone uses a replica whose Redis does not answer.
func (j *journey) alone() string {
	n := j.traefiks.open([]string{"127.0.0.1:1"}, replicas.Secret, time.Second, time.Minute, true, 1000000)
	j.opened = append(j.opened, n)
	for range 3 {
		if token := j.token(); j.verify(n, token) != "u-"+token+" a,b" {
			return "a token is not allowed while Redis is away"
		}
	}
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

// isShared tells whether a point is in what the shared memory brings along.
func isShared(point string) bool {
	for _, prefix := range []string{
		"cache/shared/", "cache/consult.go:", "cache/tokens.go:", "cache/store.go:store.keysOf", "verifier/budget.go:Budget.countShared", "verifier/ledger.go:ledger.undo",
		"cache/logins.go:Scope.forgetName", "cache/logins.go:Scope.forgetToken", "cache/logins.go:Scope.supersedeToken", "cache/logins.go:Scope.keysOf",
	} {
		if strings.HasPrefix(point, prefix) {
			return true
		}
	}
	return false
}

// unreachedByReplicas are the points that a journey does not reach, and why.
var unreachedByReplicas = map[string]string{
	"cache/consult.go:consultation.keep":       "runs only where Redis goes away after an entry of its was believed",
	"cache/shared/coverage.go:coverage.miss":   lostMessages,
	"cache/shared/coverage.go:coverage.miss+1": lostMessages,
	"cache/shared/store.go:Store.missed":       lostMessages,
	"cache/shared/options.go:Options.place":    twoSecrets,
	"cache/shared/store.go:Store.IsIdle":       twoSecrets,
	"cache/shared/store.go:Store.IsIdle+1":     twoSecrets,
	"cache/shared/writer.go:writer.stopped":    panicsOnly,
	"cache/shared/writer.go:writer.stopped+1":  panicsOnly,
}

const (
	lostMessages = "runs only where messages were lost"
	twoSecrets   = "runs only where one process has several memories"
)
