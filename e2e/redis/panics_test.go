package redis_test

import (
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/panics"
	"github.com/upstreamauth/upstreamauth/e2e/redis"
)

// unreached are the functions of the client that the steps below do not reach, and why.
var unreached = map[string]string{
	"line.go:line.abandon":          panicsOnly,
	"line.go:line.abandon+1":        panicsOnly,
	"command.go:request.wait.func1": "runs only where a node of a cluster is named that says nothing",
}

const panicsOnly = "runs only after a panic"

// panicStep uses the client, and tells whether all went well. It waits for no longer than
// limit where that may be in vain.
type panicStep func(limit time.Duration) bool

const (
	short = 2 * time.Second
	whole = 20 * time.Second
)

// TestInterpretedPanics has each function of the client panic once. Its callers may see
// that; nobody waits for ever, no process ends, and afterwards all is as before.
func TestInterpretedPanics(t *testing.T) {
	goPath := t.TempDir()
	injector, err := panics.Inject(goPath)
	if err != nil {
		t.Fatal(err)
	}
	l := interpretedFrom(t, goPath)
	steps := panicSteps(t, l)
	before, fired := runtime.NumGoroutine(), 0
	passedBy := map[string][]panicStep{} // the quickest first, as the steps are
	for _, step := range steps {
		passed, err := injector.Trace(func() { step(whole) })
		if err != nil {
			t.Fatal(err)
		}
		expectNoGoroutines(t, before) // those of a listener would be taken for the next step's
		for point := range passed {
			passedBy[point] = append(passedBy[point], step)
		}
	}
	for _, point := range injector.Points {
		name, ours := strings.CutPrefix(point, "cache/redis/")
		if !ours || unreached[name] != "" {
			continue
		}
		if panicked(t, injector, point, passedBy[point], steps) {
			fired++
		} else {
			t.Errorf("%s: no step reaches it", name)
		}
	}
	t.Logf("%d panics", fired)
	expectNoGoroutines(t, before)
}

// panicked has a point panic, in the quickest step that passed it; where the moment was
// missed, what an end sets off included, it is tried again, at last in all steps.
func panicked(t *testing.T, injector *panics.Injector, point string, passed, all []panicStep) bool {
	for _, steps := range [][]panicStep{passed, passed, all} {
		for _, step := range steps {
			if withPanic(t, injector, step, point) {
				return true
			}
		}
	}
	return false
}

// withPanic runs a step with a panic, which it tells of, and once more without.
func withPanic(t *testing.T, injector *panics.Injector, step panicStep, point string) bool {
	if err := injector.Enable(point); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	step(short)
	for end := time.Now().Add(short / 4); !injector.Fired() && time.Now().Before(end); {
		time.Sleep(time.Millisecond) // what is ended goes on for a moment
	}
	if took := time.Since(began); took > whole {
		t.Errorf("%s: it took %v", point, took)
	}
	fired := injector.Disable()
	if !step(whole) {
		t.Errorf("%s: the next one fails", point)
	}
	return fired
}

// panicSteps are ways to use the client.
func panicSteps(t *testing.T, l level) []panicStep {
	plain := start(t, redis.Options{TLS: true, Password: "staple"})
	cluster, err := redis.StartCluster(3, redis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	sentinels, err := redis.StartSentinels(0, redis.Options{Password: "staple"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(sentinels.Close)
	open := func(kind string) int {
		switch kind {
		case "cluster":
			return l.open(cluster.Addresses(), "", "", "", 0, nil, patience)
		case "sentinels":
			return l.open(sentinels.Addresses(), redis.MasterName, "", "staple", 0, nil, patience)
		}
		if kind == "nowhere" {
			return l.open([]string{"127.0.0.1:1"}, "", "", "", 0, nil, patience)
		}
		return l.open([]string{plain.Address()}, "", "", "staple", 1, plain.TLS(), patience)
	}
	with := func(kind string, use func(client int, limit time.Duration) bool) panicStep {
		return func(limit time.Duration) (well bool) {
			safely(func() {
				client := open(kind)
				defer safely(func() { l.close(client) }) // as the one below may have panicked
				defer safely(func() { l.close(client) })
				well = use(client, limit)
			})
			return well
		}
	}
	steps := []panicStep{with("nowhere", func(client int, _ time.Duration) bool {
		return strings.Contains(l.do(client, [][]string{{"GET", "k"}})[0], "refused")
	})}
	for _, kind := range []string{"plain", "cluster", "sentinels"} {
		steps = append(steps,
			with(kind, func(client int, _ time.Duration) bool { return callTogether(l, client) }),
			with(kind, func(client int, limit time.Duration) bool { return hears(l, client, limit) }))
	}
	return append(steps, with("sentinels", func(client int, _ time.Duration) bool {
		l.do(client, [][]string{{"GET", "k"}})
		time.Sleep(1100 * time.Millisecond) // the master is asked for again
		return l.do(client, [][]string{{"GET", "none"}})[0] == "absent"
	}))
}

// safely stops a panic, as whoever calls the client does.
func safely(do func()) {
	defer func() { _ = recover() }()
	do()
}

// callTogether has several callers use every kind of reply at once.
func callTogether(l level, client int) bool {
	var wg sync.WaitGroup
	var mu sync.Mutex
	well := true
	for range 6 {
		wg.Go(func() {
			got := l.do(client, [][]string{
				{"SET", "{3f}k", "v"}, {"MGET", "{3f}k", "{3f}none"}, {"PTTL", "{40}k"}, {"INCR", "{3f}k"}, {"GET", "{41}k"},
			})
			mu.Lock()
			defer mu.Unlock()
			well = well && slices.Equal(got, []string{"OK", "[v absent]", "-2", "ERR", "absent"})
		})
	}
	wg.Wait()
	return well && l.do(client, [][]string{{"GET", "{3f}k"}})[0] == "v" && l.doMore(client, [][]string{{"GET", "{41}k"}})[0] == "absent"
}

// hears has a listener hear one entry, and say that all is well.
func hears(l level, client int, limit time.Duration) bool {
	ear := l.listen(client, "{3f}events")
	defer safely(func() { l.stop(ear) })
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		l.do(client, [][]string{{"XADD", "{3f}events", "MAXLEN", "~", "1000", "*", "n", "v"}})
		if heard, _ := l.heard(ear); len(heard) > 0 && !l.current(ear).IsZero() && l.failure(ear) == "" {
			return true
		}
	}
	return false
}
