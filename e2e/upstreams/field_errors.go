package upstreams

import "encoding/json"

// fieldErrors is the error of each field, in the order of the checks. Nil is left out of a reply; an
// empty one is {}.
type fieldErrors []fieldError

// fieldError is one field and one text about it.
type fieldError struct{ field, text string }

// MarshalJSON writes an object of lists, the form that both documents show.
func (e fieldErrors) MarshalJSON() ([]byte, error) {
	lists := make(map[string][]string, len(e))
	for _, one := range e {
		lists[one.field] = append(lists[one.field], one.text)
	}
	return json.Marshal(lists)
}
