// Package storm uses the plugin's client for Redis as several callers at once do, and
// checks what it says. Tests run it compiled and interpreted, so it is written in the Go
// that both run alike; clients are known by numbers, since values of its types cannot
// leave the interpreter.
package storm

import (
	"crypto/tls"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/redis"
)

var state = struct {
	mu      sync.Mutex
	number  int
	clients map[int]*redis.Client
	ears    map[int]*ear
}{clients: map[int]*redis.Client{}, ears: map[int]*ear{}}

// Open makes a client.
func Open(endpoints []string, master, username, password string, db int, config *tls.Config, timeout time.Duration) int {
	client := redis.New(redis.Options{
		Endpoints: endpoints, Master: master, Username: username, Password: password, DB: db, TLS: config,
		Timeout: timeout, Now: time.Now,
	})
	state.mu.Lock()
	defer state.mu.Unlock()
	state.number++
	state.clients[state.number] = client
	return state.number
}

// Close closes a client.
func Close(number int) {
	client(number).Close()
}

func client(number int) *redis.Client {
	state.mu.Lock()
	defer state.mu.Unlock()
	return state.clients[number]
}

// Do sends a batch and shows each reply, or the one error. A panic is one.
func Do(number int, commands [][]string) (shown []string) {
	defer func() {
		if r := recover(); r != nil {
			shown = []string{fmt.Sprint("error: a panic: ", r)}
		}
	}()
	replies, err := client(number).Do(commands)
	return showAll(replies, err)
}

// DoMore is Do for a batch that follows another one.
func DoMore(number int, commands [][]string) (shown []string) {
	defer func() {
		if r := recover(); r != nil {
			shown = []string{fmt.Sprint("error: a panic: ", r)}
		}
	}()
	replies, err := client(number).DoMore(commands, time.Now())
	return showAll(replies, err)
}

func showAll(replies []*redis.Reply, err error) []string {
	if err != nil {
		return []string{"error: " + err.Error()}
	}
	var shown []string
	for _, r := range replies {
		shown = append(shown, show(r))
	}
	return shown
}

func show(r *redis.Reply) string {
	switch r.Kind {
	case redis.Integer:
		return strconv.FormatInt(r.Number, 10)
	case redis.Failed:
		return r.Code
	case redis.Absent:
		return r.Kind
	case redis.Array:
		var items []string
		for _, item := range r.Items {
			items = append(items, show(item))
		}
		return "[" + strings.Join(items, " ") + "]"
	}
	return r.Text
}

// tally counts what callers met.
type tally struct {
	done, failed, absent, wrong atomic.Int64
	mu                          sync.Mutex
	first                       string // of what was wrong
	failures                    map[string]int
}

func (t *tally) report(what string) {
	t.wrong.Add(1)
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.first == "" {
		t.first = what
	}
}

func (t *tally) fail(err error) {
	t.failed.Add(1)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.failures[err.Error()]++
}

// Run has callers do so many operations each, with keys of their own, and returns how
// many were done, failed, found nothing and found what they had not written; then the
// first such, and how often which error came. strict: nothing is lost, so each finds what
// it wrote last. It ends after limit in any case.
func Run(number, callers, operations int, prefix string, strict bool, limit time.Duration) ([]int64, string) {
	t := &tally{failures: map[string]int{}}
	end := time.Now().Add(limit)
	var wg sync.WaitGroup
	for i := 0; i < callers; i++ {
		wg.Add(1)
		go call(&wg, t, client(number), i, operations, prefix, strict, end)
	}
	wg.Wait()
	counts := []int64{t.done.Load(), t.failed.Load(), t.absent.Load(), t.wrong.Load()}
	return counts, fmt.Sprintf("%s %v", t.first, t.failures)
}

// call is one caller. Its values name their key and are numbered, so that one of another
// caller, or of another key, is seen.
func call(wg *sync.WaitGroup, t *tally, client *redis.Client, caller, operations int, prefix string, strict bool, end time.Time) {
	defer wg.Done()
	defer func() {
		if r := recover(); r != nil {
			t.report(fmt.Sprint("a panic: ", r))
		}
	}()
	key := fmt.Sprintf("%s:{%02x}:%d", prefix, caller*5%256, caller)
	other := key + ":other"
	last := 0
	for done := 0; done < operations && time.Now().Before(end); {
		last++
		value, second := key+"="+strconv.Itoa(last), other+"="+strconv.Itoa(last)
		replies, err := client.Do([][]string{{"SET", key, value}, {"SET", other, second}})
		if err == nil && replies[0].Kind != redis.Failed {
			replies, err = client.Do([][]string{{"GET", key}, {"MGET", other, key}, {"INCR", key + ":count"}})
		}
		if err != nil {
			t.fail(err)
			time.Sleep(10 * time.Millisecond)
			continue
		}
		if replies[0].Kind == redis.Failed {
			t.fail(fmt.Errorf("a reply %s", replies[0].Code))
			time.Sleep(10 * time.Millisecond)
			continue
		}
		done++
		t.done.Add(1)
		judge(t, replies[0], key, last, strict)
		if replies[1].Kind == redis.Array {
			judge(t, replies[1].Items[0], other, last, strict)
			judge(t, replies[1].Items[1], key, last, strict)
		}
		if strict && (replies[2].Kind != redis.Integer || replies[2].Number != int64(done)) {
			t.report(fmt.Sprintf("%s counts %s after %d", key, show(replies[2]), done))
		}
	}
}

// judge looks at a value: it is one that was written under this key; the last one, if
// strict.
func judge(t *tally, r *redis.Reply, key string, last int, strict bool) {
	if r.Kind == redis.Failed && !strict {
		t.fail(fmt.Errorf("a reply %s", r.Code))
		return
	}
	if r.Kind == redis.Absent && !strict {
		t.absent.Add(1)
		return
	}
	own, text, _ := strings.Cut(r.Text, "=")
	n, err := strconv.Atoi(text)
	if r.Kind != redis.Bulk || own != key || err != nil || n > last || n < 1 || (strict && n != last) {
		t.report(fmt.Sprintf("%s has %s after %d", key, show(r), last))
	}
}
