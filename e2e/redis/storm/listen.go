package storm

import (
	"strings"
	"sync"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/redis"
)

// ear is a listener and what it heard.
type ear struct {
	listener *redis.Listener
	mu       sync.Mutex
	heard    []string
	missed   int
	waits    int        // entries that it has got and not heard
	held     sync.Mutex // while it is locked nothing is heard
}

func (e *ear) hear(entry redis.Entry) {
	e.mu.Lock()
	e.waits++
	e.mu.Unlock()
	e.held.Lock()
	e.held.Unlock() //nolint:staticcheck // it only waits
	e.mu.Lock()
	defer e.mu.Unlock()
	e.waits--
	e.heard = append(e.heard, strings.Join(entry.Fields, "="))
}

func (e *ear) miss() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.missed++
}

// Listen has a client listen to a stream.
func Listen(number int, stream string) int {
	e := &ear{}
	e.listener = client(number).Listen(stream, func(entry redis.Entry) { e.hear(entry) }, func() { e.miss() })
	state.mu.Lock()
	defer state.mu.Unlock()
	state.number++
	state.ears[state.number] = e
	return state.number
}

func listening(number int) *ear {
	state.mu.Lock()
	defer state.mu.Unlock()
	return state.ears[number]
}

// Heard returns what was heard, and how often entries may have been missed.
func Heard(number int) ([]string, int) {
	e := listening(number)
	e.mu.Lock()
	defer e.mu.Unlock()
	heard := append([]string{}, e.heard...)
	return heard, e.missed
}

// Hold lets a listener wait with the next entry that it gets, or go on.
func Hold(number int, hold bool) {
	e := listening(number)
	if hold {
		e.held.Lock()
	} else {
		e.held.Unlock()
	}
}

// Waits tells whether a listener waits with an entry.
func Waits(number int) bool {
	e := listening(number)
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.waits > 0
}

// Current is up to when all was heard.
func Current(number int) time.Time {
	e := listening(number)
	return e.listener.Current()
}

// Failure is why nothing is heard; empty: all is well.
func Failure(number int) string {
	e := listening(number)
	if err := e.listener.Err(); err != nil {
		return err.Error()
	}
	return ""
}

// Stop ends a listener.
func Stop(number int) {
	e := listening(number)
	e.listener.Stop()
}
