package scenario

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// size is how many there are of something: fewer where the scenarios do not run in full.
func (f *Fleet) size(few, many int) int {
	if f.full {
		return many
	}
	return few
}

// budgetTogether: more users than the budget come to all replicas at once. One route may
// spend a third of what the other one may.
func budgetTogether(t testing.TB, f *Fleet) {
	f.openFresh()
	up := newThammasat(f.Clock())
	defer up.Close()
	limit := f.size(60, 1000)
	config := func(calls int) map[string]any {
		return f.sharing(routeConfig("applicationKey", "thammasat", up.URL, "account", "true", "budget", fmt.Sprintf("%d/1h", calls)), "budget", true)
	}
	f.serve(Routes{"r": config(limit), "small": config(limit / 3)})
	account := func(i int) string {
		user := fmt.Sprint(Marker, "student", i)
		up.AddAccount(upstreams.Account{User: user, Password: password, Type: "student"})
		return basic(user, password)
	}
	asked := 0
	ask := func(route string, times int) (allowed, limited int) {
		var all sync.WaitGroup
		var mu sync.Mutex
		for i := range times {
			asked++
			line := account(asked)
			h := f.Replicas[i%len(f.Replicas)]
			all.Go(func() {
				r, err := h.Try(getRequest(route, key(validKey), line))
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err != nil:
					t.Error(err)
				case r.Status == 200:
					allowed++
				case r.Status == 429:
					limited++
				default:
					t.Errorf("%d %s", r.Status, r.Body)
				}
			})
			if i%24 == 23 {
				all.Wait()
			}
		}
		all.Wait()
		return allowed, limited
	}
	known := account(0)
	f.Expect(200, getRequest("r", key(validKey), known))
	allowed, _ := ask("small", limit/2)
	expectCount(t, "allowed on the small route, with the first one", allowed+1, limit/3)
	more, _ := ask("r", limit)
	expectCount(t, "allowed on both together", allowed+1+more, limit)
	expectCount(t, "calls of all together", up.CallsWith(validKey), limit)
	for _, h := range f.Replicas {
		h.ExpectCached(getRequest("r", key(validKey), known))
		expectRetryAfter(t, h.Expect(429, getRequest("r", key(validKey), account(asked+1))), 3000, 3600)
		h.Expect(200, getRequest("r", key(otherKey), basic(student, password)))
	}
}

// rotation is the replicas that get requests.
type rotation struct {
	mu  sync.RWMutex
	all []*Harness
}

// ask sends a request to one of them, which does not end meanwhile.
func (r *rotation) ask(i int, request Request) (Response, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.all[i%len(r.all)].Try(request)
}

func (r *rotation) remove(i int) *Harness {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.all[i]
	r.all = append(append([]*Harness{}, r.all[:i]...), r.all[i+1:]...)
	return h
}

func (r *rotation) add(h *Harness) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, h)
}

func rollingRestart(t testing.TB, f *Fleet) {
	up := newWebService(f.Clock())
	defer up.Close()
	routes := f.shareAll(Routes{"r": webServiceConfig(up)})
	traefiks := &rotation{}
	for range 3 {
		traefiks.add(f.openFreshWith(routes))
	}
	var tokens, users []string
	for i := range f.size(60, 2000) {
		users = append(users, fmt.Sprint(Marker, "user", i))
		tokens = append(tokens, up.IssueToken(upstreams.User{UserName: users[i]}))
		r, err := traefiks.ask(i, getRequest("r", bearer(tokens[i])))
		f.Counters.accepted(r, err, users[i])
	}
	f.written("e", len(tokens))

	stop := make(chan struct{})
	var load sync.WaitGroup
	served := make([]int, 4)
	for w := range served {
		load.Go(func() {
			for i := w; ; i += 7 {
				select {
				case <-stop:
					return
				case <-time.After(time.Millisecond):
				}
				u := i % len(tokens)
				begun := time.Now()
				r, err := traefiks.ask(i/3, getRequest("r", bearer(tokens[u])))
				f.Counters.recordLatency(time.Since(begun))
				if !f.Counters.accepted(r, err, users[u]) {
					t.Errorf("a good user was not served: %d, %v", r.Status, err)
				}
				served[w]++
			}
		})
	}
	for range 3 {
		traefiks.remove(0).Close()
		traefiks.add(f.openFreshWith(routes))
		time.Sleep(100 * time.Millisecond)
	}
	close(stop)
	load.Wait()
	twice := 0
	for i, token := range tokens {
		if up.CallsWith(token) != 1 {
			twice++
		}
		r, err := traefiks.ask(i, getRequest("r", bearer(token)))
		f.Counters.accepted(r, err, users[i])
	}
	t.Logf("%d requests of %d users during three restarts, the slowest took %s", served[0]+served[1]+served[2]+served[3], len(tokens), time.Duration(f.Counters.slowest.Load()).Round(100*time.Microsecond))
	expectCount(t, "users that were asked about twice", twice, 0)
	expectCount(t, "users that were not served", int(f.Counters.falseRejects.Load()+f.Counters.falseAccepts.Load()), 0)
}
