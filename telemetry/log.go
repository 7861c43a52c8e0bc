package telemetry

import (
	"strings"
	"sync/atomic"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// Log is one middleware's view of a sink: its entries carry the middleware's
// name, and its level decides which of them are written.
type Log struct {
	sink    *Sink
	name    string
	level   string
	api     string // that its entries are about; empty: none in particular
	address string // that is asked, without its query
	sampled *atomic.Int64
}

// NewLog returns the log of the middleware of that name. level is one of error,
// info, debug and trace.
func NewLog(sink *Sink, name, level string) *Log {
	return &Log{sink: sink, name: name, level: level, sampled: &atomic.Int64{}}
}

// About returns the log for what is about one API, at the address that is asked.
func (l *Log) About(api, address string) *Log {
	return &Log{sink: l.sink, name: l.name, level: l.level, api: api, address: address, sampled: l.sampled}
}

// Name is the middleware's.
func (l *Log) Name() string {
	return l.name
}

// Debug tells whether each denial is to be logged.
func (l *Log) Debug() bool {
	return l.writes(LevelDebug)
}

// Report writes an entry, unless its level is below that of the log. It is for
// changes of a state, such as the begin and the end of an outage, which callers
// report once. It is a verifier.Report.
func (l *Log) Report(level, event, detail string) {
	if !l.writes(level) {
		return
	}
	entry := l.entry(level, event)
	entry["detail"] = detail
	l.sink.write(entry)
}

// entry begins an entry with all that the log knows.
func (l *Log) entry(level, event string) map[string]any {
	entry := map[string]any{"level": level, "middleware": l.name, "event": event}
	if l.api != "" {
		entry["api"] = l.api
	}
	if l.address != "" {
		entry["address"] = l.address
	}
	return entry
}

// writes tells whether entries of a level are written.
func (l *Log) writes(level string) bool {
	switch level {
	case LevelTrace:
		return l.level == LevelTrace
	case LevelDebug:
		return l.level == LevelDebug || l.level == LevelTrace
	case LevelInfo:
		return l.level != LevelError
	}
	return true
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

// WarnIfHidden logs, once, that Traefik's own level keeps out of the log what this one's
// adds. At info nothing is missed that the operator has asked for.
func (l *Log) WarnIfHidden() {
	if l.Debug() && l.sink.out.hides(l.level) {
		l.Once(LevelError, eventHidden, "log: "+l.level+" adds nothing, since Traefik's own log.level is above it: set that to "+strings.ToUpper(l.level))
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
	return l.Debug() && l.sink.allow()
}

// Refused logs a denial that AllowDebug has allowed. fingerprint names the
// credential without revealing it; empty where none was read.
func (l *Log) Refused(reason verifier.Reason, fingerprint string, r Request) {
	entry := l.entry(LevelDebug, eventRefused)
	entry["reason"] = string(reason)
	r.addTo(entry, fingerprint)
	l.sink.write(entry)
}

// Tracing tells whether requests are traced.
func (l *Log) Tracing() bool {
	return l.writes(LevelTrace)
}

// AllowTrace tells whether a request is traced, on a route with log: trace: one in a
// thousand, while there are few entries in this second, or one with the token. lines are
// those of its TraceHeader; client is who sent them, if there are any.
func (l *Log) AllowTrace(lines []string, client string) bool {
	n := l.sampled.Add(1)
	if len(lines) > 0 && l.sink.traces.has(lines, client) {
		return true
	}
	return n%traceEvery == 1 && l.sink.allow()
}

// Traced logs a request that AllowTrace has allowed: what became of it, why, and how long
// the decision took.
func (l *Log) Traced(outcome, why, took, fingerprint string, r Request) {
	entry := l.entry(LevelTrace, eventTrace)
	entry["outcome"] = outcome
	entry["detail"] = why
	entry["took"] = took
	r.addTo(entry, fingerprint)
	l.sink.write(entry)
}
