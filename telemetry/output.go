package telemetry

import (
	"io"
	"reflect"
)

// output writes finished lines, each with its level.
//
// What an interpreted plugin writes with the standard log package becomes an entry of
// Traefik's log: in its file and format, but always with the level ERROR. The writer
// behind that package is Traefik's own logger, though, which has a method for each level
// (Error, Info, Debug, Trace) that begins an entry, whose method Msg ends it. The
// interpreter knows the writer as an io.Writer alone, so that they are found by their
// names. Any other writer gets the line and nothing else.
type output struct {
	w      io.Writer
	levels map[string]reflect.Value // by level, the method that begins an entry; empty: w has none
}

// newOutput returns the output to a writer.
func newOutput(w io.Writer) *output {
	out := &output{w: w, levels: map[string]reflect.Value{}}
	out.findLevels()
	return out
}

// findLevels finds the writer's methods. Without all of them none is used.
func (o *output) findLevels() {
	defer func() {
		if recover() != nil {
			o.levels = nil
		}
	}()
	logger := reflect.ValueOf(o.w)
	if logger.Kind() != reflect.Pointer {
		addressable := reflect.New(logger.Type())
		addressable.Elem().Set(logger)
		logger = addressable
	}
	found := map[string]reflect.Value{
		LevelError: logger.MethodByName("Error"),
		LevelInfo:  logger.MethodByName("Info"),
		LevelDebug: logger.MethodByName("Debug"),
		LevelTrace: logger.MethodByName("Trace"),
	}
	for _, begin := range found {
		if !begin.IsValid() || !beginsEntry(begin.Type()) {
			return
		}
	}
	o.levels = found
}

// beginsEntry tells whether a method takes nothing and returns something with a method
// Msg that takes a text.
func beginsEntry(method reflect.Type) bool {
	if method.NumIn() != 0 || method.NumOut() != 1 {
		return false
	}
	end, ok := method.Out(0).MethodByName("Msg")
	return ok && end.Type.NumIn() == 2 && end.Type.In(1).Kind() == reflect.String // the first is the receiver
}

// hides tells whether entries of a level go nowhere, since Traefik's log is above it.
func (o *output) hides(level string) bool {
	begin, ok := o.levels[level]
	if !ok {
		return false
	}
	entry := begin.Call(nil)[0]
	return entry.Kind() == reflect.Pointer && entry.IsNil()
}

// write writes one line. An entry below the level of Traefik's log goes nowhere. A panic
// costs the line, and nothing else.
func (o *output) write(level, line string) {
	defer func() { _ = recover() }()
	begin, ok := o.levels[level]
	if !ok {
		_, _ = io.WriteString(o.w, line+"\n")
		return
	}
	entry := begin.Call(nil)[0]
	entry.MethodByName("Msg").Call([]reflect.Value{reflect.ValueOf(line)})
}
