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

// weigh has a profiled Traefik collect its garbage, and looks at what is left.
// What the process holds from the system beyond its heap is also garbage that
// was, which the runtime gives back in its own time.
func weigh(ctx context.Context, server *traefik.Server) (footprint, error) {
	client := newClient(1)
	defer client.CloseIdleConnections()
	var text string
	for range 2 { // what finalizers held goes the second time
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

// memory is what remembered credentials weigh inside Traefik.
func memory(ctx context.Context, o Options, say Say, r *Report) error {
	up := newBulk()
	defer up.Close()
	g, err := open(true, up.URL, "/check", map[string]any{"cache": map[string]any{"size": o.Entries + 10}})
	if err != nil {
		return err
	}
	defer g.close()
	// Some first: pools, connections and goroutines are no entries.
	first := min(1_000, o.Entries/2)
	if _, err := show(ctx, g, o.Entries, first); err != nil {
		return err
	}
	before, err := weigh(ctx, g.Server)
	if err != nil {
		return err
	}
	say("  %s distinct tokens through a profiled Traefik (a minute and more for 100,000)", thousands(int64(o.Entries)))
	took, err := show(ctx, g, 0, o.Entries-first)
	if err != nil {
		return err
	}
	after, err := weigh(ctx, g.Server)
	if err != nil {
		return err
	}
	grown, more := after.less(before), int64(o.Entries-first)
	r.Tables = append(r.Tables, Table{
		Title: "Memory of Traefik, garbage collected before each look",
		Head:  []string{"", "RSS", "heap"},
		Rows: [][]string{
			{fmt.Sprintf("with %s tokens remembered", thousands(int64(first))), mebibytes(before.resident), mebibytes(before.heap)},
			{fmt.Sprintf("with %s", thousands(int64(o.Entries))), mebibytes(after.resident), mebibytes(after.heap)},
			{"for each token, bytes", thousands(grown.resident / more), thousands(grown.heap / more)},
		},
		Notes: []string{
			fmt.Sprintf("distinct tokens of the web service, each with a user, id and name of its own; filling took %s, %.0f misses/s (profiled, 16 connections)", took.Round(time.Second), float64(more)/took.Seconds()),
			"tokens not shown again since they were learned; RSS has room for garbage and the profiler's records in it",
		},
	})
	return nil
}

// show presents so many tokens of the bulk upstream, from number first on, with
// sixteen connections.
func show(ctx context.Context, g *gate, first, count int) (time.Duration, error) {
	const workers = 16
	client := newClient(workers)
	defer client.CloseIdleConnections()
	begun := time.Now()
	errs := make([]error, workers)
	var all sync.WaitGroup
	for w := range workers {
		all.Go(func() {
			for i := w; i < count && errs[w] == nil; i += workers {
				_, errs[w] = timed(ctx, client, 200, g.URL+"/hit", "Authorization: Bearer "+bulkToken(first+i))
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
