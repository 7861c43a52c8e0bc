package verifier

import (
	"context"
	"time"
)

// probeLimit is when a probe that many calls wait for counts as lost, so that
// another begins: no call takes half as long, but a panic might lose one.
const probeLimit = 2 * time.Minute

// recoverPanic ends a panic of ours where it happens. Every goroutine of ours defers
// it, since a panic in one would end the whole process; or, where it begins
// with a function literal, another that recovers (docs/yaegi.md).
func recoverPanic() {
	_ = recover()
}

// await waits until done is closed (true) or the context ends (false). It does
// without a select statement, whose values the interpreter mixes up.
func await(ctx context.Context, done chan struct{}) bool {
	first := make(chan bool, 2)
	stop := context.AfterFunc(ctx, func() {
		defer func() { _ = recover() }()
		first <- false
	})
	go func() {
		defer func() { _ = recover() }()
		<-done
		first <- true
	}()
	ok := <-first
	stop()
	return ok
}
