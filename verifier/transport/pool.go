package transport

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"sync"
	"time"
)

// pool keeps the HTTP/1.1 connections to one upstream.
//
// A second answer on a kept connection would be taken for the answer to the next
// question: a stranger's yes. Nothing in HTTP/1.1 tells them apart but time. So a
// connection rests after each response, and is watched meanwhile by a goroutine that
// reads it: one that brings anything, or ends, is closed and not used again.
// net/http's own pool has no rest, and writes what comes into the log.
type pool struct {
	address string      // host and port
	config  *tls.Config // nil: plain
	dialer  *net.Dialer
	proxy   *proxy        // nil: none
	keep    bool          // false: one connection for each request
	rest    time.Duration // after a response
	maxIdle time.Duration // an unused connection is closed then
	maxAge  time.Duration // of a connection, so that changes of DNS are seen

	now func() time.Time

	mu   sync.Mutex
	idle []*connection // in the order in which their rests began
	busy int           // calls under way
}

// newPool returns a pool without connections. config is nil for an http address.
func newPool(address *url.URL, config *tls.Config, keep bool, now func() time.Time) *pool {
	port := address.Port()
	if port == "" {
		port = "80"
		if config != nil {
			port = "443"
		}
	}
	return &pool{
		address: net.JoinHostPort(address.Hostname(), port),
		config:  named(config, address.Hostname()),
		dialer:  &net.Dialer{Timeout: dialLimit},
		keep:    keep,
		rest:    restLimit,
		maxIdle: idleLimit,
		maxAge:  ageLimit,
		now:     now,
	}
}

// enter waits until fewer than maxConnections calls are under way; false: the context
// has ended first. Each call that has entered leaves.
func (p *pool) enter(ctx context.Context) bool {
	for !p.tryEnter() {
		if ctx.Err() != nil {
			return false
		}
		pause(ctx)
	}
	return true
}

// pause waits a moment, or until the context ends.
func pause(ctx context.Context) {
	moment, cancel := context.WithTimeout(ctx, 5*time.Millisecond)
	defer cancel()
	<-moment.Done()
}

func (p *pool) tryEnter() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.busy >= maxConnections {
		return false
	}
	p.busy++
	return true
}

func (p *pool) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.busy--
}

// open opens a connection. streams: the server prefers HTTP/2, and the connection is
// of no use here.
func (p *pool) open(ctx context.Context) (_ *connection, streams bool, _ error) {
	p.closeYoungest()
	ctx, cancel := context.WithTimeout(ctx, dialLimit) // for the connection and its handshake together
	defer cancel()
	conn, err := p.dial(ctx)
	if err != nil {
		return nil, false, err
	}
	if p.config == nil {
		plain := newConnection(conn, p.now())
		plain.proxied = p.proxy != nil
		return plain, false, nil
	}
	secured, err := handshake(ctx, conn, p.config)
	if err != nil {
		_ = conn.Close()
		return nil, false, fmt.Errorf(inHandshake+"%w", err)
	}
	if secured.ConnectionState().NegotiatedProtocol == "h2" {
		err := refusalOf(secured, deadlineAfter(alertLimit))
		_ = secured.Close()
		chosen := err == nil
		return nil, chosen, err
	}
	return newConnection(secured, p.now()), false, nil
}

// dial opens a connection to the upstream, or to the proxy before it.
func (p *pool) dial(ctx context.Context) (net.Conn, error) {
	if p.proxy != nil {
		conn, err := p.proxy.dial(ctx, p.dialer, p.address, p.config != nil)
		return conn, err
	}
	conn, err := p.dialer.DialContext(ctx, "tcp", p.address)
	return conn, err
}

// closeYoungest makes room for a new connection where all together are maxConnections.
// The others are nearer to the end of their rest: if the one that rests longest went
// instead, no rest would end any more while calls come faster than rests do.
func (p *pool) closeYoungest() {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.idle) - 1
	if last >= 0 && len(p.idle)+p.busy > maxConnections {
		_ = p.idle[last].conn.Close() // its watch ends by this
		p.idle = p.idle[:last]
	}
}

// take returns a connection that has rested and brought nothing meanwhile; nil where
// there is none. The one whose rest is longest comes first.
func (p *pool) take() *connection {
	for i := 0; i < maxConnections; i++ {
		c := p.next()
		if c == nil {
			return nil
		}
		_ = c.conn.SetReadDeadline(past) // ends its watch
		quiet := <-c.quiet
		if quiet && !c.hasPart() && p.now().Sub(c.opened) < p.maxAge {
			return c
		}
		_ = c.conn.Close()
	}
	return nil
}

// next takes the connection with the longest rest off the list, if that rest is over.
func (p *pool) next() *connection {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) == 0 {
		return nil
	}
	c := p.idle[0]
	if !c.rested {
		return nil
	}
	p.idle = p.idle[1:]
	return c
}

// put keeps a connection for other requests, if it may be kept, or closes it.
func (p *pool) put(c *connection, clean bool) {
	if !p.keep || !clean || p.now().Sub(c.opened) >= p.maxAge {
		_ = c.conn.Close()
		return
	}
	c.limited.N = maxResponse
	c.silent = false
	c.rested = false
	c.quiet = make(chan bool, 1)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.idle = append(p.idle, c)
	go p.watch(c)
}

// watch reads a connection that rests, until something comes, or the connection is
// taken, or nobody has taken it for maxIdle. A process that is held up sees neither what
// came meanwhile nor that time has passed: so the rest ends with a second read, which
// looks at the connection anew, and not with a time alone.
func (p *pool) watch(c *connection) {
	defer p.unwatch(c)
	if !c.isQuietFor(p.rest-p.rest/restParts) || !c.isQuietFor(p.rest/restParts) {
		return
	}
	_ = c.conn.SetDeadline(deadlineAfter(p.maxIdle))
	p.endRest(c)
	_, err := c.in.Peek(1)
	c.silent = err != nil && isTimeout(err)
}

// isQuietFor tells whether nothing comes on a connection that rests.
func (c *connection) isQuietFor(d time.Duration) bool {
	_ = c.conn.SetDeadline(deadlineAfter(d))
	_, err := c.in.Peek(1)
	return err != nil && isTimeout(err)
}

// deadlineAfter is an instant for a connection's deadline. Those go by the machine's
// clock, as contexts do.
func deadlineAfter(d time.Duration) time.Time {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	deadline, _ := ctx.Deadline()
	return deadline
}

// endRest: the connection may be taken from now on.
func (p *pool) endRest(c *connection) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c.rested = true
}

// unwatch closes a connection whose watch has ended, unless it was taken.
func (p *pool) unwatch(c *connection) {
	_ = recover()
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := 0; i < len(p.idle); i++ {
		if p.idle[i] == c {
			_ = c.conn.Close()
			p.idle = append(p.idle[:i:i], p.idle[i+1:]...)
			break
		}
	}
	c.quiet <- c.silent
}
