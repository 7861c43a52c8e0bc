package redis

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// replyKinds are the kinds of reply that a command can have, besides Failed. Its first
// argument is its key; SET's status is always OK. There is no command that waits, or that
// changes the connection: it would do so for all who share that.
var replyKinds = map[string]string{
	"GET":       "bulk absent",
	"MGET":      "array",
	"SET":       "status absent",
	"DEL":       "integer",
	"EXISTS":    "integer",
	"INCR":      "integer",
	"INCRBY":    "integer",
	"DECR":      "integer",
	"PEXPIRE":   "integer",
	"PTTL":      "integer",
	"XADD":      "bulk",
	"XLEN":      "integer",
	"XRANGE":    "array",
	"XREVRANGE": "array",
}

// ownKinds is the same for the client's own commands, which have no key.
var ownKinds = map[string]string{
	"PING":     "bulk",
	"AUTH":     "status",
	"SELECT":   "status",
	"ASKING":   "status",
	"ROLE":     "array",
	"SENTINEL": "array absent",
	"XREAD":    "array absent",
}

// check tells whether a caller may send a command. Its name is in capitals.
func check(command []string) error {
	if len(command) < 2 || replyKinds[command[0]] == "" || len(command) > maxArray {
		return ErrCommand
	}
	for _, argument := range command {
		if len(argument) > maxBulk {
			return ErrCommand
		}
	}
	return nil
}

// fits tells whether a reply can be the one to a command.
func fits(command []string, r *Reply) bool {
	if r.Kind == Failed {
		return true
	}
	name := command[0]
	kinds := replyKinds[name]
	if kinds == "" {
		kinds = ownKinds[name]
	}
	if !strings.Contains(kinds, r.Kind) {
		return false
	}
	if r.Kind == Status {
		return r.Text == "OK"
	}
	return name != "MGET" || areValues(r.Items, len(command)-1)
}

// areValues tells whether items are that many values, or absent.
func areValues(items []*Reply, want int) bool {
	if len(items) != want {
		return false
	}
	for _, item := range items {
		if item.Kind != Bulk && item.Kind != Absent {
			return false
		}
	}
	return true
}

// appendCommand appends a command as it is sent: an array of texts with their lengths, so
// that none of their bytes means anything.
func appendCommand(to []byte, command []string) []byte {
	text := "*" + strconv.Itoa(len(command)) + "\r\n"
	for _, argument := range command {
		text += "$" + strconv.Itoa(len(argument)) + "\r\n" + argument + "\r\n"
	}
	return append(to, text...)
}

// tagOf is the part of a key in braces: keys with the same one lie in the same node.
func tagOf(key string) string {
	_, rest, opened := strings.Cut(key, "{")
	tag, _, closed := strings.Cut(rest, "}")
	if !opened || !closed || tag == "" {
		return key
	}
	return tag
}

// request is what one caller sends, and what it gets.
type request struct {
	commands [][]string
	wire     []byte
	replies  []*Reply
	err      error
	released bool      // it is done, and will not be touched again
	done     chan bool // gets true when the request is done, false when its time is over
}

func newRequest(commands [][]string) *request {
	r := &request{commands: commands, done: make(chan bool, 2)}
	for _, command := range commands {
		r.wire = appendCommand(r.wire, command)
	}
	return r
}

// wait waits until another goroutine has done the request; for no longer than limit,
// unless that is zero.
func (r *request) wait(limit time.Duration) error {
	if limit <= 0 {
		<-r.done
		return r.err
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	done := r.done
	stop := context.AfterFunc(ctx, func() {
		defer func() { _ = recover() }()
		done <- false
	})
	inTime := <-done
	stop()
	if !inTime {
		return errLate
	}
	return r.err
}

// release ends requests. Sending does not block: there is room for both values.
func release(batch []*request, err error) {
	for _, r := range batch {
		if !r.released {
			r.released = true
			r.err = err
			r.done <- true
		}
	}
}
