package config

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/upstreamauth/upstreamauth/config/dialect"
	"github.com/upstreamauth/upstreamauth/config/files"
	"github.com/upstreamauth/upstreamauth/gate"
	"github.com/upstreamauth/upstreamauth/issuer"
	"github.com/upstreamauth/upstreamauth/session"
	"github.com/upstreamauth/upstreamauth/telemetry/status"
)

// Limits on what one configuration can make the plugin log. Traefik reads it again
// at every reload, and its size is decided by the author of the middleware, who may
// be another person than the operator of Traefik.
const (
	maxKeys        = 1000 // of one block; a block with more is not read
	maxFaults      = 200  // that are listed; further ones are counted
	maxSuggestions = 20   // faults that are searched for the nearest key
	maxShown       = 80   // bytes of a value or a key
	maxSource      = 320  // bytes of what a secret refers to
)

// Settings is the configuration of one middleware instance after it was read:
// checked, and with the defaults filled in. Each room gets its own options; none
// of them reads raw values.
type Settings struct {
	Gate    gate.Options     // mode: protect; of no use in mode: issuer
	Session *session.Options // nil: no session block
	Issuer  *issuer.Options  // mode: issuer; nil: another mode
	Status  *status.Options  // mode: status; nil: another mode
	Log     string           // error, info or debug
}

// Fault is one thing that is wrong with a configuration. It is one line of text and
// holds no secret, so it may be logged and shown to operators.
type Fault struct {
	Key  string // full path of the key, such as "bearer.tls.ca"
	Text string // what is wrong, and what is allowed
}

// Line is the fault as it is logged.
func (f Fault) Line() string { return f.Key + ": " + f.Text }

// Lines splits faults into the two lists that the log takes: their keys, and the
// lines as Line writes them, in the same order.
func Lines(faults []Fault) (keys, lines []string) {
	for i := range faults {
		keys = append(keys, faults[i].Key)
		lines = append(lines, faults[i].Line())
	}
	return keys, lines
}

// reader is what all sections of one configuration share while it is read.
type reader struct {
	env     func(string) (string, bool) // nil: no variable is set
	faults  []Fault
	more    int               // faults beyond maxFaults
	folders []files.Folder    // that secrets may be read in; nil: not known yet
	homes   map[string][]home // by foldKey

	unresolved bool                // env: and file: are not read
	keys       map[string][]string // see Keys; nil: they are not collected
	memory     *dialect.Memory     // nil: none is kept
}

// home is where a key belongs, for the fault of one that is in another block.
type home struct {
	path    string // of the block; empty: the top level
	written bool   // whether the configuration has this block
}

// lookup is env, which may be nil.
func (r *reader) lookup(name string) (string, bool) {
	env := r.env
	if env == nil {
		return "", false
	}
	value, found := env(name)
	return value, found
}

// readFile returns what a file holds that a secret refers to, or the text of a fault.
func (r *reader) readFile(path string) (content, problem string) {
	if r.unresolved && strings.HasPrefix(path, "/") {
		return "", "" // folders are chosen where Traefik runs, which may be another system
	}
	list, named := r.lookup(files.FoldersName)
	if r.folders == nil {
		r.folders = files.Folders(list, named)
	}
	return files.Read(path, r.folders, named)
}

func (r *reader) fault(key, text string) {
	if len(r.faults) >= maxFaults {
		r.more++
		return
	}
	r.faults = append(r.faults, Fault{Key: key, Text: text})
}

// count is how many faults there are so far.
func (r *reader) count() int {
	return len(r.faults) + r.more
}

// all returns every fault, in the order in which the keys were read.
func (r *reader) all() []Fault {
	if r.more == 0 {
		return r.faults
	}
	return append(r.faults, Fault{Key: "configuration", Text: fmt.Sprintf("%d more faults", r.more)})
}

// suggest returns the end of a fault's text that names the nearest of the allowed
// words; empty if none is near. After many faults it does not search any more: each
// search costs time that grows with the number of words.
func (r *reader) suggest(word string, allowed []string) string {
	if len(r.faults) >= maxSuggestions {
		return ""
	}
	near := nearest(word, allowed)
	if near == "" {
		return ""
	}
	return "; did you mean " + strconv.Quote(near) + "?"
}

// quoteForLog is a value as a fault names it: shortened, and quoted so that it can
// neither break the line nor hide control characters in it.
func quoteForLog(value string) string {
	short := shorten(value, maxShown)
	return strconv.Quote(short)
}

// quoteKey is a key as a fault names it: shortened, and quoted only where it could
// break the line or be misread.
func quoteKey(key string) string {
	short := shorten(key, maxShown)
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

// shorten cuts a text to so many bytes, between two characters.
func shorten(text string, end int) string {
	if len(text) <= end {
		return text
	}
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

// nearest returns the candidate that word is most likely a misspelling of, without
// regard to case; empty if none is near. Of equally near ones it is the first.
// Short words may differ in one letter and long ones in three: with more, words
// would be suggested that have nothing to do with what was written.
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
		edits := distance(lower, strings.ToLower(candidate), limit)
		if edits <= limit {
			best = candidate
			limit = edits - 1
		}
	}
	return best
}

// distance is the number of edits that turn a into b: inserting, deleting or
// replacing a byte, or swapping two neighbours (optimal string alignment). Above
// limit the result is only some number above limit, so that a long key costs little.
func distance(a, b string, limit int) int {
	gap := len(a) - len(b)
	if gap < 0 {
		gap = -gap
	}
	if gap > limit {
		return limit + 1
	}
	// Three rows of the usual table: a swap looks two rows back.
	previous := make([]int, len(b)+1)
	last := make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row := make([]int, len(b)+1)
		row[0] = i
		lowest := i
		for j := 1; j <= len(b); j++ {
			edits := last[j-1]
			if a[i-1] != b[j-1] {
				edits = 1 + least(last[j-1], last[j], row[j-1])
			}
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] && previous[j-2]+1 < edits {
				edits = previous[j-2] + 1
			}
			row[j] = edits
			if edits < lowest {
				lowest = edits
			}
		}
		if lowest > limit {
			return limit + 1
		}
		previous = last
		last = row
	}
	return last[len(b)]
}

// least is the smallest of three; the interpreter has no built-in min.
func least(a, b, c int) int {
	if b < a {
		a = b
	}
	if c < a {
		a = c
	}
	return a
}
