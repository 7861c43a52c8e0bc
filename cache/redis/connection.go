package redis

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"time"
)

// connection is one connection to a server. One goroutine at a time uses it.
type connection struct {
	conn    net.Conn
	raw     net.Conn // below TLS; it is this that is closed
	address string
	in      reader
	mark    string // of this connection's batches: no value that Redis holds is like it
	number  int64  // of the last batch
	replica bool   // the server takes no writes
	used    time.Time
	checked time.Time // when a Sentinel named its server last
}

// dialer opens connections.
type dialer struct {
	options Options
}

// open opens a connection, and sends the commands that it begins with. The context has a
// deadline.
func (d *dialer) open(ctx context.Context, address string, commands [][]string) (*connection, []*Reply, error) {
	mark := newMark()
	conn, raw, err := d.dial(ctx, address)
	if err != nil {
		return nil, nil, late(err)
	}
	c := &connection{conn: conn, raw: raw, address: address, in: reader{in: bufio.NewReader(conn)}, mark: mark}
	if len(commands) == 0 {
		return c, nil, nil
	}
	deadline, _ := ctx.Deadline()
	replies, err := c.ask(deadline, commands)
	if err != nil {
		c.close()
		return nil, nil, err
	}
	return c, replies, nil
}

// dial connects, and returns the connection for commands and what lies below its TLS.
func (d *dialer) dial(ctx context.Context, address string) (conn, raw net.Conn, err error) {
	if d.options.Dial != nil {
		raw, err = d.options.Dial(ctx, address)
	} else {
		own := &net.Dialer{}
		raw, err = own.DialContext(ctx, "tcp", address)
	}
	if err != nil || d.options.TLS == nil {
		return raw, raw, err
	}
	config := d.options.TLS.Clone()
	if config.ServerName == "" {
		host, _, _ := net.SplitHostPort(address)
		config.ServerName = host
	}
	secured := tls.Client(raw, config)
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = raw.Close()
		return nil, nil, fmt.Errorf("redis: TLS handshake: %w", err)
	}
	return secured, raw, nil
}

// login is what a connection to a server begins with.
func (d *dialer) login() [][]string {
	var commands [][]string
	if d.options.Password != "" {
		commands = append(commands, d.auth())
	}
	if d.options.DB != 0 {
		commands = append(commands, []string{"SELECT", strconv.Itoa(d.options.DB)})
	}
	return commands
}

func (d *dialer) auth() []string {
	if d.options.Username == "" {
		return []string{"AUTH", d.options.Password}
	}
	return []string{"AUTH", d.options.Username, d.options.Password}
}

// server opens a connection to a server that takes commands.
func (d *dialer) server(ctx context.Context, address string, more [][]string) (*connection, []*Reply, error) {
	c, replies, err := d.open(ctx, address, append(d.login(), more...))
	if err != nil {
		return nil, nil, err
	}
	for _, r := range replies {
		if r.Kind == Failed {
			c.close()
			return nil, nil, refused(r)
		}
	}
	return c, replies, nil
}

// ask is exchange for one request.
func (c *connection) ask(deadline time.Time, commands [][]string) ([]*Reply, error) {
	one := newRequest(commands)
	_, err := c.exchange(deadline, []*request{one})
	if err == nil {
		return one.replies, nil
	}
	for _, r := range one.replies {
		if r.Kind == Failed { // what came after it failed for its sake
			return nil, refused(r)
		}
	}
	return nil, err
}

// exchange sends requests in one write, and gives each its replies. After an error the
// connection is of no use, and neither is any reply. lost: not a byte came back on a
// connection that had been left open, so that the server had probably closed it before.
func (c *connection) exchange(deadline time.Time, requests []*request) (bool, error) {
	c.number++
	end := c.mark + strconv.FormatInt(c.number, 10)
	var wire []byte
	for _, r := range requests {
		wire = append(wire, r.wire...)
	}
	wire = append(wire, "*2\r\n$4\r\nPING\r\n$"+strconv.Itoa(len(end))+"\r\n"+end+"\r\n"...)
	_ = c.conn.SetDeadline(deadline)
	_, err := c.conn.Write(wire)
	if err == nil {
		_, err = c.in.in.Peek(1)
	}
	if err != nil {
		lost := c.number > 1 && !isTimeout(err)
		return lost, late(err)
	}
	c.in.items, c.in.bytes = maxItems, maxBytes
	for _, r := range requests {
		r.replies = make([]*Reply, 0, len(r.commands))
		for _, command := range r.commands {
			reply, err := c.in.reply(0)
			if err != nil {
				return false, late(err)
			}
			if !fits(command, reply) {
				return false, errShape
			}
			c.replica = c.replica || reply.Code == ReadOnly
			r.replies = append(r.replies, reply)
		}
	}
	if err := c.finish(end); err != nil {
		return false, late(err)
	}
	return false, nil
}

// finish reads the text that a batch ends with, after which there is nothing more. A
// server that refuses even this one takes no commands.
func (c *connection) finish(end string) error {
	sign, err := c.in.in.Peek(1)
	if err != nil {
		return err
	}
	if sign[0] == '-' {
		last, err := c.in.reply(0)
		if err != nil {
			return err
		}
		return refused(last)
	}
	want := "$" + strconv.Itoa(len(end)) + "\r\n" + end + "\r\n"
	got := make([]byte, len(want))
	if _, err := io.ReadFull(c.in.in, got); err != nil {
		return err
	}
	if string(got) != want {
		return errOrder
	}
	if c.in.in.Buffered() > 0 {
		return errExtra
	}
	return nil
}

// newMark is random: a value that is a number, as a budget's count is, could be the end of
// a batch that ends with its number alone.
func newMark() string {
	mark := make([]byte, 8)
	if _, err := io.ReadFull(rand.Reader, mark); err != nil {
		panic("no randomness")
	}
	return hex.EncodeToString(mark) + "-"
}

// close takes no time. The end of TLS would be announced first: where the server reads
// nothing, that takes five seconds, for which all who share the line would wait.
func (c *connection) close() {
	_ = c.raw.Close()
}

// refused is the error for a failure that leaves the connection without use.
func refused(r *Reply) error {
	if r.Code == NoAuth {
		return errNoAuth
	}
	return fmt.Errorf("redis: %s", r.Text)
}

// late names a time limit that is over.
func late(err error) error {
	if err != nil && isTimeout(err) {
		return errLate
	}
	return err
}

func isTimeout(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded)
}

// addressOf is the address that a server has named. Empty: it is none; one without a host
// would be this machine's own.
func addressOf(host, port string) string {
	n, err := number(port)
	if err != nil || n < 1 || n > 65535 || host == "" {
		return ""
	}
	return net.JoinHostPort(host, port)
}
