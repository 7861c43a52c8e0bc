package upstreamauth

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
	maxNotes      = 10   // refusals and bugs noted per second
	maxRemembered = 1000 // middlewares whose faults are remembered
	levelError    = "error"
	levelInfo     = "info"
	levelDebug    = "debug"
	eventFault    = "configuration fault"
	eventHealed   = "configuration ok"
	eventRefused  = "refused"
	eventInternal = "internal"
	eventOutage   = "outage"
)

// output writes one line of JSON a fact, for the whole process. Facts name
// keys, causes and counts: never a credential, an identity or a reply.
type output struct {
	now func() time.Time

	mu     sync.Mutex
	w      io.Writer
	faults map[string]string // what was last said of a middleware's settings
	second int64
	notes  int
}

func newOutput(w io.Writer, now func() time.Time) *output {
	return &output{w: w, now: now, faults: map[string]string{}}
}

// journal is one middleware's view of the output.
type journal struct {
	output *output
	name   string
	level  string
}

// newJournal returns the view of the middleware of that name.
func newJournal(o *output, name, level string) *journal {
	return &journal{output: o, name: name, level: level}
}

// debugs tells whether refusals are to be noted one by one.
func (j *journal) debugs() bool {
	return j.level == levelDebug
}

// report writes a fact, if the level asks for it.
func (j *journal) report(level, event, detail string) {
	if level == levelDebug && j.level != levelDebug || level == levelInfo && j.level == levelError {
		return
	}
	j.output.write(map[string]string{"level": level, "middleware": j.name, "event": event, "detail": detail})
}

// note writes a fact that requests bring about: ten a second at most.
func (j *journal) note(level, event, detail string) {
	if j.output.mayNote() {
		j.report(level, event, detail)
	}
}

// bug notes a fault of our own.
func (j *journal) bug(detail string) {
	j.note(levelError, eventInternal, detail)
}

// notes tells whether a refusal is to be noted now: at level debug only, ten a
// second at most.
func (j *journal) notes() bool {
	return j.level == levelDebug && j.output.mayNote()
}

// refused notes a refusal.
func (j *journal) refused(reason verifier.Reason, mark string) {
	fact := map[string]string{"level": levelDebug, "middleware": j.name, "event": eventRefused, "reason": string(reason)}
	if mark != "" {
		fact["credential"] = mark
	}
	j.output.write(fact)
}

func (o *output) mayNote() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	second := o.now().Unix()
	if second != o.second {
		o.second, o.notes = second, 0
	}
	o.notes++
	return o.notes <= maxNotes
}

// faulty writes one line a fault, unless the same was said of this middleware
// before: Traefik makes it anew for each route and at each change.
// keys and lines are as long as each other: the key of a fault, and the whole line.
func (o *output) faulty(name string, keys, lines []string) {
	if !o.changed(name, strings.Join(lines, "\n")) {
		return
	}
	for i, line := range lines {
		o.write(map[string]string{"level": levelError, "middleware": name, "event": eventFault, "key": keys[i], "detail": line})
	}
}

// sound notes that a middleware which had faults has none now.
func (o *output) sound(name string) {
	if o.changed(name, "") {
		o.write(map[string]string{"level": levelInfo, "middleware": name, "event": eventHealed, "detail": "no faults left"})
	}
}

func (o *output) changed(name, all string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.faults[name] == all {
		return false
	}
	if len(o.faults) >= maxRemembered {
		o.faults = map[string]string{}
	}
	o.faults[name] = all
	if all == "" {
		delete(o.faults, name)
	}
	return true
}

func (o *output) write(fact map[string]string) {
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
