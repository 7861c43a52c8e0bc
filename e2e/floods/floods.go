// Package floods holds requests that consist of one thing in great numbers, and
// measures what they cost a Traefik with the plugin: the processor time of a refusal,
// against that of a middleware of Traefik's own which refuses the same request.
//
// The size of such a request is bounded by Traefik, to a megabyte of headers. What is
// made of it by interpreted code is not: a loop over it would let a stranger keep a
// processor busy for a second with each.
package floods

import (
	"fmt"
	"strings"
)

// size is how many bytes of headers a flood of HTTP/1 has: nearly what Go's server takes.
const size = 1_000_000

// Flood is a request of one thing in great numbers.
type Flood struct {
	Name   string
	Target string      // of the request line; empty: /
	Lines  []string    // header lines of HTTP/1; empty: it is sent over HTTP/2
	Fields [][2]string // header fields of HTTP/2
}

// fill repeats a header line until a flood is full.
func fill(line string) []string { return Repeat(size/(len(line)+2), line) }

// many repeats a text until a flood is full.
func many(unit string) string { return strings.Repeat(unit, size/len(unit)) }

// Repeat returns a line so often.
func Repeat(n int, line string) []string {
	lines := make([]string, n)
	for i := range lines {
		lines[i] = line
	}
	return lines
}

// Count returns n lines that differ in a number.
func Count(n int, line string) []string {
	lines := make([]string, n)
	for i := range lines {
		lines[i] = fmt.Sprintf(line, i)
	}
	return lines
}

// HTTP1 is floods of a megabyte.
func HTTP1() []Flood {
	trailers := strings.Join(Count(size/5+1, "%x"), ",")[:size]
	return []Flood{
		{Name: "header names", Lines: Count(size/8, "%05x:")},
		{Name: "200 long header names", Lines: Count(190, strings.Repeat("x", 5000)+"-%d:")},
		{Name: "identity headers", Lines: Count(size/19, "X_Auth_%06x: 1")},
		{Name: "trailer names", Lines: []string{"Transfer-Encoding: chunked", "Trailer: " + trailers}},
		{Name: "Authorization lines", Lines: fill("Authorization: ")},
		{Name: "Authorization lines of another scheme", Lines: fill("Authorization: x y")},
		{Name: "one Authorization line", Lines: []string{"Authorization: Bearer " + many("x.y")}},
		{Name: "one Authorization line of blanks", Lines: []string{"Authorization: a" + many(" ") + "b"}},
		{Name: "Application-Key lines", Lines: fill("Application-Key: ")},
		{Name: "Connection lines", Lines: fill("Connection: x")},
		{Name: "options of Connection", Lines: []string{"Connection: " + many("x,")}},
		{Name: "Upgrade lines", Lines: fill("Upgrade: h2c")},
		{Name: "cookies of the session", Lines: []string{"Cookie: " + many("upstreamauth=;")}},
		{Name: "Cookie lines of the session", Lines: fill("Cookie: upstreamauth=")},
		{Name: "the session's name without a value", Lines: []string{"Cookie: " + many("upstreamauth ")}},
		{Name: "names that end like the session's", Lines: []string{"Cookie: " + many("x-upstreamauth=;")}},
		{Name: "other cookies", Lines: []string{"Cookie: " + many("a=b;")}},
		{Name: "X-Forwarded-For addresses", Lines: []string{"Authorization: Bearer x", "X-Forwarded-For: " + many("1,")}},
		{Name: "X-Forwarded-For lines", Lines: append(fill("X-Forwarded-For: 1")[1000:], "Authorization: Bearer x")},
		{Name: "Origin lines", Lines: fill("Origin: a")},
		{Name: "lines of one name", Lines: fill("A: ")},
		{Name: "parameters of the hand-off", Target: "/external-login?" + many("token=&"), Lines: []string{"Accept: */*"}},
		{Name: "one parameter of the hand-off", Target: "/external-login?token=" + many("%41"), Lines: []string{"Accept: */*"}},
		{Name: "a page load with a long query", Target: "/?" + many("a=1&"), Lines: []string{"Accept: text/html"}},
		{Name: "a page load with a long path", Target: "/" + many("%2e%2f"), Lines: []string{"Accept: text/html"}},
		{Name: "types in Accept", Lines: []string{"Accept: text/html" + many(",a/b")}},
		{Name: "parameters of the login page", Target: "/login?" + many("return=%2f&"), Lines: []string{"Accept: text/html"}},
		{Name: "cookies of the status route", Lines: []string{"Cookie: " + many("upstreamauth-status=;")}},
		{Name: "parameters of the status route", Target: "/status?" + many("token&"), Lines: []string{"Accept: */*"}},
	}
}

// fieldTimes is how often one field comes in a flood of HTTP/2: a byte each.
const fieldTimes = 19_000

// HTTP2 is floods of 20 kB: a field that is sent once takes one byte each time after
// that.
func HTTP2() []Flood {
	var all []Flood
	for _, f := range [][2]string{
		{"authorization", ""}, {"authorization", "x y"}, {"application-key", ""}, {"cookie", "upstreamauth="}, {"x-forwarded-for", "1"}, {"origin", "a"}, {"a", ""},
	} {
		times := min(fieldTimes, size/(len(f[0])+len(f[1])+32))
		fields := make([][2]string, times)
		for i := range fields {
			fields[i] = f
		}
		all = append(all, Flood{Name: "HTTP/2: the field " + strings.TrimSpace(f[0]+" "+f[1]), Fields: fields})
	}
	names := make([][2]string, 190)
	for i := range names {
		names[i] = [2]string{fmt.Sprint(strings.Repeat("x", 90), "_", i), "1"}
	}
	return append(all, Flood{Name: "HTTP/2: 190 names", Fields: names})
}
