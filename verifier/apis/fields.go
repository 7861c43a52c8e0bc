package apis

import (
	"strings"
	"unicode/utf8"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
)

// Bounds of one identity: an upstream's reply may be large, and thousands of
// identities are remembered.
const (
	maxValue  = 1 << 10 // bytes of one value; a longer one is left out
	maxFields = 64      // fields of one identity; further ones are left out
	maxTotal  = 8 << 10 // bytes of all names and values together
)

// member says which member of an object becomes which field.
type member struct {
	field string
	name  string
}

// scalars are the kinds of values that a field may be made of.
var scalars = map[string]bool{strictjson.Text: true, strictjson.Number: true, strictjson.Bool: true}

// fieldSet gathers the fields of one identity.
type fieldSet struct {
	fields verifier.Identity
	has    map[string]bool // their names
	total  int             // bytes of them
}

func newFieldSet() *fieldSet {
	return &fieldSet{has: map[string]bool{}}
}

// add takes an object's scalars in by a table, if they may stand in a header:
// one is left out when it is empty, too long, of another JSON type, or holds
// control characters. The first value of a field wins. (One loop, without a call
// of ours: each miss goes through it.)
func (c *fieldSet) add(object *strictjson.Value, table []member) {
	if object == nil {
		return
	}
	for _, m := range table {
		v := object.Fields[m.name]
		if v == nil || !scalars[v.Kind] || c.has[m.field] {
			continue
		}
		text := v.Text
		size := len(m.field) + len(text)
		if text == "" || len(text) > maxValue || !utf8.ValidString(text) || strings.ContainsAny(text, verifier.ControlCharacters) ||
			len(c.fields) >= maxFields || c.total+size > maxTotal {
			continue
		}
		c.total += size
		c.has[m.field] = true
		c.fields = append(c.fields, verifier.Field{Name: m.field, Value: text})
	}
}

// addRest takes in what an API's table does not name, by its own name. The
// table's fields stay its own, also where it found nothing; so do those of the gate.
func (c *fieldSet) addRest(object *strictjson.Value, table []member) {
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
	c.add(object, others)
}
