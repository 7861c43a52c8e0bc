package telemetry

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// logger is a writer with the methods of Traefik's logger: those that begin an entry have
// a pointer receiver, and Write has none.
type logger struct{ lines *[]string }

type pending struct {
	lines *[]string
	level string
}

func (l logger) Write(line []byte) (int, error) {
	*l.lines = append(*l.lines, "bare "+string(line))
	return len(line), nil
}

func (l *logger) Error() *pending { return &pending{l.lines, "error"} }
func (l *logger) Info() *pending  { return &pending{l.lines, "info"} }
func (l *logger) Debug() *pending { return &pending{l.lines, "debug"} }
func (l *logger) Trace() *pending { return nil } // as one that is below its level

func (p *pending) Msg(text string) {
	if p != nil {
		*p.lines = append(*p.lines, p.level+" "+text)
	}
}

// almost has a method of each name, one of which is not Traefik's.
type almost struct{ bytes.Buffer }

func (a *almost) Error() string   { return "" }
func (a *almost) Info() *pending  { panic("called") }
func (a *almost) Debug() *pending { panic("called") }
func (a *almost) Trace() *pending { panic("called") }

// failing ends each entry in a panic.
type failing struct{ logger }

func (f *failing) Error() *pending { panic("MARKER") }

func TestOutput(t *testing.T) {
	report := func(sink *Sink) {
		log := NewLog(sink, "gate", LevelTrace)
		for _, level := range []string{LevelError, LevelInfo, LevelDebug, LevelTrace} {
			log.Report(level, "event", "detail")
		}
	}
	t.Run("a logger gets each entry with its level, by a value and by a pointer", func(t *testing.T) {
		for _, pointer := range []bool{false, true} {
			lines := []string{}
			l := logger{&lines}
			sink := NewSink(l, time.Now)
			if pointer {
				sink = NewSink(&l, time.Now)
			}
			report(sink)
			if len(lines) != 3 {
				t.Fatalf("%q", lines)
			}
			for i, level := range []string{"error", "info", "debug"} {
				if !strings.HasPrefix(lines[i], level+` {"`) || !strings.Contains(lines[i], `"level":"`+level+`"`) || strings.Contains(lines[i], "\n") {
					t.Errorf("%q is no entry of level %s", lines[i], level)
				}
			}
		}
	})
	t.Run("that a level of ours is below the logger's is said once", func(t *testing.T) {
		lines := []string{}
		sink := NewSink(logger{&lines}, time.Now)
		for _, level := range []string{LevelError, LevelInfo, LevelDebug, LevelTrace, LevelTrace} {
			NewLog(sink, "gate", level).WarnIfHidden()
		}
		if len(lines) != 1 || !strings.Contains(lines[0], `"event":"hidden"`) || !strings.Contains(lines[0], "set that to TRACE") {
			t.Errorf("%q", lines)
		}
	})
	t.Run("any other writer gets lines", func(t *testing.T) {
		a := &almost{}
		report(NewSink(a, time.Now))
		if got := strings.Count(a.String(), "}\n"); got != 4 {
			t.Errorf("%d lines: %s", got, a)
		}
		report(NewSink(nil, time.Now)) // and where there is none, nothing happens
	})
	t.Run("a panic of the logger costs the line", func(t *testing.T) {
		lines := []string{}
		report(NewSink(&failing{logger{&lines}}, time.Now))
		if len(lines) != 2 {
			t.Errorf("%q", lines)
		}
	})
}
