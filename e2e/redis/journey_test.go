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
			j.opened = append(j.opened, j.open([]string{j.server.Address()}, replicas.Secret, patient, time.Minute, true, 1000000))
		}
	})
	return j.opened[first:]
}

// patient is how long a replica of a journey waits for Redis: where a panic has taken its
// answer away, that is how long it lasts.
const patient = time.Second

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
	forgotten := j.token()
	for _, by := range [][2]string{{"bearer", forgotten}, {"account", "u-" + forgotten}} {
		j.verify(b, forgotten)
		j.forget(a, by[0], by[1])
		if !j.comes(b, forgotten, "u-"+forgotten+" a,b", limit) || !j.comes(a, forgotten, "u-"+forgotten+" a,b", limit) {
			return "a token is not allowed after it was forgotten by its " + by[0]
		}
	}
	j.prebuild(b, j.token())
	j.counts(b)
	if j.asked(b) == 0 {
		return "no batch of the memory is counted"
	}
	j.reload(b)
	if !j.throttles() {
		return "a call is made although the others have spent the budget"
	}
	return j.alone()
}

// throttles tells whether a replica that may make one call makes none, as the others have made
// more. One that waited for Redis in vain, since the machine paused, may make it: then it is
// tried again.
func (j *journey) throttles() bool {
	for range 10 {
		n := j.traefiks.open([]string{j.server.Address()}, replicas.Secret, patient, time.Minute, true, 1)
		j.opened = append(j.opened, n)
		began := time.Now()
		if j.verify(n, j.token()) == "throttled" {
			return true
		}
		if time.Since(began) < patient {
			return false
		}
	}
	return false
}

// alone uses a replica whose Redis does not answer.
func (j *journey) alone() string {
	n := j.traefiks.open([]string{"127.0.0.1:1"}, replicas.Secret, time.Second, time.Minute, true, 1000000)
	j.opened = append(j.opened, n)
	for range 3 {
		token := j.token()
		for range 2 { // the second time by what was learned without Redis
			if j.verify(n, token) != "u-"+token+" a,b" {
				return "a token is not allowed while Redis is away"
			}
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
