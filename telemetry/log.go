// Package telemetry answers one question: what can the operator read about the
// plugin? Its nouns are the Sink, which writes the log of the whole process,
// and the Log, one middleware's view of it with a level of its own.
//
// It knows no request, no credential and no configuration: the caller hands in
// finished texts, and answers for what they say. An entry names keys of the
// configuration, causes and counts, never a credential, an identity or a
// response of an upstream.
package telemetry

import (
	"encoding/json"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// Levels of an entry, and of a Log: as the configuration's key log spells them.
const (
	LevelError = "error"
	LevelInfo  = "info"
	levelDebug = "debug"
)

// Values of the key "event" that this package writes itself, and EventOutage,
// which several packages use.
const (
	eventConfigFault = "configuration fault"
	eventConfigOK    = "configuration ok"
	eventRefused     = "refused"
	eventInternal    = "internal"
	EventOutage      = "outage"
	EventIdentity    = "identity"   // a field that the configuration names, and no answer has
	EventCredential  = "credential" // where credentials are read has a price
	EventChain       = "chain"      // of two gates on one route, one takes what the other needs
)

const (
	// maxPerSecond limits the entries that clients can cause, so that no flood
	// of requests fills a disk. It counts for the whole process.
	maxPerSecond = 10

	// maxMiddlewares limits the middlewares whose faults are remembered.
	maxMiddlewares = 1000

	// maxSaid limits the entries that are remembered because they are written once.
	maxSaid = 1000
)

// Sink writes the log of the process, one JSON object a line. It is safe for
// concurrent use.
type Sink struct {
	now func() time.Time

	mu      sync.Mutex
	w       io.Writer
	faults  map[string]string // by middleware, its faults as last reported; no entry: it has none
	said    map[string]bool   // entries that are written once, each with its middleware
	second  int64             // the second that written counts for, in Unix time
	written int               // limited entries in it, those that were dropped included
}

// NewSink returns a sink that writes to w. Errors of w are ignored: a request
// is not denied because a log cannot be written.
func NewSink(w io.Writer, now func() time.Time) *Sink {
	return &Sink{w: w, now: now, faults: map[string]string{}, said: map[string]bool{}}
}

// ConfigFaults logs one line per fault, unless the same faults were reported
// for this middleware before: Traefik builds a middleware again for each route
// and at each reload. keys[i] is the key of the fault that lines[i] describes.
func (s *Sink) ConfigFaults(name string, keys, lines []string) {
	if !s.changed(name, strings.Join(lines, "\n")) {
		return
	}
	for i, line := range lines {
		s.write(map[string]string{"level": LevelError, "middleware": name, "event": eventConfigFault, "key": keys[i], "detail": line})
	}
}

// ConfigOK logs that a middleware for which faults were reported has none now.
func (s *Sink) ConfigOK(name string) {
	if s.changed(name, "") {
		s.write(map[string]string{"level": LevelInfo, "middleware": name, "event": eventConfigOK, "detail": "no faults left"})
	}
}

// changed remembers the faults of a middleware, and tells whether they differ
// from those that it had before. When the memory is full it starts again empty:
// then a fault is reported twice, which is better than not at all.
func (s *Sink) changed(name, faults string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.faults[name] == faults {
		return false
	}
	if len(s.faults) >= maxMiddlewares {
		s.faults = map[string]string{}
	}
	s.faults[name] = faults
	if faults == "" {
		delete(s.faults, name)
	}
	return true
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
func (s *Sink) write(entry map[string]string) {
	entry["plugin"] = "upstreamauth"
	entry["time"] = s.now().UTC().Format(time.RFC3339)
	line, err := json.Marshal(entry)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, _ = s.w.Write(append(line, '\n'))
}

// Log is one middleware's view of a sink: its entries carry the middleware's
// name, and its level decides which of them are written.
type Log struct {
	sink  *Sink
	name  string
	level string
}

// NewLog returns the log of the middleware of that name. level is one of error,
// info and debug.
func NewLog(sink *Sink, name, level string) *Log {
	return &Log{sink: sink, name: name, level: level}
}

// Name is the middleware's.
func (l *Log) Name() string {
	return l.name
}

// Debug tells whether each denial is to be logged.
func (l *Log) Debug() bool {
	return l.level == levelDebug
}

// Report writes an entry, unless its level is below that of the log. It is for
// changes of a state, such as the begin and the end of an outage, which callers
// report once. It is a verifier.Report.
func (l *Log) Report(level, event, detail string) {
	if !l.writes(level) {
		return
	}
	l.sink.write(map[string]string{"level": level, "middleware": l.name, "event": event, "detail": detail})
}

// writes tells whether entries of a level are written.
func (l *Log) writes(level string) bool {
	if level == levelDebug {
		return l.level == levelDebug
	}
	return level != LevelInfo || l.level != LevelError
}

// Once is Report for what is true until the configuration is changed: it is written
// once for all middlewares of this name, whatever the number of requests and reloads.
func (l *Log) Once(level, event, detail string) {
	if l.writes(level) && l.sink.first(l.name+"\n"+detail) {
		l.Report(level, event, detail)
	}
}

// Note is Report for entries that a request can cause: of those, only a few are
// written per second.
func (l *Log) Note(level, event, detail string) {
	if l.sink.allow() {
		l.Report(level, event, detail)
	}
}

// Panic logs a panic in the plugin's own code. What it was raised with is left
// out, since that may hold anything, also a credential.
func (l *Log) Panic(detail string) {
	l.Note(LevelError, eventInternal, detail)
}

// AllowDebug tells whether a denial is to be logged now. It counts as one entry,
// so it is asked once per denial, before the work of describing it.
func (l *Log) AllowDebug() bool {
	return l.level == levelDebug && l.sink.allow()
}

// Refused logs a denial that AllowDebug has allowed. fingerprint names the
// credential without revealing it; empty where none was read.
func (l *Log) Refused(reason verifier.Reason, fingerprint string) {
	entry := map[string]string{"level": levelDebug, "middleware": l.name, "event": eventRefused, "reason": string(reason)}
	if fingerprint != "" {
		entry["credential"] = fingerprint
	}
	l.sink.write(entry)
}
