package page

import (
	"sync"
	"time"
)

// Where an event was seen.
const (
	Gate    = "gate"    // by the operator's status of the gates
	API     = "api"     // by an emulated API
	Backend = "backend" // by the backend
)

// Event is one line of the list of calls. No credential is in it.
type Event struct {
	ID     int64  `json:"id"`
	At     int64  `json:"at"` // in milliseconds, as JavaScript has it
	From   string `json:"from"`
	API    string `json:"api"`
	Kind   string `json:"kind"` // for its colour
	Text   string `json:"text"`
	Detail string `json:"detail,omitempty"`
}

// kept is how many events a reader gets who comes later.
const kept = 100

// Feed keeps the last events, and wakes those who wait for more. It is safe for
// concurrent use.
type Feed struct {
	mu      sync.Mutex
	last    int64
	events  []Event
	changed chan struct{} // closed at the next event
	readers int
	summary []byte // JSON: what the gates have done so far
	version int64  // of the summary
	counts  map[string]int64
}

// NewFeed returns one without events.
func NewFeed() *Feed { return &Feed{changed: make(chan struct{}), counts: map[string]int64{}} }

// Add adds an event of now.
func (f *Feed) Add(e Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last++
	f.counts[e.From]++
	e.ID, e.At = f.last, time.Now().UnixMilli()
	f.events = append(f.events, e)
	if len(f.events) > kept {
		f.events = f.events[1:]
	}
	f.wake()
}

// from is how many events there were of a sort.
func (f *Feed) from(where string) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.counts[where]
}

// summarize replaces the summary.
func (f *Feed) summarize(summary []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if string(f.summary) == string(summary) {
		return
	}
	f.summary = summary
	f.version++
	f.wake()
}

// wake is for a caller that holds the lock.
func (f *Feed) wake() {
	close(f.changed)
	f.changed = make(chan struct{})
}

// after is what is newer than an event and a version of the summary (nil: nothing is),
// and what is closed when there is more.
func (f *Feed) after(id, version int64) (events []Event, summary []byte, now int64, more <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, e := range f.events {
		if e.ID > id {
			events = append(events, f.events[i:]...)
			break
		}
	}
	if f.version > version {
		summary = f.summary
	}
	return events, summary, f.version, f.changed
}

// read counts a reader until done is called.
func (f *Feed) read() (done func()) {
	f.count(1)
	return func() { f.count(-1) }
}

func (f *Feed) count(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.readers += n
}

// isRead tells whether there is a reader.
func (f *Feed) isRead() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.readers > 0
}
