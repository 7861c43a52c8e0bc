package telemetry

import (
	"context"
	"crypto/sha256"
	"sort"
	"strings"
	"sync"
)

// maxGates limits the middlewares that are counted.
const maxGates = 10000

// Built is one handler that was made of a middleware's configuration.
type Built struct {
	Context  context.Context // ends when Traefik replaces the handler
	Name     string          // of the middleware
	Settings string          // its configuration as a text; only a digest of it is kept
	Level    string          // of its log; empty where its configuration has faults
	Broken   bool            // the handler could not be made, though no fault was found
}

// loads tells when a configuration of Traefik's has been loaded.
//
// Traefik says nothing about that. It makes each middleware once for each router that uses
// it, one after the other; and again at each reload, whose first step ends the contexts of
// all handlers before. So a load is over once no handler was made for a moment, and its
// middlewares are those whose context has not ended.
type loads struct {
	pause func() // waits that moment; nil: loads are not noticed
	over  func() // is called when a load is over

	mu      sync.Mutex
	gates   map[string]*loaded // by the middleware's name: the handler of it that was made last
	made    int                // handlers, of all loads
	waiting bool               // a goroutine waits for the end of a load
	last    string             // what the last entry was about
}

type loaded struct {
	context  context.Context
	settings [32]byte
	level    string
	broken   bool
}

func newLoads() *loads {
	return &loads{gates: map[string]*loaded{}}
}

// note notes a handler. Only while a load is under way there is a goroutine, one for all
// handlers, which ends with it.
func (l *loads) note(b Built) {
	if l.pause == nil || b.Context == nil {
		return
	}
	made := &loaded{context: b.Context, settings: sha256.Sum256([]byte(b.Settings)), level: b.Level, broken: b.Broken}
	if l.add(b.Name, made) {
		go l.wait()
	}
}

// add adds a handler, and tells whether nothing waits for the end of its load yet.
func (l *loads) add(name string, made *loaded) (begins bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.made++
	if l.gates[name] == nil && len(l.gates) >= maxGates {
		l.dropEnded()
		if len(l.gates) >= maxGates {
			l.gates = map[string]*loaded{}
		}
	}
	l.gates[name] = made
	begins = !l.waiting
	l.waiting = true
	return begins
}

// dropEnded forgets the middlewares that are no more. The caller holds the lock.
func (l *loads) dropEnded() {
	for name, g := range l.gates {
		if g.context.Err() != nil {
			delete(l.gates, name)
		}
	}
}

// wait waits until a load is over, and for those that begin meanwhile.
func (l *loads) wait() {
	defer l.stopWaiting()
	for {
		made := l.count()
		l.pause()
		if l.count() != made {
			continue
		}
		l.over()
		if l.isLast(made) {
			return
		}
	}
}

func (l *loads) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.made
}

// isLast tells whether no handler was made since so many were. Then the next one begins
// another load.
func (l *loads) isLast(made int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	last := l.made == made
	l.waiting = !last
	return last
}

// stopWaiting ends a panic, which would end the process: then the next handler begins a load.
func (l *loads) stopWaiting() {
	if recover() == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = false
}

// summarize counts the middlewares of the load that is over. info: one of them logs more
// than errors. changed: it is not like the load before.
func (l *loads) summarize(isFaulty func(name string) bool) (gates, faulty int, info, changed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dropEnded()
	var all []string
	for name, g := range l.gates {
		state := " ok"
		if g.broken || isFaulty(name) {
			faulty++
			state = " faulty"
		}
		info = info || g.level != LevelError
		all = append(all, name+" "+string(g.settings[:])+state)
	}
	gates = len(all)
	if gates == 0 {
		return 0, 0, false, false // a reload is under way
	}
	sort.Strings(all)
	digest := sha256.Sum256([]byte(strings.Join(all, "\n")))
	changed = l.last != string(digest[:])
	l.last = string(digest[:])
	return gates, faulty, info, changed
}
