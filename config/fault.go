package config

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds on what one configuration may make the plugin say. Traefik reads it
// anew at every reload, and whoever writes a middleware decides its size.
const (
	maxKeys        = 1000 // of one block; one that has more is not read
	maxFaults      = 200  // lines; the rest is counted
	maxSuggestions = 20   // faults that are worth a look for the nearest key
	maxShown       = 80   // bytes of a value or a key
)

// Fault is one thing wrong with the configuration: the key's full path, and
// what is wrong and what is allowed. It never holds a secret.
type Fault struct{ key, text string }

// line is the fault as it is logged.
func (f Fault) line() string { return f.key + ": " + f.text }

// Lines returns the faults' keys, and the lines that they are logged as.
func Lines(faults []Fault) (keys, lines []string) {
	for i := range faults {
		keys = append(keys, faults[i].key)
		lines = append(lines, faults[i].line())
	}
	return keys, lines
}

// reader is one reading of a configuration.
type reader struct {
	env     func(string) (string, bool)
	faults  []Fault
	more    int      // faults beyond maxFaults
	folders []string // see secretFolders
}

func (r *reader) fault(key, text string) {
	if len(r.faults) >= maxFaults {
		r.more++
		return
	}
	r.faults = append(r.faults, Fault{key: key, text: text})
}

// all returns every fault, in the order in which the keys were read.
func (r *reader) all() []Fault {
	if r.more == 0 {
		return r.faults
	}
	return append(r.faults, Fault{key: "configuration", text: fmt.Sprintf("%d more faults", r.more)})
}

// suggest ends a fault's text with the nearest of the words that would have
// been right, if one is near.
func (r *reader) suggest(word string, right []string) string {
	if len(r.faults) >= maxSuggestions {
		return ""
	}
	near := nearest(word, right)
	if near == "" {
		return ""
	}
	return "; did you mean " + strconv.Quote(near) + "?"
}

// quoteForLog is a value as a fault names it: quoted, and cut.
func quoteForLog(value string) string {
	short := cut(value)
	return strconv.Quote(short)
}

// quoteKey is a key as a fault names it: as it was written, unless that would
// break the line.
func quoteKey(key string) string {
	short := cut(key)
	if short == "" || short != strings.TrimSpace(short) || !utf8.ValidString(short) {
		return strconv.Quote(short)
	}
	for _, c := range short {
		if !unicode.IsPrint(c) {
			return strconv.Quote(short)
		}
	}
	return short
}

func cut(s string) string {
	if len(s) <= maxShown {
		return s
	}
	end := maxShown
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}

// nearest returns the candidate that word was most likely meant to be; empty
// if none is near. The first of equally near ones wins.
func nearest(word string, candidates []string) string {
	lower := strings.ToLower(word)
	limit := 1
	if len(lower) >= 6 {
		limit = 2
	}
	if len(lower) >= 10 {
		limit = 3
	}
	best := ""
	for _, candidate := range candidates {
		far := distance(lower, strings.ToLower(candidate), limit)
		if far <= limit {
			best = candidate
			limit = far - 1
		}
	}
	return best
}

// distance counts the letters to insert, drop, replace or swap with their
// neighbour that make a into b. Beyond limit it only says that it is beyond.
func distance(a, b string, limit int) int {
	gap := len(a) - len(b)
	if gap < 0 {
		gap = -gap
	}
	if gap > limit {
		return limit + 1
	}
	before := make([]int, len(b)+1) // the row before the last one
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		lowest := i
		for j := 1; j <= len(b); j++ {
			far := last[j-1]
			if a[i-1] != b[j-1] {
				far = 1 + least(last[j-1], last[j], row[j-1])
			}
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] && before[j-2]+1 < far {
				far = before[j-2] + 1
			}
			row[j] = far
			if far < lowest {
				lowest = far
			}
		}
		if lowest > limit {
			return limit + 1
		}
		before = last
		last = row
	}
	return last[len(b)]
}

func least(a, b, c int) int {
	if b < a {
		a = b
	}
	if c < a {
		a = c
	}
	return a
}
