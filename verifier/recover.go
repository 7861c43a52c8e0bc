package verifier

import (
	"context"
	"time"
)

// probeLimit is when a probe that many calls wait for counts as lost, so that
// another begins: no call takes half as long, but a panic might lose one.
const probeLimit = 2 * time.Minute

// recoverPanic stops a panic. Every goroutine of the plugin defers it, since a panic in
// one would end Traefik's process. A function literal defers a literal that recovers
// instead, since the interpreter may not call this one there (docs/yaegi.md).
func recoverPanic() {
	_ = recover()
}

// await waits until done is closed (true) or the context ends (false); false too if a
// panic ends the waiting: then the context goes on. It uses no select statement: the interpreter mixes up the values of concurrent ones. Its
// goroutine ends once done is closed, as it is when a probe finishes.
func await(ctx context.Context, done chan struct{}) bool {
	first := make(chan bool, 2) // space for both, so that neither sender blocks
	stop := context.AfterFunc(ctx, func() {
		defer func() { _ = recover() }()
		first <- false
	})
	go func() {
		defer func() {
			if recover() != nil {
				first <- false
			}
		}()
		<-done
		first <- true
	}()
	ok := <-first
	stop()
	return ok
}
