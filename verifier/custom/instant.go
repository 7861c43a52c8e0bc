package custom

import (
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
)

// Instant is where a response says when something begins or ends, and how it writes it.
type Instant struct {
	Source Source
	Format string // "", unix, unixms, date, or a layout
	Zone   *time.Location
}

// The formats of an instant. The empty one takes Unix seconds as a number and RFC 3339 as
// a text.
const (
	formatSeconds = "unix" // of a text too
	formatMillis  = "unixms"
	formatDate    = "date"
)

// ParseInstant reads a path and how the instant is written there: "expires_at",
// "expires_at unixms", "header:X-Ends unix", "valid_to date", or "until "2006-01-02 15:04:05" +03:30".
func ParseInstant(text string) (i Instant, fault string) {
	words, closed := splitWords(text)
	if !closed || len(words) == 0 {
		return i, "a path, and perhaps unix, unixms, date, or a layout in double quotes with an offset behind it"
	}
	i.Source, fault = ParseSource(words[0])
	if fault != "" {
		return i, fault
	}
	i.Zone = time.UTC
	if len(words) == 1 {
		return i, ""
	}
	layout, isQuoted, ok := unquote(words[1])
	isNamed := !isQuoted && (layout == formatSeconds || layout == formatMillis || layout == formatDate)
	if !ok || !isNamed && !isQuoted || len(words) > 3 || isNamed && layout != formatDate && len(words) > 2 {
		return i, "after the path: unix, unixms, date, or a layout of Go in double quotes, such as \"2006-01-02 15:04:05\", and an offset such as +03:30"
	}
	if isQuoted && !isLayout(layout) {
		return i, "a layout writes the moment 2006-01-02 15:04:05 as the API would, with the year at least"
	}
	if isQuoted && !isExact(layout) {
		return i, "a layout tells noon from midnight by 15 or PM, and has an offset such as -07:00 or Z07:00 in place of MST, a name that says no offset"
	}
	i.Format = layout
	if len(words) == 3 {
		at, err := time.Parse("-07:00", words[2])
		if err != nil {
			return i, "an offset is written as +03:30"
		}
		i.Zone = at.Location()
	}
	return i, ""
}

// isLayout tells whether a layout tells moments of different years apart.
func isLayout(layout string) bool {
	return strings.Contains(layout, "2006")
}

// isExact tells whether a layout tells the hours of a day apart, and whose day it is: Go
// reads the name of a zone that it does not know as one without an offset.
func isExact(layout string) bool {
	morning := time.Date(2006, 1, 2, 3, 0, 0, 0, time.UTC)
	hour := morning.Add(time.Hour).Format(layout) != morning.Format(layout)
	half := morning.Add(12*time.Hour).Format(layout) != morning.Format(layout)
	return (!hour || half) && !strings.Contains(layout, "MST")
}

// read returns the instant that a value says. ok is false where there is a value and it
// says none; zero and true where there is no value.
func (i *Instant) read(v *strictjson.Value) (at time.Time, ok bool) {
	if v == nil || v.Kind == strictjson.Null {
		return time.Time{}, true
	}
	if v.Unclear || v.Kind != strictjson.Text && v.Kind != strictjson.Number {
		return time.Time{}, false
	}
	switch i.Format {
	case "":
		if v.Kind == strictjson.Number {
			return unix(v.Text, 1)
		}
		return parsed(time.RFC3339, v.Text, time.UTC)
	case formatSeconds:
		return unix(v.Text, 1)
	case formatMillis:
		return unix(v.Text, 1000)
	case formatDate:
		return parsed("2006-01-02", v.Text, i.Zone)
	}
	return parsed(i.Format, v.Text, i.Zone)
}

// end is read for an instant that ends something: of a day, its own end.
func (i *Instant) end(v *strictjson.Value) (time.Time, bool) {
	at, ok := i.read(v)
	if i.Format == formatDate && !at.IsZero() {
		at = at.AddDate(0, 0, 1)
	}
	return at, ok
}

// parsed reads a text by a layout. Whatever is before 1970 is over since then: no year may
// look as if there were no instant.
func parsed(layout, text string, zone *time.Location) (time.Time, bool) {
	at, err := time.ParseInLocation(layout, text, zone)
	if err != nil {
		return time.Time{}, false
	}
	if at.Unix() < 0 {
		at = time.Unix(0, 0)
	}
	return at, true
}

// lastSecond is the end of the year 9999, with which some say that there is no end.
const lastSecond = 253402300799

// unix reads seconds, or parts of them, since 1970. What is before is over since then;
// what is after the year 9999 was counted in parts that the definition does not name.
func unix(text string, perSecond int64) (time.Time, bool) {
	number, ok := wholeSeconds(text)
	number /= perSecond
	if !ok || number > lastSecond {
		return time.Time{}, false
	}
	if number < 0 {
		number = 0
	}
	return time.Unix(number, 0), true
}
