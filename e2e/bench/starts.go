package bench

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/bench/noop"
	"github.com/upstreamauth/upstreamauth/e2e/ending"
	"github.com/upstreamauth/upstreamauth/e2e/interpreted"
	"github.com/upstreamauth/upstreamauth/e2e/stage"
	"github.com/upstreamauth/upstreamauth/e2e/traefik"
)

// starts is what loading the plugin adds to Traefik's start. Traefik's log has
// no finer times than seconds, so starts with it and with the no-op plugin are
// compared; loading it in this process is a second measurement.
func starts(ctx context.Context, o Options, say Say, r *Report) error {
	var with, without, loaded []time.Duration
	for i := range o.Starts {
		say("  start %d of %d", i+1, o.Starts)
		ours, err := startTime(traefik.Options{LogLevel: "ERROR", Stage: stage.Plugin})
		if err != nil {
			return err
		}
		other, err := startTime(traefik.Options{LogLevel: "ERROR", Stage: noop.Stage, Plugin: "noop", Module: noop.Module})
		if err != nil {
			return err
		}
		here, err := loadTime()
		if err != nil {
			return err
		}
		with, without, loaded = append(with, ours), append(without, other), append(loaded, here)
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	added := median(less(with, without))
	r.Tables = append(r.Tables, Table{
		Title: fmt.Sprintf("Traefik's start, until it serves (medians of %s)", count(o.Starts, "start")),
		Head:  []string{"", "ms"},
		Rows: [][]string{
			{"with the no-op plugin", wholeMillis(median(without))},
			{"with upstreamauth", wholeMillis(median(with))},
			{"the difference", wholeMillis(added)},
			{"the same loading in an interpreter of this process", wholeMillis(median(loaded))},
		},
	})
	// The difference has the noise of two starts; the larger of both counts.
	r.Targets = append(r.Targets, within("plugin load at Traefik's start", max(added, median(loaded)), 300*time.Millisecond, wholeMillis))
	return nil
}

// startTime is how long a Traefik takes until it serves, without the copying of
// the plugin's files.
func startTime(options traefik.Options) (time.Duration, error) {
	var staging time.Duration
	put := options.Stage
	options.Stage = func(goPath string) error {
		begun := time.Now()
		defer func() { staging = time.Since(begun) }()
		return put(goPath)
	}
	begun := time.Now()
	server, err := traefik.Start(options)
	took := time.Since(begun)
	if err != nil {
		return 0, err
	}
	return took - staging, server.Stop()
}

// loadTime loads the plugin here, as Traefik does: interpreter, standard
// library's symbols, import.
func loadTime() (time.Duration, error) {
	dir, remove, err := ending.Folder("", "upstreamauth-bench-")
	if err != nil {
		return 0, err
	}
	defer remove()
	if err := stage.Plugin(dir); err != nil {
		return 0, err
	}
	begun := time.Now()
	_, err = interpreted.Load(dir, interpreted.Options{Stdout: io.Discard, Stderr: io.Discard})
	return time.Since(begun), err
}
