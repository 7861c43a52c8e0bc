package redis

import (
	"context"
	"sync"
	"time"
)

// line is the one connection to an address, and the requests that wait for it. Who finds
// it free sends his request himself; what comes meanwhile goes out together, in one
// write, by a goroutine that lives only while there is any. So nobody waits for longer
// than two batches: the one under way, and his own.
type line struct {
	open    func(ctx context.Context) (*connection, error)
	still   func(ctx context.Context, c *connection) bool // it leads where open would; nil: always
	now     func() time.Time
	timeout time.Duration

	mu       sync.Mutex
	busy     bool // a batch is under way
	closed   bool
	waiting  []*request
	commands int         // in waiting
	conn     *connection // only the batch under way replaces it
	failures int         // in a row
	until    time.Time   // after failures: nothing is sent before
}

// do sends a request and waits for its replies; for no longer than limit, unless that is
// zero. After an error, replies may still be written to the request: they are not read.
func (l *line) do(r *request, limit time.Duration) error {
	first, err := l.enter(r)
	if err != nil {
		return err
	}
	if first {
		r.err = errPanicked // unless it is replaced
		l.lead(r, limit)
		return r.err
	}
	return r.wait(limit)
}

// enter tells whether a request is to be sent at once, by its caller.
func (l *line) enter(r *request) (bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false, ErrClosed
	}
	if l.isPaused() {
		return false, ErrPaused
	}
	if !l.busy {
		l.busy = true
		return true, nil
	}
	if l.commands+len(r.commands) > maxWaiting {
		return false, ErrBusy
	}
	l.waiting = append(l.waiting, r)
	l.commands += len(r.commands)
	return false, nil
}

// isPaused tells whether the address is left alone. The caller holds the lock.
func (l *line) isPaused() bool {
	return l.failures >= maxFailures && l.now().Before(l.until)
}

// lead sends a caller's own request, and has others send what came meanwhile.
func (l *line) lead(r *request, limit time.Duration) {
	defer func() {
		if recover() != nil {
			l.abandon([]*request{r})
		}
	}()
	if limit <= 0 || limit > l.timeout {
		limit = l.timeout
	}
	err := l.exchange([]*request{r}, limit)
	r.err = err
	if rest := l.next(err); len(rest) > 0 {
		go l.drain(rest)
	}
}

// drain sends batches while there are any.
func (l *line) drain(batch []*request) {
	defer func() {
		if recover() != nil {
			l.abandon(batch)
		}
	}()
	for len(batch) > 0 {
		err := l.exchange(batch, l.timeout)
		release(batch, err)
		batch = l.next(err)
	}
}

// next counts how a batch has ended, and takes the requests that wait. With none the line
// is free. After a failure the connection is not used again.
func (l *line) next(err error) []*request {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		l.failures = 0
	} else {
		l.failures++
		l.until = l.now().Add(pause)
		l.dropLocked()
	}
	if l.closed {
		release(l.waiting, ErrClosed)
		l.waiting = nil
	} else if l.failures >= maxFailures { // it broke under those before them
		release(l.waiting, ErrPaused)
		l.waiting = nil
	}
	batch := l.waiting
	l.waiting = nil
	l.commands = 0
	l.busy = len(batch) > 0
	return batch
}

// exchange sends one batch, over the connection that is kept or over a new one. A kept
// one that was closed meanwhile is replaced once: the batch may then have been done twice
// by the server, which happens if that dies between doing it and its first reply. One that
// was not used for long is replaced too, since something on the way may have forgotten it.
func (l *line) exchange(batch []*request, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	deadline, _ := ctx.Deadline()
	now := l.now()
	l.mu.Lock()
	kept := l.conn
	l.mu.Unlock()
	if kept != nil && now.Sub(kept.used) <= maxIdle && (l.still == nil || l.still(ctx, kept)) {
		lost, err := kept.exchange(deadline, batch)
		kept.used = now
		if !lost && !kept.replica {
			return err
		}
		l.drop()
		if !lost {
			return err
		}
	}
	l.drop()
	fresh, err := l.connect(ctx)
	if err != nil {
		return err
	}
	if _, err := fresh.exchange(deadline, batch); err != nil {
		return err
	}
	fresh.used = now
	if fresh.replica {
		l.drop() // the next one goes where the address, or a Sentinel, leads by then
	}
	return nil
}

// connect opens the connection. It is closed with the line, also before its first reply.
func (l *line) connect(ctx context.Context) (*connection, error) {
	fresh, err := l.open(ctx)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		fresh.close()
		return nil, ErrClosed
	}
	l.conn = fresh
	return fresh, nil
}

func (l *line) drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.dropLocked()
}

// dropLocked closes the connection. The caller holds the lock.
func (l *line) dropLocked() {
	if l.conn != nil {
		l.conn.close()
		l.conn = nil
	}
}

// close ends the line. A batch that is under way fails.
func (l *line) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.dropLocked()
}

// abandon ends what a panic has interrupted: nobody waits for it any more. It calls no
// function of ours, which might panic again.
func (l *line) abandon(batch []*request) {
	defer func() { _ = recover() }()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range append(batch, l.waiting...) {
		if !r.released {
			r.released = true
			r.err = errPanicked
			r.done <- true
		}
	}
	l.waiting = nil
	l.commands = 0
	l.busy = false
	if l.conn != nil {
		_ = l.conn.raw.Close()
	}
	l.conn = nil
}
