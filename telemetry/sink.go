package telemetry

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/upstreamauth/upstreamauth/version"
)

const (
	// maxPerSecond limits the entries that clients can cause, so that no flood
	// of requests fills a disk. It counts for the whole process.
	maxPerSecond = 10

	// maxMiddlewares limits the middlewares whose faults are remembered.
	maxMiddlewares = 1000

	// maxSaid limits the entries that are remembered because they are written once.
	maxSaid = 1000

	// remindAfter is how long the faults of a middleware are not repeated.
	remindAfter = time.Hour
)

// Sink writes the log of the process, one JSON object for each entry. It is safe for
// concurrent use.
type Sink struct {
	now    func() time.Time
	out    *output
	loads  *loads
	traces *traces

	writing sync.Mutex // one line at a time

	mu      sync.Mutex
	faults  map[string]*faultList // by middleware; no entry: it has none
	said    map[string]bool       // entries that are written once, each with its middleware
	second  int64                 // the second that written counts for, in Unix time
	written int                   // limited entries in it, those that were dropped included
}

// faultList is the faults of one middleware, as last reported.
type faultList struct {
	keys, lines []string
	since       time.Time // when they were found
	reported    time.Time // when they were written last
}

// NewSink returns a sink that writes to w: what the standard log package writes to
// behind Traefik, with the level of each entry, and any other writer line by line. Errors of w
// are ignored: a request is not denied because a log cannot be written.
func NewSink(w io.Writer, now func() time.Time) *Sink {
	return &Sink{out: newOutput(w), now: now, loads: newLoads(), traces: &traces{}, faults: map[string]*faultList{}, said: map[string]bool{}}
}

// AnnounceLoads has the sink log that a configuration has been loaded, once pause returned and
// no handler was made meanwhile. It is called before any Built.
func (s *Sink) AnnounceLoads(pause func()) {
	s.loads.pause = pause
	s.loads.over = s.ready
}

// Built notes a handler that was made.
func (s *Sink) Built(b Built) {
	s.loads.note(b)
}

// ready logs how many middlewares were loaded, and how many of them have faults; unless that
// load was like the one before it: Traefik reloads everything when any service comes or goes.
// Where all of them log errors alone, it is not logged.
func (s *Sink) ready() {
	gates, faulty, info, changed := s.loads.summarize(s.isFaulty)
	if changed && info {
		s.write(map[string]any{"level": LevelInfo, "event": eventReady, "gates": gates, "faulty": faulty, "version": version.Version})
	}
}

// TraceRequests has requests traced until ctx ends, on all routes with log: trace. An empty
// token is none.
func (s *Sink) TraceRequests(ctx context.Context, t Trace) {
	token := []byte(t.Token)
	if len(token) == 0 || len(token) > maxTraceToken {
		return
	}
	digest := sha256.Sum256(token)
	s.traces.add(&traceToken{context: ctx, digest: digest, spent: t.Spent, missed: t.Missed})
}

// ConfigFaults logs one entry per fault, unless the same faults were reported
// for this middleware before: Traefik builds a middleware again for each route
// and at each reload. keys[i] is the key of the fault that lines[i] describes.
func (s *Sink) ConfigFaults(name string, keys, lines []string) {
	if s.changed(name, keys, lines) {
		s.writeFaults(name, keys, lines, "")
	}
}

// ConfigOK logs that a middleware for which faults were reported has none now.
func (s *Sink) ConfigOK(name string) {
	if s.changed(name, nil, nil) {
		s.write(map[string]any{"level": LevelInfo, "middleware": name, "event": eventConfigOK, "detail": "no faults left"})
	}
}

// RemindOfFaults repeats the faults of a middleware that were written an hour ago or
// longer. It is called by requests that are refused because of them: so a fault that
// nobody meets is not repeated, and nothing has to wait for the hour. A panic in it does
// not cost the client the response.
func (s *Sink) RemindOfFaults(name string) {
	defer func() { _ = recover() }()
	f := s.due(name)
	if f != nil {
		s.writeFaults(name, f.keys, f.lines, f.since.UTC().Format(time.RFC3339))
	}
}

// writeFaults writes one entry per fault; since when they are known, if that is repeated.
func (s *Sink) writeFaults(name string, keys, lines []string, since string) {
	for i, line := range lines {
		entry := map[string]any{"level": LevelError, "middleware": name, "event": eventConfigFault, "key": keys[i], "detail": line}
		if since != "" {
			entry["since"] = since
		}
		s.write(entry)
	}
}

// changed remembers the faults of a middleware, and tells whether they differ
// from those that it had before. When the memory is full it starts again empty:
// then a fault is reported twice, which is better than not at all.
func (s *Sink) changed(name string, keys, lines []string) bool {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.faults[name]
	if before == nil && len(lines) == 0 {
		return false
	}
	if before != nil && strings.Join(before.lines, "\n") == strings.Join(lines, "\n") {
		return false
	}
	if len(s.faults) >= maxMiddlewares {
		s.faults = map[string]*faultList{}
	}
	s.faults[name] = &faultList{keys: keys, lines: lines, since: now, reported: now}
	if len(lines) == 0 {
		delete(s.faults, name)
	}
	return true
}

// due returns the faults of a middleware that are to be repeated now; nil: none are. It
// counts them as repeated. An instant in the future shows that the clock was set back.
func (s *Sink) due(name string) *faultList {
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.faults[name]
	if f == nil {
		return nil
	}
	age := now.Sub(f.reported)
	if age >= 0 && age < remindAfter {
		return nil
	}
	f.reported = now
	return f
}

// isFaulty tells whether faults of a middleware are known.
func (s *Sink) isFaulty(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.faults[name] != nil
}

// first tells whether an entry is said for the first time. A full memory starts again
// empty, as that of the faults does.
func (s *Sink) first(entry string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.said[entry] {
		return false
	}
	if len(s.said) >= maxSaid {
		s.said = map[string]bool{}
	}
	s.said[entry] = true
	return true
}

// allow counts an entry that a client caused, and tells whether it is within the
// limit of this second.
func (s *Sink) allow() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	second := s.now().Unix()
	if second != s.second {
		s.second, s.written = second, 0
	}
	s.written++
	return s.written <= maxPerSecond
}

// write adds the plugin's name and the time to an entry and writes its line in
// one call, so that lines of several goroutines do not mix.
func (s *Sink) write(entry map[string]any) {
	entry["plugin"] = "upstreamauth"
	entry["time"] = s.now().UTC().Format(time.RFC3339)
	line, err := json.Marshal(entry)
	if err != nil {
		return
	}
	level, _ := entry["level"].(string)
	text := string(line)
	s.writing.Lock()
	defer s.writing.Unlock()
	s.out.write(level, text)
}
