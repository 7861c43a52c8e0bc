package redis_test

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/traefik/yaegi/interp"
	"github.com/traefik/yaegi/stdlib"
	"github.com/upstreamauth/upstreamauth/e2e/redis"
	"github.com/upstreamauth/upstreamauth/e2e/redis/replicas"
	"github.com/upstreamauth/upstreamauth/e2e/stage"
)

// traefiks are replicas as the compiler made them, or as the interpreter runs them.
type traefiks struct {
	open               func([]string, string, time.Duration, time.Duration, bool, int) int
	verify             func(int, string) string
	expires            func(int, string) int64
	answer             func(string, string)
	prebuild           func(int, string) int
	prebuilt           func(int) int
	asked, calls       func(int) int
	logs               func(int) []string
	counts             func(int) []int
	bar, logout, login func(int, string)
	refresh, forget    func(int, string, string)
	advance, skew      func(int, time.Duration)
	lifetime, again    func(int, time.Duration)
	reach              func(int, time.Duration)
	reload, close      func(int)
	hold               func(int, bool)
	keep               func(int, string, time.Duration)
	many               func(int, int, int, string) string
	time               func(int, string, int) time.Duration
}

func compiledTraefiks() traefiks {
	return traefiks{
		open: replicas.Open, verify: replicas.Verify, expires: replicas.Expires, answer: replicas.Answer,
		prebuild: replicas.Prebuild, prebuilt: replicas.Prebuilt, asked: replicas.Asked, calls: replicas.Calls, logs: replicas.Logs, counts: replicas.Counts,
		bar: replicas.Bar, logout: replicas.Logout, login: replicas.Login, refresh: replicas.Refresh, forget: replicas.Forget,
		advance: replicas.Advance, skew: replicas.Skew, lifetime: replicas.Lifetime, again: replicas.Revalidate, reach: replicas.Reach,
		reload: replicas.Reload, close: replicas.Close, hold: replicas.Hold, keep: replicas.Keep, many: replicas.Many, time: replicas.Time,
	}
}

func interpretedTraefiks(t testing.TB) traefiks {
	t.Helper()
	goPath := t.TempDir()
	if err := stage.Plugin(goPath); err != nil {
		t.Fatal(err)
	}
	return traefiksFrom(t, goPath)
}

// traefiksFrom is interpretedTraefiks with a plugin that is staged already.
func traefiksFrom(t testing.TB, goPath string) traefiks {
	t.Helper()
	find := load(t, goPath, "replicas")
	number := func(name string) func(int) int { return find(name).(func(int) int) }
	token := func(name string) func(int, string) { return find(name).(func(int, string)) }
	lasts := func(name string) func(int, time.Duration) { return find(name).(func(int, time.Duration)) }
	return traefiks{
		open:   find("Open").(func([]string, string, time.Duration, time.Duration, bool, int) int),
		verify: find("Verify").(func(int, string) string), expires: find("Expires").(func(int, string) int64),
		answer: find("Answer").(func(string, string)), prebuild: find("Prebuild").(func(int, string) int),
		prebuilt: number("Prebuilt"), asked: number("Asked"), calls: number("Calls"), logs: find("Logs").(func(int) []string), counts: find("Counts").(func(int) []int),
		bar: token("Bar"), logout: token("Logout"), login: token("Login"), refresh: find("Refresh").(func(int, string, string)),
		forget:  find("Forget").(func(int, string, string)),
		advance: lasts("Advance"), skew: lasts("Skew"), lifetime: lasts("Lifetime"), again: lasts("Revalidate"), reach: lasts("Reach"),
		reload: find("Reload").(func(int)), close: find("Close").(func(int)), hold: find("Hold").(func(int, bool)), keep: find("Keep").(func(int, string, time.Duration)),
		many: find("Many").(func(int, int, int, string) string), time: find("Time").(func(int, string, int) time.Duration),
	}
}

// load loads a program of this folder into an interpreter, with the plugin that is staged
// below goPath, and finds what it exports.
func load(t testing.TB, goPath, name string) func(string) any {
	t.Helper()
	// Inside the plugin's tree, where its packages are found.
	folder := filepath.Join(stage.Dir(goPath), name)
	if err := os.CopyFS(folder, os.DirFS(name)); err != nil {
		t.Fatal(err)
	}
	i := interp.New(interp.Options{GoPath: goPath, Stderr: io.Discard})
	if err := i.Use(stdlib.Symbols); err != nil {
		t.Fatal(err)
	}
	if _, err := i.Eval(fmt.Sprintf("import %q", stage.Module+"/"+name)); err != nil {
		t.Fatal(err)
	}
	return func(exported string) any {
		value, err := i.Eval(name + "." + exported)
		if err != nil {
			t.Fatal(err)
		}
		return value.Interface()
	}
}

// fleet is some replicas over one server, in one test.
type fleet struct {
	traefiks
	t      *testing.T
	server *redis.Server
	tokens *atomic.Int64
}

// open opens a replica, which is closed with the test, and waits until it hears the others.
func (f *fleet) replica(local time.Duration) int {
	f.t.Helper()
	n := f.traefiks.open([]string{f.server.Address()}, replicas.Secret, patience/2, local, true, 0)
	f.t.Cleanup(func() { f.close(n) })
	f.listens(n)
	return n
}

// listens waits until a replica hears what the others tell, and has heard all of it, and until
// what it has asked about meanwhile is written: nothing of that happens in the test itself.
func (f *fleet) listens(n int) {
	f.t.Helper()
	first, teller, told := f.token(), f.teller(), 0
	written := func() int { return f.counts(n)[3] + f.counts(n)[4] }
	before := written()
	f.verify(n, first)
	eventually(f.t, "an entry to be written, or lost", func() bool { return written() > before })
	eventually(f.t, "a replica to listen", func() bool {
		f.logout(teller, f.token())
		told++
		return f.counts(n)[6] > 0
	})
	f.answer(first, "fail")
	f.logout(teller, first)
	eventually(f.t, "all to be told", func() bool { return f.counts(teller)[5] > told })
	f.comes(n, first, "unavailable") // the last one is heard, and so are those before it
}

// teller is a replica that only tells.
func (f *fleet) teller() int {
	n := f.traefiks.open([]string{f.server.Address()}, replicas.Secret, patience/2, time.Minute, true, 0)
	f.t.Cleanup(func() { f.close(n) })
	return n
}

// tokens counts those of all tests: what is said of one stays said.
var tokens atomic.Int64

// token is one that no test has used.
func (f *fleet) token() string { return fmt.Sprintf("token-%d", f.tokens.Add(1)) }

// expect presents a token, and compares the answer, and how many calls it took.
func (f *fleet) expect(n int, token, want string, calls int) {
	f.t.Helper()
	if want == "allowed" {
		want = "u-" + token + " a,b"
	}
	before := f.calls(n)
	if got := f.verify(n, token); got != want {
		f.t.Errorf("%s at %d: %q, want %q", token, n, got, want)
	}
	if got := f.calls(n) - before; got != calls {
		f.t.Errorf("%s at %d: %d calls, want %d", token, n, got, calls)
	}
}

// kept waits until a replica has written that many entries.
func (f *fleet) kept(n, entries int) {
	f.t.Helper()
	eventually(f.t, "an entry to be written", func() bool { return f.counts(n)[3] >= entries })
}

func TestReplicas(t *testing.T)            { testReplicas(t, compiledTraefiks()) }
func TestInterpretedReplicas(t *testing.T) { testReplicas(t, interpretedTraefiks(t)) }

func testReplicas(t *testing.T, l traefiks) {
	on := func(test func(f *fleet)) func(t *testing.T) {
		return func(t *testing.T) {
			test(&fleet{traefiks: l, t: t, server: start(t, redis.Options{}), tokens: &tokens})
		}
	}
	t.Run("what one has asked the others know, and it gets no younger by that", on(testKnown))
	t.Run("a logout is felt at all", on(testLogout))
	t.Run("a barred token is barred at all, until a later login", on(testBarred))
	t.Run("a refresh token is barred at all", on(testRefresh))
	t.Run("a login is known at all", on(testLogin))
	t.Run("a denial ends what others remember", on(testDenial))
	t.Run("an allow that comes too late counts nowhere", on(testLate))
	t.Run("what lies in Redis forges nothing", on(testLies))
	t.Run("nothing that could be read lies in Redis", on(testTells))
	t.Run("clocks and policies", on(testClocks))
	t.Run("without Redis all is as without it", on(testAway))
	t.Run("a Redis that has lost all", on(testEmptied))
	t.Run("a Redis that is full", on(testFull))
	t.Run("calls are counted together", on(testCounted))
	t.Run("calls are counted on without it", on(testCountedOn))
	t.Run("many at once", on(testMany))
	t.Run("reloads, and the end", on(testReloads))
	t.Run("a reload loses nothing that was heard, or is to be told", on(testReached))
	t.Run("a denial here counts against an older allow elsewhere", on(testOlder))
}

func testKnown(f *fleet) {
	a, b := f.replica(time.Minute), f.replica(time.Minute)
	token := f.token()
	before := f.counts(a)[3]
	f.expect(a, token, "allowed", 1)
	f.kept(a, before+1)
	time.Sleep(50 * time.Millisecond)
	f.expect(b, token, "allowed", 0)
	if first, second := f.expires(a, token), f.expires(b, token); second > first || second < first-1 {
		f.t.Errorf("it ends at %d, and for the other one at %d", first, second)
	}
	f.expect(b, token, "allowed", 0)
	if text := strings.Join(append(f.logs(a), f.logs(b)...), "\n"); text != "" {
		f.t.Error(text)
	}
}
