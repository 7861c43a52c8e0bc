package verifier

// Identity describes the caller, as the upstream's response does. It is never changed
// once made: many requests share it.
type Identity []Field

// Field is one fact about the caller, in the upstream's own spelling. One with neither
// a value nor values was in the response, and not in a form that can be used: an
// object, for example.
type Field struct {
	Name   string
	Value  string
	Values []string // of a list, in place of Value; none is empty
}

// Get returns the value of a field that has one; an empty text where there is no such
// field, and where it came as a list.
func (id Identity) Get(name string) string {
	for i := range id {
		if id[i].Name == name {
			return id[i].Value
		}
	}
	return ""
}

// Values returns all values of a field, none of which is empty, and whether the response
// had the field in any form.
func (id Identity) Values(name string) ([]string, bool) {
	for i := range id {
		if id[i].Name != name {
			continue
		}
		if id[i].Value != "" {
			return []string{id[i].Value}, true
		}
		return id[i].Values, true
	}
	return nil, false
}
