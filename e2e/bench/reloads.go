package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/traefik"
)

// reloading is a Traefik that gets one configuration after the other.
type reloading struct {
	server  *traefik.Server
	backend string
	routers int
	say     Say
}

// state is what there is of a Traefik between reloads.
type state struct {
	footprint
	goroutines int
}

// reloads measures how long a new configuration takes until it is served, and what
// many of them leave behind.
func reloads(ctx context.Context, o Options, say Say, r *Report) error {
	server, err := startQuiet(true)
	if err != nil {
		return err
	}
	defer func() { _ = server.Stop() }()
	backend := newBackend()
	defer backend.Close()
	l := &reloading{server, backend.URL, o.Routers, say}

	say("  %d reloads with %d routers (a minute and more for 1,000)", o.Reloads, o.Routers)
	reference, err := l.apply(ctx, max(10, o.Reloads/10), noopMiddleware)
	if err != nil {
		return err
	}
	if _, err := l.apply(ctx, 10, unusedMiddleware); err != nil { // the first ones make what stays
		return err
	}
	before, err := l.state(ctx)
	if err != nil {
		return err
	}
	begun := time.Now()
	took, err := l.apply(ctx, o.Reloads, unusedMiddleware)
	if err != nil {
		return err
	}
	all := time.Since(begun)
	pause(ctx, 2*time.Second) // handlers of the last configurations end
	after, err := l.state(ctx)
	if err != nil {
		return err
	}
	r.Tables = append(r.Tables, Table{
		Title: fmt.Sprintf("%s with %d routers, each with a middleware and an upstream of its own (profiled Traefik)", count(o.Reloads, "reload"), o.Routers),
		Head:  []string{"", "before", "after"},
		Rows: [][]string{
			{"RSS, garbage collected", mebibytes(before.resident), mebibytes(after.resident)},
			{"heap, garbage collected", mebibytes(before.heap), mebibytes(after.heap)},
			{"goroutines", fmt.Sprint(before.goroutines), fmt.Sprint(after.goroutines)},
		},
		Notes: []string{fmt.Sprintf("in all %s; from written to served: median %s, longest %s; with the no-op plugin on all routers: median %s",
			all.Round(100*time.Millisecond), millis(median(took)), millis(maximum(took)), millis(median(reference)))},
	})
	return nil
}

// apply serves so many configurations, none like the one before, and returns
// how long each took from being written to being served.
func (l *reloading) apply(ctx context.Context, times int, ware func(router, reload int) map[string]any) ([]time.Duration, error) {
	var took []time.Duration
	for reload := range times {
		wares := map[string]map[string]any{}
		for router := range l.routers {
			wares[fmt.Sprint("r", router)] = ware(router, reload)
		}
		begun := time.Now()
		if err := l.server.Apply("bench", dynamic(l.backend, wares)); err != nil {
			return nil, err
		}
		took = append(took, time.Since(begun))
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if (reload+1)%200 == 0 {
			l.say("  %d of %d reloads", reload+1, times)
		}
	}
	return took, nil
}

// unusedMiddleware is a middleware of ours whose route has an upstream path, and with
// it a scope, of its own. No request is made, so no upstream needs to be there.
func unusedMiddleware(router, reload int) map[string]any {
	return ours(map[string]any{"bearer": map[string]any{
		"api": "webservice", "url": "http://127.0.0.1:9", "path": fmt.Sprint("/check/", router), "timeout": fmt.Sprintf("%ds", 5+reload%2),
	}})
}

// noopMiddleware is one of the no-op plugin.
func noopMiddleware(_, reload int) map[string]any {
	return plugin("noop", map[string]any{"reload": reload})
}

func (l *reloading) state(ctx context.Context) (state, error) {
	held, err := weigh(ctx, l.server)
	if err != nil {
		return state{}, err
	}
	running, err := l.server.Goroutines()
	return state{held, running}, err
}
