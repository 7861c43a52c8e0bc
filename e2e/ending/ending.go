// Package ending has a process leave nothing behind, however it is asked to end:
// by Ctrl-C, by kill, or because its terminal was closed (SIGHUP).
//
// A program that ends by itself and in order takes a Context. Tests take none:
// their process ends at once, after what OnSignal was given.
package ending

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

var state struct {
	mu       sync.Mutex
	watching bool
	number   int
	actions  []action                   // the latest last
	programs map[int]context.CancelFunc // of the contexts that no signal has ended yet
}

// action is what has to be done before the process ends by a signal.
type action struct {
	number int
	do     func()
}

// Context ends with the first signal that asks the process to end. A second one
// ends the process, after what OnSignal was given: whoever is in a hurry leaves
// nothing behind either.
func Context() (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	state.mu.Lock()
	defer state.mu.Unlock()
	watch()
	state.number++
	number := state.number
	if state.programs == nil {
		state.programs = map[int]context.CancelFunc{}
	}
	state.programs[number] = cancel
	return ctx, func() {
		state.mu.Lock()
		delete(state.programs, number)
		state.mu.Unlock()
		cancel()
	}
}

// OnSignal has do called before the process ends by a signal. forget takes it
// back, once it is done in order.
func OnSignal(do func()) (forget func()) {
	state.mu.Lock()
	defer state.mu.Unlock()
	return add(do)
}

// add is OnSignal for a caller that holds the lock.
func add(do func()) (forget func()) {
	watch()
	state.number++
	number := state.number
	state.actions = append(state.actions, action{number, do})
	return func() {
		state.mu.Lock()
		defer state.mu.Unlock()
		for i, a := range state.actions {
			if a.number == number {
				state.actions = append(state.actions[:i:i], state.actions[i+1:]...)
				return
			}
		}
	}
}

// Folder makes a temporary folder, as os.MkdirTemp does. remove takes it away,
// and so does the end of the process by a signal.
func Folder(parent, pattern string) (dir string, remove func(), err error) {
	state.mu.Lock()
	defer state.mu.Unlock()
	if dir, err = os.MkdirTemp(parent, pattern); err != nil {
		return "", nil, err
	}
	forget := add(func() { _ = os.RemoveAll(dir) })
	return dir, func() {
		_ = os.RemoveAll(dir)
		forget()
	}, nil
}

// watch takes the signals that ask a process to end, but none that it was started
// to ignore: under nohup it goes on when its terminal is closed. The caller holds
// the lock.
func watch() {
	if state.watching {
		return
	}
	state.watching = true
	signals := make(chan os.Signal, 1)
	for _, s := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		if !signal.Ignored(s) {
			signal.Notify(signals, s)
		}
	}
	go func() {
		for s := range signals {
			if !cancelAll() {
				end(s)
			}
		}
	}()
}

// cancelAll ends the contexts that are left; it is false where there is none.
func cancelAll() bool {
	state.mu.Lock()
	defer state.mu.Unlock()
	some := len(state.programs) > 0
	for number, cancel := range state.programs {
		cancel()
		delete(state.programs, number)
	}
	return some
}

// end does what is left to do, the latest first, and ends the process as the
// signal would have. The lock is kept: nothing is begun any more.
func end(s os.Signal) {
	state.mu.Lock()
	for i := len(state.actions) - 1; i >= 0; i-- {
		state.actions[i].do()
	}
	signal.Reset(s)
	if self, err := os.FindProcess(os.Getpid()); err == nil && self.Signal(s) == nil {
		select {} // until the signal arrives
	}
	os.Exit(1)
}
