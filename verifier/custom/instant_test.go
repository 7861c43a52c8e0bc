package custom

import (
	"strings"
	"testing"
	"time"
)

func TestInstant(t *testing.T) {
	t.Run("it is read as it is said to be written", func(t *testing.T) {
		for _, c := range []struct{ text, value, want string }{
			{"e", `1767225600`, "2026-01-01T00:00:00Z"},
			{"e", `1767225600.9`, "2026-01-01T00:00:00Z"},
			{"e", `1.7672256e9`, "2026-01-01T00:00:00Z"},
			{"e", `"1767225600"`, "unreadable"},
			{"e", `"2026-01-01T00:00:00Z"`, "2026-01-01T00:00:00Z"},
			{"e", `"2026-01-01T00:00:00.5+03:30"`, "2025-12-31T20:30:00Z"},
			{"e", `"2026-01-01 00:00:00"`, "unreadable"},
			{"e", `""`, "unreadable"},
			{"e", `true`, "unreadable"},
			{"e", `{}`, "unreadable"},
			{"e", `[]`, "unreadable"},
			{"e", `null`, "none"},
			{"gone", `1`, "none"},
			{"e", `0`, "1970-01-01T00:00:00Z"},
			{"e", `-5`, "1970-01-01T00:00:00Z"},
			{"e", `-62135596800`, "1970-01-01T00:00:00Z"}, // Go's zero time, which is no instant
			{"e", `253402300799`, "9999-12-31T23:59:59Z"},
			{"e", `1767225600000`, "unreadable"}, // milliseconds
			{"e unix", `"1767225600000"`, "unreadable"},
			{"e", `1e400`, "unreadable"},
			{"e", `99999999999999999999`, "unreadable"},
			{"e", `"0001-01-01T00:00:00Z"`, "1970-01-01T00:00:00Z"},
			{"e", `"\ud8002026-01-01T00:00:00Z"`, "unreadable"},
			{"e unix", `"1767225600"`, "2026-01-01T00:00:00Z"},
			{"e unix", `"soon"`, "unreadable"},
			{"e unixms", `1767225600999`, "2026-01-01T00:00:00Z"},
			{"e unixms", `"1767225600000"`, "2026-01-01T00:00:00Z"},
			{"e date", `"2026-01-01"`, "2026-01-02T00:00:00Z"},
			{"e date +03:30", `"2026-01-01"`, "2026-01-01T20:30:00Z"},
			{"e date", `"2026-02-30"`, "unreadable"},
			{"e date", `20260101`, "unreadable"},
			{`e "2006-01-02 15:04:05"`, `"2026-01-01 00:00:00"`, "2026-01-01T00:00:00Z"},
			{`e "2006-01-02 15:04:05" +03:30`, `"2026-01-01 00:00:00"`, "2025-12-31T20:30:00Z"},
			{`e "2006-01-02 15:04:05" -05:00`, `"2026-01-01 00:00:00"`, "2026-01-01T05:00:00Z"},
			{`e "2006-01-02 03:04 PM"`, `"2026-01-01 03:00 PM"`, "2026-01-01T15:00:00Z"},
			{`e "02.01.2006"`, `"31.12.2025"`, "2025-12-31T00:00:00Z"},
			{`e "2006-01-02T15:04:05-07:00" +03:30`, `"2026-01-01T00:00:00+01:00"`, "2025-12-31T23:00:00Z"},
			{"header:X-End unix", `1`, "2026-01-01T00:00:00Z"},
			{"header:X-End", `1`, "unreadable"},
		} {
			instant := instantOf(t, c.text)
			f := &facts{response: responseOf(200, `{"e":`+c.value+`}`, "X-End", "1767225600")}
			at, ok := instant.end(f.at(&instant.Source))
			got := at.UTC().Format(time.RFC3339)
			if at.IsZero() {
				got = "none"
			}
			if !ok {
				got = "unreadable"
			}
			if got != c.want {
				t.Errorf("%s of %s: %s instead of %s", c.text, c.value, got, c.want)
			}
		}
	})

	t.Run("a day begins at its beginning where it is the issue", func(t *testing.T) {
		instant := instantOf(t, "e date")
		at, ok := instant.read((&facts{response: responseOf(200, `{"e":"2026-01-01"}`)}).at(&instant.Source))
		if !ok || !at.Equal(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)) {
			t.Error(at)
		}
	})

	t.Run("what cannot be read says what is wrong", func(t *testing.T) {
		for _, c := range [][2]string{
			{"", "a path, and perhaps unix"},
			{`e "open`, "a path, and perhaps unix"},
			{"e soon", "after the path: unix, unixms, date"},
			{"e unixms +03:30", "after the path"},
			{`e "2006" +03:30 more`, "after the path"},
			{`e "YYYY-MM-DD"`, "a layout writes the moment"},
			{`e ""`, "a layout writes the moment"},
			{`e "2006-01-02 15:04:05 MST"`, "a name that says no offset"},
			{`e "2006-01-02 03:04:05"`, "a layout tells noon from midnight"},
			{`e "2006-01-02" Tehran`, "an offset is written as +03:30"},
			{"e..f", "an empty name"},
		} {
			_, fault := ParseInstant(c[0])
			if !strings.Contains(fault, c[1]) {
				t.Errorf("%q: %q", c[0], fault)
			}
		}
	})
}
