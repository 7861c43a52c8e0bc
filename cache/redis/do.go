package redis

import (
	"net"
	"time"
)

const (
	maxCommands  = 1024 // of one call
	maxRedirects = 3    // that a command follows
)

// Do sends at most 1,024 commands, each a name in capitals and its arguments, of which
// the first is the key. It returns a reply to each, in their order.
//
// It takes no longer than two time limits: for a batch that is under way, and for the own
// one. An error means that no reply is known; some of the commands may have been done, and
// one that was sent while the server ended its connection may have been done twice. What
// Redis itself refuses is no error, but a Reply that is Failed.
//
// In a cluster, commands whose keys have different tags (the part in braces) may be done
// in another order.
func (c *Client) Do(commands [][]string) ([]*Reply, error) {
	replies, err := c.do(commands, c.options.Now(), false)
	return replies, err
}

// DoMore is Do for a batch that follows one which began then, by Now: both together take no
// longer than one may.
func (c *Client) DoMore(commands [][]string, began time.Time) ([]*Reply, error) {
	replies, err := c.do(commands, began, true)
	return replies, err
}

// do is Do for a batch that began then; again: some time was spent before.
func (c *Client) do(commands [][]string, began time.Time, again bool) ([]*Reply, error) {
	if len(commands) == 0 || len(commands) > maxCommands {
		return nil, ErrCommand
	}
	to := make([]string, 0, len(commands))
	together := true
	for i, command := range commands {
		if err := check(command); err != nil {
			return nil, err
		}
		to = append(to, c.route(command[1]))
		together = together && to[i] == to[0]
	}
	if !together {
		return c.travel(newTrip(commands, to), began, again)
	}
	limit := time.Duration(0)
	if again {
		limit = c.left(began)
		if limit <= 0 {
			return nil, errLate
		}
	}
	l := c.line(to[0])
	if l == nil {
		return nil, ErrClosed
	}
	r := newRequest(commands)
	if err := l.do(r, limit); err != nil {
		c.avoid(to[0], err)
		return nil, err
	}
	for _, reply := range r.replies {
		if reply.target != "" {
			t := newTrip(commands, to)
			t.replies = r.replies
			t.open = c.redirected(t, t.open, to[0])
			return c.travel(t, began, true)
		}
	}
	return r.replies, nil
}

// left is what is left of the time that a call may take which began then.
func (c *Client) left(began time.Time) time.Duration {
	return 2*c.options.Timeout - c.options.Now().Sub(began)
}

// trip is a call on its way: which commands have no reply yet, and where they go.
type trip struct {
	commands [][]string
	replies  []*Reply
	to       []string // an address for each
	asking   []bool   // the node has to be told that the key is on its way to it
	open     []int
}

func newTrip(commands [][]string, to []string) *trip {
	t := &trip{commands: commands, to: to, replies: make([]*Reply, len(commands)), asking: make([]bool, len(commands))}
	for i := range commands {
		t.open = append(t.open, i)
	}
	return t
}

// travel sends commands until each has its reply, or has been sent elsewhere too often.
// again: some time was spent before.
func (c *Client) travel(t *trip, began time.Time, again bool) ([]*Reply, error) {
	for hop := 0; hop <= maxRedirects && len(t.open) > 0; hop++ {
		if err := c.round(t, began, again || hop > 0); err != nil {
			return nil, err
		}
	}
	return t.replies, nil
}

// round sends all that is open, to one address after the other. Afterwards those are open
// that have to go elsewhere.
func (c *Client) round(t *trip, began time.Time, again bool) error {
	var moved []int
	for len(t.open) > 0 {
		limit := time.Duration(0)
		if again {
			limit = c.left(began)
			if limit <= 0 {
				return errLate
			}
		}
		again = true
		address := t.to[t.open[0]]
		group := t.take(address)
		if err := c.send(t, group, address, limit); err != nil {
			c.avoid(address, err)
			return err
		}
		moved = append(moved, c.redirected(t, group, address)...)
	}
	t.open = moved
	return nil
}

// take takes out what goes to an address.
func (t *trip) take(address string) []int {
	var group, rest []int
	for _, i := range t.open {
		if t.to[i] == address {
			group = append(group, i)
		} else {
			rest = append(rest, i)
		}
	}
	t.open = rest
	return group
}

// send sends these commands to an address, and puts their replies in place.
func (c *Client) send(t *trip, group []int, address string, limit time.Duration) error {
	var commands [][]string
	for _, i := range group {
		if t.asking[i] {
			commands = append(commands, []string{"ASKING"})
		}
		commands = append(commands, t.commands[i])
	}
	l := c.line(address)
	if l == nil {
		return ErrClosed
	}
	r := newRequest(commands)
	if err := l.do(r, limit); err != nil {
		return err
	}
	at := 0
	for _, i := range group {
		if t.asking[i] {
			at++
		}
		t.replies[i] = r.replies[at]
		at++
	}
	return nil
}

// redirected returns those of the commands that have to go elsewhere.
func (c *Client) redirected(t *trip, group []int, from string) []int {
	var moved []int
	for _, i := range group {
		if c.redirect(t, i, from) {
			moved = append(moved, i)
		}
	}
	return moved
}

// redirect tells whether a command has to go elsewhere, and notes where.
func (c *Client) redirect(t *trip, i int, from string) bool {
	reply := t.replies[i]
	if reply.target == "" || c.masters != nil {
		return false
	}
	address := targetOf(reply, from)
	if address == "" {
		return false
	}
	t.to[i] = address
	t.asking[i] = reply.Code == Ask
	if reply.Code == Moved {
		c.learn(tagOf(t.commands[i][1]), address)
	}
	return true
}

// targetOf is the address that a node leads to; without a host it is the node's own one.
// Empty: it is none.
func targetOf(reply *Reply, from string) string {
	at := len(reply.target) - 1
	for at >= 0 && reply.target[at] != ':' {
		at--
	}
	if at < 0 || at == len(reply.target)-1 {
		return ""
	}
	host, port := reply.target[:at], reply.target[at+1:]
	if host == "" {
		host, _, _ = net.SplitHostPort(from)
	}
	return addressOf(host, port)
}
