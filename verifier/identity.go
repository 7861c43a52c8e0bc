package verifier

import (
	"strings"
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
	return text != "" && len(text) <= maxValue && utf8.ValidString(text) && !strings.ContainsAny(text, controls)
}

// controls are Unicode's control characters. (With unicode.IsControl, which says
// the same, the interpreter would be called for each character.)
const controls = "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x7f" +
	"\u0080\u0081\u0082\u0083\u0084\u0085\u0086\u0087\u0088\u0089\u008a\u008b\u008c\u008d\u008e\u008f\u0090\u0091\u0092\u0093\u0094\u0095\u0096\u0097\u0098\u0099\u009a\u009b\u009c\u009d\u009e\u009f"
