package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/ending"
	"github.com/upstreamauth/upstreamauth/e2e/interpreted"
	"github.com/upstreamauth/upstreamauth/e2e/redis"
	"github.com/upstreamauth/upstreamauth/e2e/stage"
	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// sharedFixture is two handlers of the interpreted plugin in this process, before one
// upstream: one has a memory of its own, one shares it in Redis.
type sharedFixture struct {
	up     *upstreams.WebService
	redis  *redis.Server
	own    http.Handler
	shares http.Handler
	remove func()
	made   int
}

// sharedKeys are what a configuration needs to share.
func sharedKeys(server *redis.Server) map[string]any {
	return map[string]any{"shared": map[string]any{
		"redis":  map[string]any{"endpoints": []any{server.Address()}},
		"secret": "a secret of the bench, of thirty-two bytes or more", "timeout": "1s",
	}}
}

// sharedMemory measures what a memory that several Traefiks share costs, and what it saves.
func sharedMemory(ctx context.Context, o Options, say Say, r *Report) error {
	f, err := newSharedFixture(ctx)
	if err != nil {
		return err
	}
	defer f.close()
	say("  %d misses, %d hits", o.Shared.Misses, o.Shared.Hits)
	misses, err := f.compare(o.Shared.Misses, 1, f.fresh)
	if err != nil {
		return err
	}
	one := f.fresh()
	for range 3 { // prebuilt from then on
		for _, h := range []http.Handler{f.own, f.shares} {
			if err := serve(h, one); err != nil {
				return err
			}
		}
	}
	time.Sleep(2 * time.Second) // by then it is known that the others are heard
	hits, err := f.compare(o.Shared.Hits, 1000, func() string { return one })
	if err != nil {
		return err
	}
	t := Table{
		Title: "A memory that several Traefiks share, in Redis (interpreted, in process; medians, µs)",
		Head:  []string{"", "samples", "memory of its own", "shared", "adds", "processor time: own", "shared"},
		Rows:  [][]string{misses.row("a miss", o.Shared.Misses, 1), hits.row("a hit", o.Shared.Hits, 1000)},
		Notes: []string{"a miss looks in Redis before it asks the upstream, and writes afterwards; the processor time of each is this process's, upstream included, Redis not"},
	}
	took, calls, err := restarted(ctx, o, say)
	if err != nil {
		return err
	}
	t.Notes = append(t.Notes, fmt.Sprintf("a Traefik that was restarted served %s, known to others, in %s: %s", count(o.Shared.Users, "user"), wholeMillis(took), count(calls, "call")))
	r.Tables = append(r.Tables, t)
	r.Targets = append(r.Targets,
		within("a look at the shared memory adds to a miss", median(less(misses.shares, misses.own)), time.Millisecond, millis),
		Target{What: fmt.Sprintf("calls of a restarted Traefik for %s that others know", count(o.Shared.Users, "user")), Want: "0", Got: fmt.Sprint(calls), OK: calls == 0})
	return nil
}

func newSharedFixture(ctx context.Context) (_ *sharedFixture, err error) {
	f := &sharedFixture{up: upstreams.NewWebService(upstreams.WebServiceOptions{})}
	defer func() {
		if err != nil {
			f.close()
		}
	}()
	f.redis, err = redis.Start(redis.Options{})
	if err != nil {
		return nil, err
	}
	dir, remove, err := ending.Folder("", "upstreamauth-bench-")
	if err != nil {
		return nil, err
	}
	f.remove = remove
	if err := stage.Plugin(dir); err != nil {
		return nil, err
	}
	loaded, err := interpreted.Load(dir, interpreted.Options{Stdout: io.Discard, Stderr: io.Discard})
	if err != nil {
		return nil, err
	}
	next := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	if f.own, err = loaded.New(ctx, next, bearer(f.up.URL, f.up.Path(), nil), "own@file"); err != nil {
		return nil, err
	}
	if f.shares, err = loaded.New(ctx, next, bearer(f.up.URL, f.up.Path(), sharedKeys(f.redis)), "shares@file"); err != nil {
		return nil, err
	}
	_, err = f.compare(20, 1, f.fresh) // the canaries, and what is done once
	return f, err
}

func (f *sharedFixture) close() {
	f.up.Close()
	if f.redis != nil {
		f.redis.Close()
	}
	if f.remove != nil {
		f.remove()
	}
}

func (f *sharedFixture) fresh() string {
	f.made++
	return f.up.IssueToken(upstreams.User{UserName: fmt.Sprintf("user%06d", f.made), ID: int64(f.made), Name: "User"})
}

// comparison is the time of samples, and the processor time of all of them.
type comparison struct {
	own, shares       []time.Duration
	ownCPU, sharesCPU time.Duration
}

// row is one of the table; each sample was of that many requests.
func (c *comparison) row(name string, samples, each int) []string {
	write := func(d time.Duration) string {
		return fmt.Sprintf("%.2f", float64(d.Nanoseconds())/float64(each)/1000)
	}
	n := time.Duration(samples)
	adds := median(less(c.shares, c.own))
	return []string{name, fmt.Sprint(samples), write(median(c.own)), write(median(c.shares)), write(adds), write(c.ownCPU / n), write(c.sharesCPU / n)}
}

// compare times both handlers in turn; a sample is that many requests with one token.
func (f *sharedFixture) compare(samples, each int, token func() string) (*comparison, error) {
	c := &comparison{}
	for range samples {
		for _, way := range []struct {
			h    http.Handler
			list *[]time.Duration
			cpu  *time.Duration
		}{{f.own, &c.own, &c.ownCPU}, {f.shares, &c.shares, &c.sharesCPU}} {
			sent := token()
			before, begun := processorTime(), time.Now()
			for range each {
				if err := serve(way.h, sent); err != nil {
					return nil, err
				}
			}
			*way.list = append(*way.list, time.Since(begun))
			if each == 1 {
				time.Sleep(time.Millisecond) // what is written behind is a part of it
			}
			*way.cpu += processorTime() - before
		}
	}
	return c, nil
}

func serve(h http.Handler, token string) error {
	request := httptest.NewRequest(http.MethodGet, "/", nil)
	request.Header.Set("Authorization", "Bearer "+token)
	recorder := httptest.NewRecorder()
	h.ServeHTTP(recorder, request)
	if recorder.Code != http.StatusOK {
		return fmt.Errorf("in process: status %d instead of 200", recorder.Code)
	}
	return nil
}

// processorTime is what this process has used so far.
func processorTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// restarted has one Traefik ask about users, and another one, which has just started, serve
// them: how long that took, and the calls that it made.
func restarted(ctx context.Context, o Options, say Say) (took time.Duration, calls int, err error) {
	up := upstreams.NewWebService(upstreams.WebServiceOptions{})
	defer up.Close()
	server, err := redis.Start(redis.Options{})
	if err != nil {
		return 0, 0, err
	}
	defer server.Close()
	var tokens []string
	for i := range o.Shared.Users {
		tokens = append(tokens, up.IssueToken(upstreams.User{UserName: fmt.Sprintf("user%06d", i), ID: int64(i) + 1, Name: "User"}))
	}
	for _, who := range []string{"the first", "a restarted"} {
		say("  %s Traefik serves %d users", who, len(tokens))
		before := up.Calls()
		took, err = serveAll(ctx, up, server, tokens)
		if err != nil {
			return 0, 0, err
		}
		calls = up.Calls() - before
	}
	return took, calls, nil
}

// serveAll starts a Traefik that has one user after the other served, 16 at a time, and ends
// it once all that it has learned is written.
func serveAll(ctx context.Context, up *upstreams.WebService, server *redis.Server, tokens []string) (time.Duration, error) {
	f, err := open(false, up.URL, up.Path(), sharedKeys(server))
	if err != nil {
		return 0, err
	}
	defer f.close()
	client := newClient(16)
	defer client.CloseIdleConnections()
	var next atomic.Int64
	var all sync.WaitGroup
	errs := make([]error, 16)
	begun := time.Now()
	for w := range errs {
		all.Go(func() {
			for i := next.Add(1); int(i) <= len(tokens) && errs[w] == nil; i = next.Add(1) {
				_, errs[w] = timed(ctx, client, 200, f.URL+"/hit", "Authorization: Bearer "+tokens[i-1])
			}
		})
	}
	all.Wait()
	took := time.Since(begun)
	for _, err := range errs {
		if err != nil {
			return 0, err
		}
	}
	pause(ctx, time.Second)
	return took, nil
}
