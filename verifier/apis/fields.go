package apis

import (
	"strings"
	"unicode/utf8"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
)

// Bounds of one identity: an upstream's response may be large, and thousands of
// identities are cached.
const (
	maxValue  = 1 << 10 // bytes of one value; a longer one is left out
	maxFields = 64      // fields of one identity; further ones are left out
	maxTotal  = 8 << 10 // bytes of all names and values together
)

// member maps a member of an object to a field.
type member struct {
	field string
	name  string
}

// scalars are the kinds of values that a field may have.
var scalars = map[string]bool{strictjson.Text: true, strictjson.Number: true, strictjson.Bool: true}

// fieldSet collects the fields of one identity.
type fieldSet struct {
	fields verifier.Identity
	has    map[string]bool // their names
	total  int             // bytes of them
}

func newFieldSet() *fieldSet {
	return &fieldSet{has: map[string]bool{}}
}

// add adds an object's scalars by a table, if they may stand in a header: one that is
// empty, too long, of another JSON type, or that holds control characters is left out.
// The first value of a field wins. It is one loop without a call of ours, since each
// miss goes through it, interpreted.
func (s *fieldSet) add(object *strictjson.Value, table []member) {
	if object == nil {
		return
	}
	for _, m := range table {
		v := object.Fields[m.name]
		if v == nil || !scalars[v.Kind] || s.has[m.field] {
			continue
		}
		text := v.Text
		size := len(m.field) + len(text)
		if text == "" || len(text) > maxValue || !utf8.ValidString(text) || strings.ContainsAny(text, verifier.ControlCharacters) ||
			len(s.fields) >= maxFields || s.total+size > maxTotal {
			continue
		}
		s.total += size
		s.has[m.field] = true
		s.fields = append(s.fields, verifier.Field{Name: m.field, Value: text})
	}
}

// addRest adds the members that an API's table does not name, by their own names. A
// field of the table is never taken from another member, even if the table found
// nothing for it; nor are the gate's own fields.
func (s *fieldSet) addRest(object *strictjson.Value, table []member) {
	if object == nil {
		return
	}
	reserved := map[string]bool{"api": true, "expires": true}
	for _, m := range table {
		reserved[m.field] = true
	}
	others := make([]member, 0, len(object.Names))
	for _, name := range object.Names {
		if !reserved[name] {
			others = append(others, member{field: name, name: name})
		}
	}
	s.add(object, others)
}
