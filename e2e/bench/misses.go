package bench

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/ending"
	"github.com/upstreamauth/upstreamauth/e2e/interpreted"
	"github.com/upstreamauth/upstreamauth/e2e/stage"
	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// missFixture is what misses are timed with: the same upstream, called by this
// process, by the plugin in this process, and by the plugin behind Traefik.
type missFixture struct {
	*fixture
	up     *upstreams.WebService
	alone  http.Handler
	twin   http.Handler // of the same API, as api: custom describes it
	client *http.Client
	dir    string
	remove func() // takes the folder away
	made   int

	background int
}

// timings of misses at the same latency of the upstream; those of one index follow
// one another.
type timings struct{ direct, alone, twin, none, behind []time.Duration }

func misses(ctx context.Context, o Options, say Say, r *Report) error {
	m, err := newMissFixture(ctx)
	if err != nil {
		return err
	}
	defer m.close()
	t := Table{
		Title: "A miss: what it adds to the upstream's own latency (medians, µs)",
		Head:  []string{"upstream's delay", "the plugin is", "samples", "called directly", "interpreted, in process", "adds", "the same API described", "Traefik alone", "miss behind Traefik", "adds"},
		Notes: []string{"busy: another miss every 2 ms, in this process", "the same API described: what a miss adds where api: custom says what is built in", "behind Traefik, \"adds\" is over the direct call and the same Traefik's route without a middleware"},
	}
	var worst, warm time.Duration
	var described float64 // of a miss of the built-in API
	for _, s := range o.Samples {
		say("  upstream of %s, %d misses", s.Latency, s.Times)
		found, err := m.sample(ctx, s)
		if err != nil {
			return err
		}
		alone, behind := median(less(found.alone, found.direct)), median(less(found.behind, found.direct, found.none))
		twin := median(less(found.twin, found.direct))
		described = max(described, float64(twin)/float64(alone))
		load := "idle"
		if s.Busy {
			load, warm = "busy", max(warm, alone)
		} else {
			worst = max(worst, alone)
		}
		t.Rows = append(t.Rows, []string{
			s.Latency.String(), load, fmt.Sprint(s.Times), micros(median(found.direct)), micros(median(found.alone)), micros(alone), fmt.Sprintf("%s (%.2f ×)", micros(twin), float64(twin)/float64(alone)),
			micros(median(found.none)), micros(median(found.behind)), micros(behind),
		})
	}
	say("  %d concurrent callers", o.Callers)
	calls, slowest, err := m.concurrentCallers(ctx, o.Callers)
	if err != nil {
		return err
	}
	t.Notes = append(t.Notes, fmt.Sprintf("%d concurrent callers of one uncached token (upstream of 100 ms) made %s; the slowest response took %s", o.Callers, count(calls, "call"), wholeMillis(slowest)))
	r.Tables = append(r.Tables, t)
	r.Targets = append(r.Targets,
		within("in process: a miss adds to the upstream's latency (the worst of 0, 20, 100 ms)", worst, time.Millisecond, millis),
		Target{What: "… through api: custom, of a miss of the same API built in (the worst)", Want: "≤ 1.3", Got: fmt.Sprintf("%.2f", described), OK: described <= 1.3},
		within("… while other misses run (busy: its code is in the processor's caches)", warm, time.Millisecond, millis),
		Target{What: fmt.Sprintf("%d concurrent callers of one uncached token: calls", o.Callers), Want: "1", Got: fmt.Sprint(calls), OK: calls == 1})
	return nil
}

func newMissFixture(ctx context.Context) (_ *missFixture, err error) {
	m := &missFixture{up: upstreams.NewWebService(upstreams.WebServiceOptions{}), client: newClient(1)}
	defer func() {
		if err != nil {
			m.close()
		}
	}()
	if m.fixture, err = open(false, m.up.URL, m.up.Path(), nil); err != nil {
		return nil, err
	}
	if m.dir, m.remove, err = ending.Folder("", "upstreamauth-bench-"); err != nil {
		return nil, err
	}
	if err := stage.Plugin(m.dir); err != nil {
		return nil, err
	}
	loaded, err := interpreted.Load(m.dir, interpreted.Options{Stdout: io.Discard, Stderr: io.Discard})
	if err != nil {
		return nil, err
	}
	next := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	if m.alone, err = loaded.New(ctx, next, bearer(m.up.URL, m.up.Path(), nil), "bench@file"); err != nil {
		return nil, err
	}
	block, err := twinOf("webservice")
	if err != nil {
		return nil, err
	}
	block["url"], block["path"] = m.up.URL, m.up.Path()
	if m.twin, err = loaded.New(ctx, next, map[string]any{"bearer": block}, "twin@file"); err != nil {
		return nil, err
	}
	// The first lookup runs the canary too, which makes it slower than the others.
	_, err = m.sample(ctx, Sampling{Times: 5})
	return m, err
}

func (m *missFixture) close() {
	if m.fixture != nil {
		m.fixture.close()
	}
	m.up.Close()
	m.client.CloseIdleConnections()
	if m.remove != nil {
		m.remove()
	}
}

// fresh is the header of a token that was not sent before. The upstream allows it
// after this latency.
func (m *missFixture) fresh(latency time.Duration) string {
	m.made++
	token := fmt.Sprintf("miss%028x", m.made)
	m.up.Answer(token, upstreams.Reply{
		Delay: latency,
		Body:  fmt.Sprintf(`{"IsSuccess":true,"Data":{"UserName":"user%06d","Id":%d,"Name":"User %06d"}}`, m.made, m.made, m.made),
	})
	return "Authorization: Bearer " + token
}

// sample times the five ways in turn.
func (m *missFixture) sample(ctx context.Context, s Sampling) (timings, error) {
	var found timings
	if s.Busy {
		stop := m.missInBackground(ctx)
		defer stop()
	}
	for range s.Times {
		for _, way := range []struct {
			list *[]time.Duration
			ask  func() (time.Duration, error)
		}{
			{&found.direct, func() (time.Duration, error) {
				return timed(ctx, m.client, 200, m.up.URL+m.up.Path(), m.fresh(s.Latency))
			}},
			{&found.alone, func() (time.Duration, error) { return missOf(ctx, m.alone, m.fresh(s.Latency)) }},
			{&found.twin, func() (time.Duration, error) { return missOf(ctx, m.twin, m.fresh(s.Latency)) }},
			{&found.none, func() (time.Duration, error) { return timed(ctx, m.client, 200, m.URL+"/none", m.fresh(s.Latency)) }},
			{&found.behind, func() (time.Duration, error) { return timed(ctx, m.client, 200, m.URL+"/hit", m.fresh(s.Latency)) }},
		} {
			took, err := way.ask()
			if err != nil {
				return timings{}, err
			}
			*way.list = append(*way.list, took)
		}
	}
	return found, nil
}

// missInBackground makes another miss every two milliseconds, until stop is called.
func (m *missFixture) missInBackground(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	all.Go(func() {
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			m.background++
			token := fmt.Sprintf("other%027x", m.background)
			m.up.Answer(token, upstreams.Reply{Body: `{"IsSuccess":true,"Data":{"UserName":"another","Id":1,"Name":"Another"}}`})
			_, _ = missOf(ctx, m.alone, "Authorization: Bearer "+token)
		}
	})
	return func() {
		cancel()
		all.Wait()
	}
}

// missOf sends a request to an interpreted handler of this process.
func missOf(ctx context.Context, handler http.Handler, line string) (time.Duration, error) {
	request := httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil)
	request.Header.Set("Authorization", line[len("Authorization: "):])
	recorder := httptest.NewRecorder()
	begun := time.Now()
	handler.ServeHTTP(recorder, request)
	took := time.Since(begun)
	if recorder.Code != http.StatusOK {
		return 0, fmt.Errorf("in process: status %d instead of 200", recorder.Code)
	}
	return took, nil
}

// concurrentCallers sends callers at once, all with one unknown token.
func (m *missFixture) concurrentCallers(ctx context.Context, callers int) (calls int, slowest time.Duration, err error) {
	line := m.fresh(100 * time.Millisecond)
	client := newClient(callers)
	defer client.CloseIdleConnections()
	took, errs := make([]time.Duration, callers), make([]error, callers)
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() { took[i], errs[i] = timed(ctx, client, 200, m.URL+"/hit", line) })
	}
	all.Wait()
	for i, err := range errs {
		if err != nil {
			return 0, 0, fmt.Errorf("a concurrent caller: %w", err)
		}
		slowest = max(slowest, took[i])
	}
	return m.up.CallsWith(line[len("Authorization: Bearer "):]), slowest, nil
}
