package shared

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/redis"
	"github.com/upstreamauth/upstreamauth/telemetry/counters"
)

// link is the connection to the memory. It is opened with the first command.
type link struct {
	options redis.Options
	health  *health
	counter *counter
	tally   *counters.Memory
	uptime  func() time.Duration

	mu     sync.Mutex
	client *redis.Client // nil: closed
}

// open returns the client, a new one if there is none.
func (l *link) open() *redis.Client {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.client == nil {
		l.client = redis.New(l.options)
	}
	client := l.client
	return client
}

// close closes all connections. The next command opens another one.
func (l *link) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.client != nil {
		l.client.Close()
		l.client = nil
	}
}

// unfit are codes of failures that say of the whole server that it is not to be asked.
const unfit = " LOADING NOAUTH WRONGPASS CLUSTERDOWN MASTERDOWN BUSY DENIED "

// permits notes which commands the user may not use; false: one of these. Others may do, so
// that this says nothing of the server.
func (l *link) permits(commands [][]string, replies []*redis.Reply) bool {
	permitted := true
	lacks := l.health.lacksAny()
	for i, r := range replies {
		refused := r.Kind == redis.Failed && r.Code == redis.NoPerm
		if refused || lacks {
			l.health.permitted(commands[i][0], !refused)
		}
		permitted = permitted && !refused
	}
	return permitted
}

// ask sends commands; nil: there is no answer. It counts them, unless the memory is left
// alone for a moment.
func (l *link) ask(commands [][]string) []*redis.Reply {
	replies := l.count(commands, l.uptime(), false)
	return replies
}

// askMore is ask for a batch that belongs to one which began then, as uptime: both together
// take no longer than one may.
func (l *link) askMore(commands [][]string, began time.Duration) []*redis.Reply {
	replies := l.count(commands, began, true)
	return replies
}

func (l *link) count(commands [][]string, began time.Duration, more bool) []*redis.Reply {
	begun := l.uptime()
	replies, tried := l.send(commands, began, more)
	if tried {
		l.tally.Asked(l.uptime()-begun, replies == nil)
	}
	return replies
}

// send is ask, and tells whether the memory was tried at all.
func (l *link) send(commands [][]string, began time.Duration, more bool) (replies []*redis.Reply, tried bool) {
	replies, err := l.do(commands, began, more)
	if err != nil {
		l.counter.add(Counts{Failures: 1})
		tried = !errors.Is(err, redis.ErrPaused) && !errors.Is(err, redis.ErrClosed)
		if tried {
			l.health.failed(err.Error())
		}
		return nil, tried
	}
	for _, r := range replies {
		if r.Kind == redis.Failed && strings.Contains(unfit, " "+r.Code+" ") {
			l.counter.add(Counts{Failures: 1})
			l.health.failed(r.Text)
			return nil, true
		}
	}
	l.health.answered()
	if !l.permits(commands, replies) {
		l.counter.add(Counts{Failures: 1})
		return nil, true
	}
	return replies, true
}

func (l *link) do(commands [][]string, began time.Duration, more bool) ([]*redis.Reply, error) {
	client := l.open()
	if more {
		replies, err := client.DoMore(commands, clockBase.Add(began))
		return replies, err
	}
	replies, err := client.Do(commands)
	return replies, err
}

// pause waits for a moment.
func pause(d time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	<-ctx.Done()
}

// write sends commands that write; false: some were not done. The text is why Redis refused
// one; empty: it did not.
func (l *link) write(commands [][]string) (bool, string) {
	if len(commands) == 0 {
		return true, ""
	}
	replies := l.ask(commands)
	if replies == nil {
		return false, ""
	}
	for _, r := range replies {
		if r.Kind == redis.Failed {
			return false, r.Text
		}
	}
	return true, ""
}

// Counts are what a store has done since the process began.
type Counts struct {
	Looks    int // credentials looked up
	Found    int // of which an entry counted
	Unopened int // values that did not open, or said nothing
	Kept     int // entries written
	Lost     int // entries and messages that were never written
	Forgets  int // logouts, denials and logins told to the others
	Heard    int // the same, told by the others
	Failures int // batches without an answer
}

// counter is where a store counts.
type counter struct {
	mu     sync.Mutex
	counts Counts
}

func (c *counter) add(d Counts) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.Looks += d.Looks
	c.counts.Found += d.Found
	c.counts.Unopened += d.Unopened
	c.counts.Kept += d.Kept
	c.counts.Lost += d.Lost
	c.counts.Forgets += d.Forgets
	c.counts.Heard += d.Heard
	c.counts.Failures += d.Failures
}

func (c *counter) read() Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts
}
