package shared

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/redis"
)

// link is the connection to the memory. It is opened with the first command.
type link struct {
	options redis.Options
	health  *health
	counter *counter

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
const unfit = " LOADING NOAUTH WRONGPASS NOPERM CLUSTERDOWN MASTERDOWN BUSY DENIED "

// ask sends commands; nil: there is no answer.
func (l *link) ask(commands [][]string) []*redis.Reply {
	replies, err := l.open().Do(commands)
	if err != nil {
		l.counter.add(Counts{Failures: 1})
		if !errors.Is(err, redis.ErrPaused) && !errors.Is(err, redis.ErrClosed) {
			l.health.failed(err.Error())
		}
		return nil
	}
	for _, r := range replies {
		if r.Kind == redis.Failed && strings.Contains(unfit, " "+r.Code+" ") {
			l.counter.add(Counts{Failures: 1})
			l.health.failed(r.Text)
			return nil
		}
	}
	l.health.answered()
	return replies
}

// pause waits for a moment.
func pause(d time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	defer cancel()
	<-ctx.Done()
}

// write sends commands that write; false: some were not done.
func (l *link) write(commands [][]string) bool {
	if len(commands) == 0 {
		return true
	}
	replies := l.ask(commands)
	if replies == nil {
		return false
	}
	for _, r := range replies {
		if r.Kind == redis.Failed {
			l.health.wrote(r.Text)
			return false
		}
	}
	l.health.wrote("")
	return true
}
