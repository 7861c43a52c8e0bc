package verifier

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"
)

func TestAwait(t *testing.T) {
	closed := make(chan struct{})
	close(closed)

	t.Run("it returns false once the deadline is over", func(t *testing.T) {
		done := make(chan struct{})
		defer close(done)
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		defer cancel()
		if await(ctx, done) {
			t.Error("done, though it is not")
		}
	})

	t.Run("it returns false where the context has ended before", func(t *testing.T) {
		done := make(chan struct{})
		defer close(done)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if await(ctx, done) {
			t.Error("done, though it is not")
		}
	})

	t.Run("it returns true where done was closed before", func(t *testing.T) {
		if !await(callContext(t), closed) {
			t.Error("not done, though it is")
		}
	})
}

func TestAwaitTogether(t *testing.T) {
	t.Run("each of many callers gets true once done is closed", func(t *testing.T) {
		done := make(chan struct{})
		results := make(chan bool)
		for range [50]int{} {
			go func() { results <- await(callContext(t), done) }()
		}
		time.Sleep(10 * time.Millisecond)
		close(done)
		for range [50]int{} {
			if !<-results {
				t.Error("not done, though it is")
			}
		}
	})

	t.Run("its goroutines end with done", func(t *testing.T) {
		before := runtime.NumGoroutine()
		done := make(chan struct{})
		ctx, cancel := context.WithCancel(context.Background())
		var calls sync.WaitGroup
		for range [50]int{} {
			calls.Add(1)
			go func() {
				defer calls.Done()
				await(ctx, done)
			}()
		}
		cancel()
		calls.Wait()
		close(done)
		for end := time.Now().Add(ample); runtime.NumGoroutine() > before && time.Now().Before(end); {
			time.Sleep(5 * time.Millisecond)
		}
		if left := runtime.NumGoroutine(); left > before {
			t.Errorf("%d goroutines, %d before", left, before)
		}
	})
}

func TestRecoverPanic(t *testing.T) {
	t.Run("it stops a panic of the function that defers it", func(t *testing.T) {
		result := func() (n int) {
			defer recoverPanic()
			n = 1
			panic("in the middle")
		}()
		if result != 1 {
			t.Errorf("%d", result)
		}
	})
}
