package verifier

// Identity is who is calling, by the upstream's response. It is never changed once
// made: many requests share it.
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
