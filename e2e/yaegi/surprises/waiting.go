package surprises

import (
	"context"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
)

// Waiting for one of two things, in several goroutines at once.

const (
	waiters = 8
	rounds  = 5000
)

// exchange has several goroutines pass numbers of their own through pick, and
// reports whether any of them got another one's.
func exchange(pick func(a, b chan int) int) string {
	var wrong atomic.Int64
	var done sync.WaitGroup
	done.Add(waiters)
	for w := 1; w <= waiters; w++ {
		go waiter(w, pick, &wrong, &done)
	}
	done.Wait()
	if wrong.Load() > 0 {
		return "numbers of others"
	}
	return "every number its own"
}

func waiter(w int, pick func(a, b chan int) int, wrong *atomic.Int64, done *sync.WaitGroup) {
	defer done.Done()
	a, b := make(chan int, 1), make(chan int, 1)
	for i := 0; i < rounds; i++ {
		number := w*rounds + i
		a <- number
		if pick(a, b) != number {
			wrong.Add(1)
			return
		}
	}
}

func bySelect(a, b chan int) int {
	select {
	case v := <-a:
		return v
	case v := <-b:
		return v
	}
}

// Select mixes up the values of the goroutines, or never ends.
func Select() string { return exchange(bySelect) }

func byReflection(a, b chan int) int {
	cases := []reflect.SelectCase{
		{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(a)},
		{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(b)},
	}
	_, v, _ := reflect.Select(cases)
	return int(v.Int())
}

// ReflectSelect does what Select cannot.
func ReflectSelect() string { return exchange(byReflection) }

func byOneChannel(a, _ chan int) int {
	ctx, cancel := context.WithCancel(context.Background())
	first := make(chan int, 2)
	stop := context.AfterFunc(ctx, func() { first <- -1 })
	go func() {
		v := <-a
		first <- v
	}()
	v := <-first
	stop()
	cancel()
	return v
}

// OneChannelForAll does so too: all outcomes go into one channel.
func OneChannelForAll() string {
	return fmt.Sprint(exchange(byOneChannel))
}
