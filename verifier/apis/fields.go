package apis

import (
	"strings"
	"unicode/utf8"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
)

// Bounds of one identity: responses may be large, and thousands of identities are
// cached.
const (
	maxValue  = 1 << 10 // bytes of one value; a longer one is left out
	maxFields = 64      // fields of one identity; further ones are left out
	maxTotal  = 8 << 10 // bytes of all names and values together
	maxItems  = 1 << 10 // items of all lists together; a list beyond them is left out
	maxList   = 4 << 10 // bytes of the values of one list; a longer one is left out
	maxName   = 128     // bytes of a name that is remembered without a value
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
	fields   verifier.Identity
	has      map[string]bool // their names
	total    int             // bytes of them
	lists    bool            // a field may be a list
	items    int             // of all lists that were read
	unusable []string        // names of fields that came in a form that cannot be used
}

func newFieldSet() *fieldSet {
	return &fieldSet{has: map[string]bool{}}
}

// add adds an object's scalars by a table, where they may stand in a header: one that
// is empty, too long, of another JSON type, or that holds control characters is left
// out, and so is a text with half of a surrogate pair: it would become the name that
// another such text becomes. The first value of a field counts. Every miss runs this
// loop, and interpreted calls are slow: it makes none of the plugin's where it can.
func (s *fieldSet) add(object *strictjson.Value, table []member) {
	if object == nil {
		return
	}
	fields := object.Fields()
	for _, m := range table {
		v := fields[m.name]
		if fields == nil {
			v = object.Field(m.name)
		}
		if v == nil || v.Kind == strictjson.Null || s.has[m.field] {
			continue
		}
		if !scalars[v.Kind] {
			s.addOther(m.field, v)
			continue
		}
		text := v.Text
		size := len(m.field) + len(text)
		if text == "" {
			continue
		}
		if v.Unclear || len(text) > maxValue || !utf8.ValidString(text) || strings.ContainsAny(text, verifier.ControlCharacters) ||
			len(s.fields) >= maxFields || s.total+size > maxTotal {
			s.leaveOut(m.field)
			continue
		}
		s.total += size
		s.has[m.field] = true
		s.fields = append(s.fields, verifier.Field{Name: m.field, Value: text})
	}
}

// addOther adds a list of scalars as a field of several values, without empty ones. A
// list with a value that may not stand in a header is left out whole: in the rest one
// could not see that something is missing. So are all other forms; and a list of a field
// of an API's table, each of which says one thing about the caller, such as who it is.
func (s *fieldSet) addOther(field string, v *strictjson.Value) {
	if v.Kind == strictjson.Array && v.Len() == 0 {
		return
	}
	if v.Kind != strictjson.Array || !s.lists || s.items+v.Len() > maxItems || len(s.fields) >= maxFields {
		s.leaveOut(field)
		return
	}
	s.items += v.Len()
	items := v.Items()
	values := make([]string, 0, len(items))
	size := 0
	for _, item := range items {
		if !scalars[item.Kind] || item.Unclear || len(item.Text) > maxValue {
			s.leaveOut(field)
			return
		}
		if item.Text != "" {
			values = append(values, item.Text)
			size += 1 + len(item.Text) // with the comma behind it
		}
	}
	all := strings.Join(values, ",")
	if len(items) < v.Len() || size > maxList+1 || s.total+len(field)+size > maxTotal ||
		!utf8.ValidString(all) || strings.ContainsAny(all, verifier.ControlCharacters) {
		s.leaveOut(field)
		return
	}
	if len(values) == 0 {
		return
	}
	s.total += len(field) + size
	s.has[field] = true
	s.fields = append(s.fields, verifier.Field{Name: field, Values: values})
}

// leaveOut remembers the name of a field whose value cannot be used, so that an operator
// who requires the field can be told.
func (s *fieldSet) leaveOut(field string) {
	if len(s.unusable) < maxFields && len(field) <= maxName {
		s.unusable = append(s.unusable, field)
	}
}

// identity returns the fields; and behind them, without a value, those that came in no
// other form than one that cannot be used.
func (s *fieldSet) identity() verifier.Identity {
	for _, name := range s.unusable {
		if !s.has[name] {
			s.has[name] = true
			s.fields = append(s.fields, verifier.Field{Name: name})
		}
	}
	return s.fields
}

// addRest adds the members that an API's table does not name, by their own names:
// scalars, and lists of them. A member never sets a field of the table, even where the
// table found nothing for it, nor a field that the gate sets: a response with free-form
// members could forge them.
func (s *fieldSet) addRest(object *strictjson.Value, table []member) {
	if object == nil {
		return
	}
	reserved := map[string]bool{"api": true, "expires": true}
	for _, m := range table {
		reserved[m.field] = true
	}
	names := object.Names() // 256 at most
	others := make([]member, 0, len(names))
	for _, name := range names {
		if len(s.fields) >= maxFields {
			break
		}
		if !reserved[name] {
			others = append(others, member{field: name, name: name})
		}
	}
	s.lists = true
	s.add(object, others)
}

// IdentityOf makes an identity of values that were found under the fields' names, in the
// order of names, and of the other scalars of an object, by their own names; nil: there is
// none. table is all names that these must not take.
func IdentityOf(values map[string]*strictjson.Value, names []string, others *strictjson.Value, table []string) verifier.Identity {
	members := make([]member, 0, len(table))
	for _, name := range names {
		members = append(members, member{field: name, name: name})
	}
	fields := newFieldSet()
	fields.lists = true
	fields.add(strictjson.NewFields(values), members)
	if others != nil {
		for _, name := range table {
			members = append(members, member{field: name})
		}
		fields.addRest(others, members)
	}
	return fields.identity()
}
