package custom

import (
	"strconv"
	"strings"

	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// RowFit says of one row whether it fits, and the first thing that does not.
type RowFit struct {
	Name string
	Fits bool
	Not  string // "status", or the condition that does not hold
}

// RowName is how a row is called in logs, as its key in the configuration is.
func RowName(index int) string {
	return "custom.replies[" + strconv.Itoa(index) + "]"
}

// explain says of each row up to the one that fits whether it fits, in words.
func (l *dialect) explain(r transport.Response) []string {
	var lines []string
	for _, fit := range l.table.fits(r) {
		switch {
		case fit.Fits:
			lines = append(lines, fit.Name+": fits")
		case fit.Not == "status":
			lines = append(lines, fit.Name+": has another status")
		default:
			lines = append(lines, fit.Name+": does not hold: "+fit.Not)
		}
	}
	return lines
}

// fits lists the rows up to the one that fits.
func (t *table) fits(r transport.Response) []RowFit {
	if t.noBody {
		r.Body = nil
	}
	selected := map[int]bool{}
	for _, i := range t.candidates(r.Status) {
		selected[i] = true
	}
	var list []RowFit
	for i := range t.rows {
		fit := RowFit{Name: RowName(i), Fits: selected[i]}
		if !fit.Fits {
			fit.Not = "status"
		}
		for j := range t.rows[i].When {
			condition := &t.rows[i].When[j]
			if fit.Fits && !condition.holds(condition.path.judged(r)) {
				fit.Fits = false
				fit.Not = condition.Written()
			}
		}
		list = append(list, fit)
		if fit.Fits {
			break
		}
	}
	return list
}

// Empty tells whether a path leads nowhere but to where it begins.
func (p *Path) Empty() bool {
	return p.Header == "" && len(p.names) == 0
}

// Follows tells whether a condition holds wherever another one does. Where that is hard
// to tell, it is false.
func (c *Condition) Follows(from *Condition) bool {
	if c.path.key != from.path.key {
		return false
	}
	if from.operator == opMissing || c.operator == opMissing {
		return c.operator == from.operator
	}
	if c.operator == opExists {
		return true
	}
	switch from.operator {
	case opIs:
		for i := range from.values {
			v := &strictjson.Value{Kind: from.values[i].kind, Text: from.values[i].text}
			if !c.holds(v) {
				return false
			}
		}
		return true
	case opIsNot:
		return c.operator == opIsNot && has(from.values, c.values)
	case opIsA:
		return c.operator == opIsA && has(c.values, from.values)
	case opStarts, opContains:
		return c.foundIn(from)
	}
	return c.boundedBy(from)
}

// has tells whether a list has all values of another.
func has(all, some []literal) bool {
	for i := range some {
		found := false
		for j := range all {
			found = found || all[j].kind == some[i].kind && all[j].text == some[i].text
		}
		if !found {
			return false
		}
	}
	return true
}

// foundIn tells whether each text that another condition finds holds one of this one's.
func (c *Condition) foundIn(from *Condition) bool {
	if c.operator != opContains && c.operator != from.operator {
		return false
	}
	for i := range from.values {
		found := false
		for j := range c.values {
			one, other := from.values[i].text, c.values[j].text
			found = found || c.operator == opStarts && strings.HasPrefix(one, other) || c.operator == opContains && strings.Contains(one, other)
		}
		if !found {
			return false
		}
	}
	return true
}

// boundedBy tells whether another condition's bound is at least as narrow.
func (c *Condition) boundedBy(from *Condition) bool {
	if c.number == nil || from.number == nil || c.operator[:1] != from.operator[:1] {
		return false
	}
	order := from.number.Cmp(c.number)
	if c.operator[:1] == opLess {
		order = -order
	}
	return order > 0 || order == 0 && (c.operator == from.operator || len(c.operator) == 2)
}
