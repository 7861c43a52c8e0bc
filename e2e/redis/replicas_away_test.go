package redis_test

import (
	"runtime"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/redis/replicas"
)

func testAway(f *fleet) {
	const local = time.Second
	quick := f.traefiks.open([]string{f.server.Address()}, replicas.Secret, 100*time.Millisecond, local, true, 0)
	f.t.Cleanup(func() { f.close(quick) })
	f.listens(quick)
	token := f.token()
	eventually(f.t, "an answer to stay prebuilt", func() bool {
		f.prebuild(quick, token)
		time.Sleep(2 * local)
		return f.prebuilt(quick) > 0
	})
	f.server.Pause()
	eventually(f.t, "prebuilt answers to be dropped, and none to be made", func() bool {
		return f.prebuild(quick, token)+f.prebuild(quick, token) == 0
	})
	time.Sleep(2 * local)
	calls := f.calls(quick)
	began := time.Now()
	for i := 0; i < 20; i++ {
		f.expect(quick, token, "allowed", 0)
	}
	if f.prebuild(quick, token) != 0 {
		f.t.Error("an answer is prebuilt while nothing is heard")
	}
	if f.calls(quick) != calls {
		f.t.Error("the upstream was asked")
	}
	f.t.Logf("20 requests while it says nothing: %s", time.Since(began))
	f.expect(quick, f.token(), "allowed", 1)
	eventually(f.t, "it to be reported", func() bool {
		f.verify(quick, f.token())
		return strings.Contains(strings.Join(f.logs(quick), " "), "error shared unavailable: no reply in time")
	})
	f.server.Continue()
	eventually(f.t, "it to be back", func() bool {
		f.verify(quick, f.token())
		return strings.Contains(strings.Join(f.logs(quick), " "), "info shared available: it answers again") && f.prebuild(quick, token) > 0
	})
	f.expect(quick, token, "allowed", 0)
}

func testEmptied(f *fleet) {
	a, b, token := f.both(time.Minute)
	f.expect(b, token, "allowed", 0)
	barred := f.known(a, b)
	f.bar(a, barred)
	f.comes(b, barred, "invalid")
	f.prebuild(b, token)
	f.server.Kill()
	if err := f.server.Restart(); err != nil {
		f.t.Fatal(err)
	}
	eventually(f.t, "it to be noticed", func() bool { return f.prebuilt(b) == 0 })
	f.expect(b, barred, "invalid", 0)
	f.answer(token, "fail")
	calls := f.calls(b)
	eventually(f.t, "the upstream to be asked again", func() bool {
		f.expectAllowed(b, token)
		return f.calls(b) > calls
	})
	f.expectAllowed(b, token) // it gave no answer: the entry holds on
	f.answer(token, "deny")
	eventually(f.t, "the denial", func() bool { return f.verify(b, token) == "invalid" })
}

func (f *fleet) expectAllowed(n int, token string) {
	f.t.Helper()
	if got := f.verify(n, token); got != "u-"+token+" a,b" {
		f.t.Errorf("%s: %q", token, got)
	}
}

func testFull(f *fleet) {
	a, b, token := f.both(time.Minute)
	cli(f.t, f.server, "CONFIG", "SET", "maxmemory", "1")
	lost := f.counts(b)[4]
	f.expect(b, f.token(), "allowed", 1)
	eventually(f.t, "the entry to be lost", func() bool { return f.counts(b)[4] > lost })
	f.expect(b, token, "allowed", 0)
	eventually(f.t, "it to be reported", func() bool {
		return strings.Contains(strings.Join(f.logs(b), " "), "error shared unavailable: it takes no writes: OOM")
	})
	f.answer(token, "deny")
	f.logout(a, token) // is told once there is room
	cli(f.t, f.server, "CONFIG", "SET", "maxmemory", "0")
	f.comes(b, token, "invalid")
	f.known(b)
	eventually(f.t, "it to be reported", func() bool {
		return strings.Contains(strings.Join(f.logs(b), " "), "info shared available: it takes writes again")
	})
}

func testCounted(f *fleet) {
	const limit = 50
	counting := func() int {
		n := f.traefiks.open([]string{f.server.Address()}, replicas.Secret, patience/2, time.Minute, true, limit)
		f.t.Cleanup(func() { f.close(n) })
		return n
	}
	a, b := counting(), counting()
	for i := 0; i < 2*limit; i++ {
		f.verify([]int{a, b}[i%2], f.token())
	}
	if got := f.calls(a) + f.calls(b); got != limit {
		f.t.Errorf("%d calls, want %d", got, limit)
	}
	f.expect(a, f.token(), "throttled", 0)
	f.expect(counting(), f.token(), "throttled", 0)
	f.server.Kill()
	f.expect(a, f.token(), "throttled", 0) // what was spent stays so
	f.expect(b, f.token(), "throttled", 0)
	alone := counting()
	for i := 0; i < 5; i++ {
		f.expect(alone, f.token(), "allowed", 1)
	}
	if text := strings.Join(f.logs(alone), " "); !strings.Contains(text, "calls are counted without it") {
		f.t.Errorf("reported: %s", text)
	}
}

// testCountedOn: Redis dies while three spend a budget. Each counts on from what it knew: all
// together make no more calls than that leaves to each.
func testCountedOn(f *fleet) {
	const limit, spent = 60, 45
	var all []int
	for range 3 {
		n := f.traefiks.open([]string{f.server.Address()}, replicas.Secret, patience/2, time.Minute, true, limit)
		f.t.Cleanup(func() { f.close(n) })
		all = append(all, n)
	}
	calls := func() int { return f.calls(all[0]) + f.calls(all[1]) + f.calls(all[2]) }
	for i := 0; i < spent; i++ {
		f.verify(all[i%3], f.token())
	}
	if got := calls(); got != spent {
		f.t.Errorf("%d calls, want %d", got, spent)
	}
	f.server.Kill()
	for i := 0; i < 3*limit; i++ {
		f.verify(all[i%3], f.token())
	}
	// The last counts that they saw were 43, 44 and 45.
	if got, most := calls(), spent+3*(limit-spent)+3; got != most {
		f.t.Errorf("%d calls, want %d", got, most)
	}
}

func testMany(f *fleet) {
	a, b := f.replica(time.Minute), f.replica(time.Minute)
	const n = 500
	kept := f.counts(a)[3]
	prefix := f.token() + "-"
	began := time.Now()
	if got := f.many(a, 64, n, prefix); got != "map[allowed:500]" {
		f.t.Errorf("%s", got)
	}
	f.kept(a, kept+n)
	before := f.calls(b)
	if got := f.many(b, 64, n, prefix); got != "map[allowed:500]" {
		f.t.Errorf("%s", got)
	}
	if calls := f.calls(b) - before; calls != 0 {
		f.t.Errorf("%d calls", calls)
	}
	f.t.Logf("%d of 64 callers asked and kept, and found by another: %s", n, time.Since(began))
}

func testReloads(f *fleet) {
	before := runtime.NumGoroutine()
	a, b, token := f.both(time.Minute)
	looks := f.counts(b)[0]
	for i := 0; i < 3; i++ {
		f.reload(b)
		f.expect(b, token, "allowed", 0)
	}
	if f.counts(b)[0] != looks {
		f.t.Error("it was looked up again after a reload")
	}
	f.answer(token, "deny")
	f.logout(a, token)
	eventually(f.t, "the logout", func() bool { return f.verify(b, token) == "invalid" })
	for n := 0; n <= b; n++ {
		f.close(n)
	}
	expectNoGoroutines(f.t, before)
}
