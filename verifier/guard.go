package verifier

import "context"

// guard ends a panic of ours where it happens. Every goroutine of ours defers
// it, since a panic in one would end the whole process.
func guard() {
	_ = recover()
}

// await waits until done is closed (true) or the context ends (false). The
// interpreter mixes up select statements, so there is none.
func await(ctx context.Context, done chan struct{}) bool {
	first := make(chan bool, 2)
	stop := context.AfterFunc(ctx, func() {
		defer guard()
		first <- false
	})
	go func() {
		defer guard()
		<-done
		first <- true
	}()
	ok := <-first
	stop()
	return ok
}
