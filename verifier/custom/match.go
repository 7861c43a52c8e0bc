package custom

import (
	"strconv"
	"strings"

	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// dialect is a definition with what is worked out of it once, since every miss needs it.
type dialect struct {
	def        *Definition
	table      *table
	fields     []string          // of the identity
	readsToken bool              // a part of the identity comes from the token
	timed      bool              // a response may say when it ends
	shown      map[string]string // what clients see of the rows' codes
}

func newDialect(d *Definition) *dialect {
	l := &dialect{def: d, table: newTable(d.Rows, d.StatusOnly), shown: map[string]string{}}
	l.readsToken = d.Identity.Others != nil && d.Identity.Others.From == FromToken
	id := &d.Identity
	l.timed = id.ExpiresAt != nil || id.ExpiresIn != nil || id.IssuedAt != nil || id.CacheControl
	for _, field := range d.Identity.Fields {
		l.fields = append(l.fields, field.Name)
		for _, source := range field.Sources {
			l.readsToken = l.readsToken || source.From == FromToken
		}
	}
	for i := range d.Rows {
		shown, _, _ := strings.Cut(d.Rows[i].Code, "/")
		l.shown[d.Rows[i].Code] = shown
	}
	return l
}

// table is the rows of a definition, so laid out that a response is compared with few
// calls of ours: each takes the interpreter some microseconds. A path that several
// conditions name is followed once, and a row of another status is not looked at.
type table struct {
	rows     []Row
	noBody   bool             // status and headers say everything
	paths    []*Path          // each once
	at       [][]int          // of each row's conditions: which path
	byStatus map[string][]int // rows by "401", by "4xx" for other statuses, and by "" for all others
}

// newTable lays out rows.
func newTable(rows []Row, noBody bool) *table {
	t := &table{rows: rows, noBody: noBody, at: make([][]int, len(rows)), byStatus: map[string][]int{"": nil}}
	seen := map[string]int{}
	for i := range rows {
		t.at[i] = make([]int, len(rows[i].When))
		for j := range rows[i].When {
			path := &rows[i].When[j].path
			at, known := seen[path.key]
			if !known {
				at = len(t.paths)
				seen[path.key] = at
				t.paths = append(t.paths, path)
			}
			t.at[i][j] = at
		}
		for _, status := range strings.Fields(rows[i].Statuses) {
			t.byStatus[status] = nil
		}
	}
	for status := range t.byStatus {
		t.byStatus[status] = fitting(rows, status)
	}
	return t
}

// fitting lists the rows that a status, or any other of its class, selects.
func fitting(rows []Row, status string) []int {
	var list []int
	class := "none"
	if status != "" {
		class = status[:1] + "xx"
	}
	for i := range rows {
		if rows[i].Statuses == "" || status != "" && (strings.Contains(rows[i].Statuses, status) || strings.Contains(rows[i].Statuses, class)) {
			list = append(list, i)
		}
	}
	return list
}

// candidates lists the rows that a status selects, in their order.
func (t *table) candidates(status int) []int {
	exact := strconv.Itoa(1000 + status)[1:] // three digits
	list, known := t.byStatus[exact]
	if known {
		return list
	}
	class := exact[:1] + "xx"
	if status > 599 {
		class = "5xx" // as RFC 9110, 15 asks of clients
	}
	list, known = t.byStatus[class]
	if known {
		return list
	}
	return t.byStatus[""]
}

// match returns the index of the first row that fits a response; -1: none does.
func (t *table) match(r transport.Response) int {
	if t.noBody {
		r.Body = nil
	}
	values := make([]*strictjson.Value, len(t.paths))
	followed := make([]bool, len(t.paths))
	for _, i := range t.candidates(r.Status) {
		fits := true
		for j := range t.rows[i].When {
			at := t.at[i][j]
			if !followed[at] {
				path := t.paths[at]
				if path.Header == "" {
					values[at] = r.Body.At(path.names, path.indexes)
				} else {
					values[at] = path.judged(r)
				}
				followed[at] = true
			}
			c := &t.rows[i].When[j]
			v := values[at]
			if c.operator != opIs {
				fits = c.holds(v)
			} else { // nearly every one, so without a call
				fits = false
				for k := range c.values {
					if v != nil && !v.Unclear && v.Kind == c.values[k].kind && v.Text == c.values[k].text {
						fits = true
					}
				}
			}
			if !fits {
				break
			}
		}
		if fits {
			return i
		}
	}
	return -1
}

// holds tells whether a condition holds of the value that its path leads to; nil: it
// leads nowhere, which meets "missing" alone.
func (c *Condition) holds(v *strictjson.Value) bool {
	if v == nil {
		return c.operator == opMissing
	}
	switch c.operator {
	case opExists:
		return true
	case opMissing:
		return false
	case opIs:
		return c.isAny(v)
	case opIsNot:
		return isScalar(v) && !c.isAny(v)
	case opIsA:
		for i := range c.values {
			if v.Kind == c.values[i].kind {
				return true
			}
		}
		return false
	case opStarts, opContains:
		return c.found(v)
	}
	return c.compares(v)
}

// isAny tells whether a value is one of the condition's, byte for byte and of its kind.
func (c *Condition) isAny(v *strictjson.Value) bool {
	if v.Unclear {
		return false
	}
	for i := range c.values {
		if v.Kind == c.values[i].kind && v.Text == c.values[i].text {
			return true
		}
	}
	return false
}

// isScalar: null is none here, so that "is not" is not met by what has no value.
func isScalar(v *strictjson.Value) bool {
	return !v.Unclear && (v.Kind == strictjson.Text || v.Kind == strictjson.Number || v.Kind == strictjson.Bool)
}

// found tells whether a text begins with one of the condition's, or holds it.
func (c *Condition) found(v *strictjson.Value) bool {
	if v.Kind != strictjson.Text {
		return false
	}
	for i := range c.values {
		if c.operator == opStarts && strings.HasPrefix(v.Text, c.values[i].text) {
			return true
		}
		if c.operator == opContains && strings.Contains(v.Text, c.values[i].text) {
			return true
		}
	}
	return false
}

// compares tells whether a number is on the right side of the condition's.
func (c *Condition) compares(v *strictjson.Value) bool {
	if v.Kind != strictjson.Number {
		return false
	}
	number := decimal(v.Text)
	if number == nil {
		return false
	}
	order := number.Cmp(c.number)
	switch c.operator {
	case opMore:
		return order > 0
	case opLess:
		return order < 0
	case opAtLeast:
		return order >= 0
	case opAtMost:
		return order <= 0
	}
	return false
}
