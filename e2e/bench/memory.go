package bench

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"sync"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/traefik"
)

// footprint is what a Traefik holds, garbage collected.
type footprint struct{ resident, heap int64 }

func (f footprint) less(before footprint) footprint {
	return footprint{f.resident - before.resident, f.heap - before.heap}
}

var heapAlloc = regexp.MustCompile(`(?m)^# HeapAlloc = (\d+)`)

// weigh makes a profiled Traefik collect its garbage, and measures what is left.
// Memory beyond its heap is also former garbage that the runtime has not returned to
// the system yet.
func weigh(ctx context.Context, server *traefik.Server) (footprint, error) {
	client := newClient(1)
	defer client.CloseIdleConnections()
	var text string
	for range 2 { // what finalizers held is collected the second time
		r, err := ask(ctx, client, server.API+"/debug/pprof/heap?gc=1&debug=1")
		if err != nil {
			return footprint{}, err
		}
		if r.status != 200 {
			return footprint{}, fmt.Errorf("Traefik's heap profile: status %d", r.status)
		}
		text = r.body
	}
	found := heapAlloc.FindStringSubmatch(text)
	if found == nil {
		return footprint{}, fmt.Errorf("Traefik's heap profile is not understood")
	}
	heap, err := strconv.ParseInt(found[1], 10, 64)
	if err != nil {
		return footprint{}, fmt.Errorf("Traefik's heap profile: %w", err)
	}
	resident, err := server.Memory()
	return footprint{resident, heap}, err
}

// memory measures the memory of cached credentials in Traefik.
func memory(ctx context.Context, o Options, say Say, r *Report) error {
	up := newBulk()
	defer up.Close()
	f, err := open(true, up.URL, "/check", map[string]any{"cache": map[string]any{"size": o.Entries + 10}})
	if err != nil {
		return err
	}
	defer f.close()
	// Some entries first, so that pools, connections and goroutines are not counted.
	first := min(1_000, o.Entries/2)
	if _, err := show(ctx, f, o.Entries, first); err != nil {
		return err
	}
	before, err := weigh(ctx, f.Server)
	if err != nil {
		return err
	}
	say("  %s distinct tokens through a profiled Traefik (a minute and more for 100,000)", thousands(int64(o.Entries)))
	took, err := show(ctx, f, 0, o.Entries-first)
	if err != nil {
		return err
	}
	after, err := weigh(ctx, f.Server)
	if err != nil {
		return err
	}
	grown, more := after.less(before), int64(o.Entries-first)
	r.Tables = append(r.Tables, Table{
		Title: "Memory of Traefik, garbage collected before each look",
		Head:  []string{"", "RSS", "heap"},
		Rows: [][]string{
			{fmt.Sprintf("with %s tokens cached", thousands(int64(first))), mebibytes(before.resident), mebibytes(before.heap)},
			{fmt.Sprintf("with %s", thousands(int64(o.Entries))), mebibytes(after.resident), mebibytes(after.heap)},
			{"for each token, bytes", thousands(grown.resident / more), thousands(grown.heap / more)},
		},
		Notes: []string{
			fmt.Sprintf("distinct tokens of the web service, each with a user, id and name of its own; filling took %s, %.0f misses/s (profiled, 16 connections)", took.Round(time.Second), float64(more)/took.Seconds()),
			"no token is sent twice; RSS includes garbage and the profiler's records",
		},
	})
	return nil
}

// show sends so many tokens of the bulk upstream, from number first on, over sixteen
// connections.
func show(ctx context.Context, f *fixture, first, count int) (time.Duration, error) {
	const workers = 16
	client := newClient(workers)
	defer client.CloseIdleConnections()
	begun := time.Now()
	errs := make([]error, workers)
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for i := w; i < count && errs[w] == nil; i += workers {
				_, errs[w] = timed(ctx, client, 200, f.URL+"/hit", "Authorization: Bearer "+bulkToken(first+i))
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return 0, err
		}
	}
	return time.Since(begun), nil
}
