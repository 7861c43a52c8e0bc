package verifier

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bounds of one identity: an upstream's reply may be large, and thousands of
// identities are remembered.
const (
	maxValue  = 1 << 10 // bytes of one value; a longer one is left out
	maxFields = 64      // fields of one identity; further ones are left out
	maxTotal  = 8 << 10 // bytes of all names and values together
)

// Identity is who is calling, as the upstream told: never changed once made.
type Identity []Field

// Field is one fact about the caller, in the upstream's own spelling.
type Field struct {
	Name  string
	Value string
}

// Get returns a field's value; an empty text where there is no such field.
func (id Identity) Get(name string) string {
	for i := range id {
		if id[i].Name == name {
			return id[i].Value
		}
	}
	return ""
}

// collector gathers the fields of one identity.
type collector struct {
	fields Identity
	total  int
}

// add takes a scalar in, if it may stand in a header: it is left out when it
// is empty, too long, of another JSON type, or holds control characters. The
// first value of a name wins.
func (c *collector) add(name string, v *Value) {
	if v == nil || !v.scalar() || !presentable(v.Text) || c.fields.Get(name) != "" {
		return
	}
	size := len(name) + len(v.Text)
	if len(c.fields) >= maxFields || c.total+size > maxTotal {
		return
	}
	c.total += size
	c.fields = append(c.fields, Field{Name: name, Value: v.Text})
}

// addOthers takes in what an API's table does not name, by its own name. The
// reserved names stay the table's, also where the table found nothing.
func (c *collector) addOthers(object *Value, reserved string) {
	if !object.is(jsonObject) {
		return
	}
	for _, name := range object.Names {
		if !contains(reserved+" api expires", name) {
			c.add(name, object.Fields[name])
		}
	}
}

// presentable: text of 1 to 1024 bytes without control characters.
func presentable(text string) bool {
	return text != "" && len(text) <= maxValue && utf8.ValidString(text) &&
		strings.IndexFunc(text, unicode.IsControl) < 0
}
