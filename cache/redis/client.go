package redis

import (
	"context"
	"errors"
	"sync"
)

const (
	maxLines  = 64   // addresses
	maxOwners = 4096 // tags whose node is remembered
)

// Client is the client of one Redis. It may be used by several goroutines.
type Client struct {
	options Options
	dialer  *dialer
	masters *sentinels // nil: there are none
	ctx     context.Context
	cancel  context.CancelFunc

	mu     sync.Mutex
	closed bool
	lines  map[string]*line  // by address; the empty one is the Sentinels' master
	owners map[string]string // which address a tag's keys lie at, as a cluster told
	first  int               // the endpoint for all others
}

// New returns a client. It opens nothing and starts nothing.
func New(options Options) *Client {
	if options.Timeout <= 0 {
		options.Timeout = defaultTimeout
	}
	c := &Client{
		options: options,
		dialer:  &dialer{options: options},
		lines:   map[string]*line{},
		owners:  map[string]string{},
	}
	if options.Master != "" {
		c.masters = &sentinels{dialer: c.dialer, now: options.Now}
	}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// Close closes all connections and ends all listeners. Calls that are under way fail.
func (c *Client) Close() {
	c.cancel()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.closeLines()
}

// closeLines closes the lines and forgets who has what. The caller holds the lock.
func (c *Client) closeLines() {
	for _, l := range c.lines {
		l.close()
	}
	c.lines = map[string]*line{}
	c.owners = map[string]string{}
}

// learn notes where the keys of a tag lie.
func (c *Client) learn(tag, address string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.owners) >= maxOwners {
		c.owners = map[string]string{}
	}
	c.owners[tag] = address
}

// route returns the address for a key.
func (c *Client) route(key string) string {
	if c.masters != nil {
		return ""
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.owners) > 0 {
		if owner := c.owners[tagOf(key)]; owner != "" {
			return owner
		}
	}
	return c.options.Endpoints[c.first]
}

// avoid has other nodes asked after a failure: a cluster may have given its keys to them.
func (c *Client) avoid(address string, err error) {
	if errors.Is(err, ErrBusy) || c.masters != nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for tag, owner := range c.owners {
		if owner == address {
			delete(c.owners, tag)
		}
	}
	if c.options.Endpoints[c.first] == address {
		c.first = (c.first + 1) % len(c.options.Endpoints)
	}
}

// line returns the line to an address; nil: the client is closed. Where a cluster has
// named more than there may be, all begin again.
func (c *Client) line(address string) *line {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil
	}
	l := c.lines[address]
	if l != nil {
		return l
	}
	if len(c.lines) >= maxLines {
		c.closeLines()
	}
	l = &line{now: c.options.Now, timeout: c.options.Timeout, open: func(ctx context.Context) (*connection, error) {
		return c.open(ctx, address)
	}}
	if c.masters != nil {
		l.still = func(ctx context.Context, conn *connection) bool { return c.masters.still(ctx, conn) }
	}
	c.lines[address] = l
	return l
}

// open opens a connection for commands; without an address to the Sentinels' master.
func (c *Client) open(ctx context.Context, address string) (*connection, error) {
	if address == "" {
		return c.masters.open(ctx)
	}
	conn, _, err := c.dialer.server(ctx, address, nil)
	return conn, err
}

// still tells whether a connection that was opened leads where a new one would.
func (c *Client) still(ctx context.Context, conn *connection) bool {
	return c.masters == nil || c.masters.still(ctx, conn)
}
