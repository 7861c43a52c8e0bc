package upstreams

import (
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

const (
	maxRecord      = 1_000  // requests remembered
	maxPaths       = 1_000  // paths counted, the least recently seen leaves first
	maxCredentials = 50_000 // credentials counted, likewise
)

// Request is one recorded request. Its header, body and credentials are the real ones: a test may
// look into them, and must not print them.
type Request struct {
	At          time.Time // by the server's Clock
	Method      string
	Host        string
	URI         string // path and query, as sent
	Header      http.Header
	Body        string
	Credentials []string // what it presented; two when a TU account came with its key
}

// requestLog counts requests and remembers the last of them. All of its methods may be called at any
// time from anywhere.
type requestLog struct {
	mu          sync.Mutex
	calls       int
	paths       *lru.Cache[string, int]
	credentials *lru.Cache[string, int]
	record      []Request // a ring once it is full
	oldest      int       // index in record
}

// total counts the requests to all servers of the process.
var total atomic.Int64

// Total returns how many requests arrived at all upstreams of this process, ever.
func Total() int64 { return total.Load() }

// newRequestLog returns an empty log.
func newRequestLog() requestLog {
	return requestLog{paths: newCounter(maxPaths), credentials: newCounter(maxCredentials)}
}

// newCounter returns an empty count of at most size names.
func newCounter(size int) *lru.Cache[string, int] {
	return must(lru.New[string, int](size))
}

// add counts and records a request. It happens before the request is held or answered, and after what is not held was decided.
func (l *requestLog) add(c *call, now time.Time) {
	request := Request{
		At:          now,
		Method:      c.Method,
		Host:        c.Host,
		URI:         c.RequestURI,
		Header:      c.Header.Clone(),
		Body:        string(c.body),
		Credentials: slices.Clone(c.credentials),
	}
	total.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls++
	increment(l.paths, c.URL.Path)
	for _, credential := range c.credentials {
		increment(l.credentials, credential)
	}
	if len(l.record) < maxRecord {
		l.record = append(l.record, request)
		return
	}
	l.record[l.oldest] = request
	l.oldest = (l.oldest + 1) % maxRecord
}

// increment adds one to a name's count.
func increment(tally *lru.Cache[string, int], name string) {
	count, _ := tally.Get(name)
	tally.Add(name, count+1)
}

// Calls returns how many requests arrived, of any kind.
func (l *requestLog) Calls() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.calls
}

// CallsTo returns how many requests arrived for this path: all of it, as in the request line
// without its query, so with /v1 for IPPanel.
func (l *requestLog) CallsTo(path string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	count, _ := l.paths.Peek(path)
	return count
}

// CallsWith returns how many requests presented exactly this credential: the token or key, or
// "user:password" for an account.
func (l *requestLog) CallsWith(credential string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	count, _ := l.credentials.Peek(credential)
	return count
}

// Requests returns the last 1,000 requests, the oldest first.
func (l *requestLog) Requests() []Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append(slices.Clone(l.record[l.oldest:]), l.record[:l.oldest]...)
}

// Reset sets the counters to zero and forgets the recorded requests. Scripts, accounts, tokens and
// quotas stay as they are.
func (l *requestLog) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls, l.oldest, l.record = 0, 0, nil
	l.paths.Purge()
	l.credentials.Purge()
}
