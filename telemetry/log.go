package telemetry

import (
	"encoding/json"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// Bounds of the log.
const (
	maxPerSecond     = 10   // refusals and bugs noted per second
	maxMiddlewares   = 1000 // middlewares whose faults are remembered
	LevelError       = "error"
	LevelInfo        = "info"
	levelDebug       = "debug"
	eventConfigFault = "configuration fault"
	eventConfigOK    = "configuration ok"
	eventRefused     = "refused"
	eventInternal    = "internal"
	EventOutage      = "outage"
)

// Sink writes one line of JSON a fact, for the whole process. Facts name
// keys, causes and counts: never a credential, an identity or a reply.
type Sink struct {
	now func() time.Time

	mu      sync.Mutex
	w       io.Writer
	faults  map[string]string // what was last said of a middleware's settings
	second  int64
	written int
}

func NewSink(w io.Writer, now func() time.Time) *Sink {
	return &Sink{w: w, now: now, faults: map[string]string{}}
}

// Log is one middleware's view of the output.
type Log struct {
	sink  *Sink
	name  string
	level string
}

// NewLog returns the view of the middleware of that name.
func NewLog(o *Sink, name, level string) *Log {
	return &Log{sink: o, name: name, level: level}
}

// Debug tells whether refusals are to be noted one by one.
func (j *Log) Debug() bool {
	return j.level == levelDebug
}

// Report writes a fact, if the level asks for it.
func (j *Log) Report(level, event, detail string) {
	if level == levelDebug && j.level != levelDebug || level == LevelInfo && j.level == LevelError {
		return
	}
	j.sink.write(map[string]string{"level": level, "middleware": j.name, "event": event, "detail": detail})
}

// Note writes a fact that requests bring about: ten a second at most.
func (j *Log) Note(level, event, detail string) {
	if j.sink.allow() {
		j.Report(level, event, detail)
	}
}

// Panic notes a fault of our own.
func (j *Log) Panic(detail string) {
	j.Note(LevelError, eventInternal, detail)
}

// AllowDebug tells whether a refusal is to be noted now: at level debug only, ten a
// second at most.
func (j *Log) AllowDebug() bool {
	return j.level == levelDebug && j.sink.allow()
}

// Refused notes a refusal.
func (j *Log) Refused(reason verifier.Reason, mark string) {
	fact := map[string]string{"level": levelDebug, "middleware": j.name, "event": eventRefused, "reason": string(reason)}
	if mark != "" {
		fact["credential"] = mark
	}
	j.sink.write(fact)
}

func (o *Sink) allow() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	second := o.now().Unix()
	if second != o.second {
		o.second, o.written = second, 0
	}
	o.written++
	return o.written <= maxPerSecond
}

// ConfigFaults writes one line a fault, unless the same was said of this middleware
// before: Traefik makes it anew for each route and at each change.
// keys and lines are as long as each other: the key of a fault, and the whole line.
func (o *Sink) ConfigFaults(name string, keys, lines []string) {
	if !o.changed(name, strings.Join(lines, "\n")) {
		return
	}
	for i, line := range lines {
		o.write(map[string]string{"level": LevelError, "middleware": name, "event": eventConfigFault, "key": keys[i], "detail": line})
	}
}

// ConfigOK notes that a middleware which had faults has none now.
func (o *Sink) ConfigOK(name string) {
	if o.changed(name, "") {
		o.write(map[string]string{"level": LevelInfo, "middleware": name, "event": eventConfigOK, "detail": "no faults left"})
	}
}

func (o *Sink) changed(name, all string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.faults[name] == all {
		return false
	}
	if len(o.faults) >= maxMiddlewares {
		o.faults = map[string]string{}
	}
	o.faults[name] = all
	if all == "" {
		delete(o.faults, name)
	}
	return true
}

func (o *Sink) write(fact map[string]string) {
	fact["plugin"] = "upstreamauth"
	fact["time"] = o.now().UTC().Format(time.RFC3339)
	line, err := json.Marshal(fact)
	if err != nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	_, _ = o.w.Write(append(line, '\n'))
}
