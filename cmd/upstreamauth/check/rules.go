package check

import (
	"regexp"
	"sort"
	"strings"

	"github.com/upstreamauth/upstreamauth/cmd/upstreamauth/delivered"
)

// catches tells whether a router matches all that another one matches, as far as rules
// tell at sight: each part that both rules join by && is also in the other's, or matches
// everything, or is the beginning of its path.
func catches(open, closed *delivered.Router) bool {
	if open.Rule == "" || closed.Rule == "" || !meet(open.EntryPoints, closed.EntryPoints) {
		return false
	}
	for _, alternative := range split(open.Rule, "||") {
		all := true
		for _, part := range split(alternative, "&&") {
			all = all && (matchesAll(part) || within(part, split(closed.Rule, "&&")))
		}
		if all {
			return true
		}
	}
	return false
}

// meet tells whether two routers may have an entry point in common. None is all of the
// default ones.
func meet(a, b []string) bool {
	if len(a) == 0 || len(b) == 0 {
		return true
	}
	for _, one := range a {
		for _, other := range b {
			if one == other {
				return true
			}
		}
	}
	return false
}

var everything = regexp.MustCompile("^(PathPrefix\\([`\"']/?[`\"']\\)" +
	"|(HostRegexp|PathRegexp)\\([`\"']\\^?/?(\\.\\*|\\.\\+|\\{[a-z]+:\\.[*+]\\})\\$?[`\"']\\)" +
	"|HostRegexp\\([`\"']\\{[a-z]+:\\.[*+]\\}[`\"']\\))$")

func matchesAll(part string) bool { return everything.MatchString(part) }

var pathPrefix = regexp.MustCompile("^(?:PathPrefix|Path)\\([`\"']([^`\"']*)[`\"']\\)$")

// within tells whether a part of a rule is one of others, or begins the path of one.
func within(part string, others []string) bool {
	prefix := pathPrefix.FindStringSubmatch(part)
	for _, other := range others {
		if part == other {
			return true
		}
		longer := pathPrefix.FindStringSubmatch(other)
		if prefix != nil && longer != nil && strings.HasPrefix(part, "PathPrefix") && strings.HasPrefix(longer[1], prefix[1]) {
			return true
		}
	}
	return false
}

// split splits a rule at an operator that is in no parentheses and no quotes, and takes
// blanks and outer parentheses away.
func split(rule, operator string) []string {
	rule = trim(rule)
	var parts []string
	depth, quote, start := 0, byte(0), 0
	for i := 0; i < len(rule); i++ {
		c := rule[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '`' || c == '"':
			quote = c
		case c == '(':
			depth++
		case c == ')':
			depth--
		case depth == 0 && strings.HasPrefix(rule[i:], operator):
			parts = append(parts, trim(rule[start:i]))
			start = i + len(operator)
			i = start - 1
		}
	}
	return append(parts, trim(rule[start:]))
}

// trim takes blanks away, also those inside, and parentheses that are around everything.
func trim(rule string) string {
	rule = strings.TrimSpace(rule)
	for strings.HasPrefix(rule, "(") && strings.HasSuffix(rule, ")") && closes(rule) == len(rule)-1 {
		rule = strings.TrimSpace(rule[1 : len(rule)-1])
	}
	return strings.NewReplacer("( ", "(", " )", ")").Replace(rule)
}

// closes is where the parenthesis ends that a rule begins with.
func closes(rule string) int {
	depth := 0
	for i := 0; i < len(rule); i++ {
		switch rule[i] {
		case '(':
			depth++
		case ')':
			depth--
			if depth == 0 {
				return i
			}
		}
	}
	return -1
}

// distance is how many letters have to be written, dropped or replaced to make one name
// of another.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		previous := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := previous
			if a[i] != b[j] {
				cost = 1 + min(previous, row[j], row[j+1])
			}
			previous = row[j+1]
			row[j+1] = cost
		}
	}
	return row[len(b)]
}

func sorted[T any](m map[string]T) []string {
	var names []string
	for name := range m {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
