package redis

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"time"
)

const (
	blockFor  = 250 * time.Millisecond // how long one question waits for an entry
	maxHeard  = 256                    // entries in one reply
	firstWait = 50 * time.Millisecond  // before another connection; doubled up to lastWait
	lastWait  = time.Second
)

var errMoved = errors.New("redis: the stream lies in another node")

// Listener hears all entries of a stream that are added after it began, over a connection
// of its own. It finds the place again after that broke.
type Listener struct {
	client *Client
	stream string
	hear   func(entry Entry)
	missed func()
	ctx    context.Context
	cancel context.CancelFunc

	last entryID // heard; only the listener's goroutine uses it
	any  bool    // last is known

	mu      sync.Mutex
	current time.Time
	err     error
}

// Listen starts to listen to a stream. hear is called with each entry, in their order, by
// one goroutine. missed is called when entries may have been lost: they were dropped from
// the stream, or that is another one, before they were heard.
func (c *Client) Listen(stream string, hear func(entry Entry), missed func()) *Listener {
	l := &Listener{client: c, stream: stream, hear: hear, missed: missed}
	l.ctx, l.cancel = context.WithCancel(c.ctx)
	go l.run()
	return l
}

// Stop ends the listener. It does not wait until its goroutine is gone, which may be
// calling hear.
func (l *Listener) Stop() {
	l.cancel()
}

// Current returns the instant up to which every entry has been heard; the zero time: it
// has not begun yet. It is half a second old at most while Redis answers.
func (l *Listener) Current() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.current
}

// Err returns why nothing is heard now; nil while all is well.
func (l *Listener) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

func (l *Listener) note(current time.Time, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err == nil {
		l.current = current
	}
	l.err = err
}

func (l *Listener) run() {
	defer func() {
		if recover() != nil {
			l.note(time.Time{}, errPanicked) // Current shows that it is over
		}
	}()
	wait := firstWait
	for l.ctx.Err() == nil {
		before := l.Current()
		l.connected()
		if l.Current().After(before) {
			wait = firstWait
		}
		l.rest(wait)
		wait *= 2
		if wait > lastWait {
			wait = lastWait
		}
	}
}

// rest waits, or until the listener ends.
func (l *Listener) rest(d time.Duration) {
	ctx, cancel := context.WithTimeout(l.ctx, d)
	defer cancel()
	<-ctx.Done()
}

// connected listens over one connection, until that breaks or the listener ends.
func (l *Listener) connected() {
	defer func() {
		if recover() != nil {
			l.note(time.Time{}, errPanicked)
		}
	}()
	ctx, cancel := context.WithTimeout(l.ctx, l.client.options.Timeout)
	defer cancel()
	address := l.client.route(l.stream)
	c, err := l.client.open(ctx, address)
	if err != nil {
		l.client.avoid(address, err)
		l.note(time.Time{}, err)
		return
	}
	stop := context.AfterFunc(l.ctx, func() {
		defer func() { _ = recover() }()
		_ = c.raw.Close()
	})
	defer stop()
	defer c.close()
	err = l.resume(c, address)
	for err == nil {
		err = l.listen(c)
	}
	l.note(time.Time{}, err)
}

// resume finds the place where to go on: after the last entry that was heard. At the start,
// and if the stream is an older one now, that is after its last one. At the start it notes
// no instant: what was added between its question and the reply is not heard, so all is
// known to be heard only from the next question on.
func (l *Listener) resume(c *connection, address string) error {
	now := l.client.options.Now()
	replies, err := l.ask(c, 0, l.end())
	if err != nil {
		return err
	}
	if target := targetOf(replies[0], address); target != "" && replies[0].Code == Moved {
		l.client.learn(tagOf(l.stream), target)
		return errMoved
	}
	newest, err := edge(replies[0])
	if err != nil {
		return err
	}
	older := l.any && newest.before(l.last)
	first := !l.any
	wasEmpty := l.any && l.last.time == 0 && newest.time > 0 // what it has lost since, nothing tells
	if older || first {
		l.last = newest
	}
	l.any = true
	if older || wasEmpty {
		l.missed()
	}
	if !first && !l.last.before(newest) { // otherwise there is something to hear first
		l.note(now, nil)
	}
	return nil
}

// end is the command that brings the last entry.
func (l *Listener) end() []string {
	return []string{"XREVRANGE", l.stream, "+", "-", "COUNT", "1"}
}

// ask sends commands that may wait for that long.
func (l *Listener) ask(c *connection, block time.Duration, commands ...[]string) ([]*Reply, error) {
	ctx, cancel := context.WithTimeout(l.ctx, block+l.client.options.Timeout)
	defer cancel()
	deadline, _ := ctx.Deadline()
	return c.ask(deadline, commands)
}

// listen waits for the next entries. Some were missed if the stream begins after the last
// one that was heard; one that was empty until now does.
func (l *Listener) listen(c *connection) error {
	ctx, cancel := context.WithTimeout(l.ctx, l.client.options.Timeout)
	defer cancel()
	if !l.client.still(ctx, c) {
		return errMoved
	}
	now := l.client.options.Now()
	replies, err := l.ask(c, blockFor, l.end(), []string{"XRANGE", l.stream, "-", "+", "COUNT", "1"}, []string{
		"XREAD", "COUNT", strconv.Itoa(maxHeard), "BLOCK",
		strconv.FormatInt(blockFor.Milliseconds(), 10), "STREAMS", l.stream, l.last.text(),
	})
	if err != nil {
		return err
	}
	newest, err := edge(replies[0])
	if err != nil {
		return err
	}
	if newest.before(l.last) { // what was asked for would never come
		l.last = newest
		l.missed()
		return nil
	}
	oldest, err := edge(replies[1])
	if err != nil {
		return err
	}
	if l.last.time > 0 && l.last.before(oldest) {
		l.missed()
	}
	entries, err := entriesIn(replies[2], l.stream)
	if err != nil {
		return err
	}
	for _, item := range entries {
		if err := l.tell(item); err != nil {
			return err
		}
	}
	if len(entries) < maxHeard { // otherwise there may be more
		l.note(now, nil)
	}
	return nil
}

// tell has one entry heard. Each has a later ID than the one before.
func (l *Listener) tell(item *Reply) error {
	id, err := idOf(item)
	if err != nil {
		return err
	}
	if !l.last.before(id) {
		return errEntry
	}
	entry := Entry{ID: item.Items[0].Text}
	for _, field := range item.Items[1].Items {
		entry.Fields = append(entry.Fields, field.Text)
	}
	l.last = id
	l.hear(entry)
	return nil
}
