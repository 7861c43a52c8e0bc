// Package strictjson reads JSON that no two readers can understand differently. An
// upstream's response decides about access, and other readers (a proxy, the backend, a
// log) may take another of two equal names: an ambiguous object is not read at all.
package strictjson

import (
	"bytes"
	"encoding/json"
	"strings"
)

// JSON kinds of a Value.
const (
	Object = "object"
	Array  = "array"
	Text   = "text"
	Number = "number"
	Bool   = "boolean"
	Null   = "null"
)

// maxListed bounds how many names of an object, and items of an array, are listed.
const maxListed = 256

// Value is one JSON value, read strictly. Numbers keep their digits as text,
// booleans are "true" or "false".
type Value struct {
	Kind string
	Text string // of a text, number or boolean

	// Unclear: a text that has half of a surrogate pair, which is no character. Each
	// reader makes something else of it; here it is U+FFFD. It must not name anybody.
	Unclear bool

	// What is inside a small document.
	names  []string          // of an object, in the order they came
	fields map[string]*Value // of an object
	items  []*Value          // of an array

	large *large // what is inside any other; nil: the document is a small one
}

// large is what encoding/json has read of an object or an array. The values inside are
// made when they are asked for, since there may be thousands.
type large struct {
	members map[string]interface{} // of an object
	list    []interface{}          // of an array
	mark    string                 // stands for half of a surrogate pair; empty: there is none
	text    []byte                 // the whole document, of the outermost object alone
	parent  *Value                 // of all others
	name    string                 // in parent, if that is an object
	index   int                    // in parent, if that is an array
}

// NewObject is an object of these members, which are texts, json.Number, booleans, nil,
// and maps and slices of them, as encoding/json has them. Its Names are not known.
func NewObject(members map[string]interface{}) *Value {
	return &Value{Kind: Object, large: &large{members: members}}
}

// NewFields is an object of these members. Its Names are not known.
func NewFields(members map[string]*Value) *Value {
	return &Value{Kind: Object, fields: members}
}

// NewList is an array of texts.
func NewList(texts []string) *Value {
	items := make([]interface{}, 0, len(texts))
	for _, text := range texts {
		items = append(items, text)
	}
	return &Value{Kind: Array, large: &large{list: items}}
}

// child makes the value of something that encoding/json has read.
func (v *Value) child(read interface{}, name string, index int) *Value {
	mark := v.large.mark
	switch t := read.(type) {
	case string:
		if mark != "" && strings.Contains(t, mark) {
			return &Value{Kind: Text, Text: strings.ReplaceAll(t, mark, "\ufffd"), Unclear: true}
		}
		return &Value{Kind: Text, Text: t}
	case json.Number:
		return &Value{Kind: Number, Text: string(t)}
	case bool:
		if t {
			return &Value{Kind: Bool, Text: "true"}
		}
		return &Value{Kind: Bool, Text: "false"}
	case map[string]interface{}:
		return &Value{Kind: Object, large: &large{members: t, mark: mark, parent: v, name: name}}
	case []interface{}:
		return &Value{Kind: Array, large: &large{list: t, mark: mark, parent: v, name: name, index: index}}
	}
	return &Value{Kind: Null}
}

// Field returns an object's member; nil where there is none, or v is no object.
func (v *Value) Field(name string) *Value {
	if v == nil {
		return nil
	}
	if v.large != nil {
		return v.inside(name)
	}
	return v.fields[name]
}

// inside is Field of a large document.
func (v *Value) inside(name string) *Value {
	read, found := v.large.members[name]
	if !found {
		return nil
	}
	return v.child(read, name, 0)
}

// Fields returns the members of an object by their names, not to be changed, if the
// document is a small one; nil otherwise, where each can be had of Field. It is for
// loops: in the interpreter a call takes ten times as long as a look into a map.
func (v *Value) Fields() map[string]*Value {
	return v.fields
}

// Items returns an array's items, the first 256; none where v is no array.
func (v *Value) Items() []*Value {
	if v == nil {
		return nil
	}
	if v.large == nil {
		return v.items
	}
	list := v.large.list
	if len(list) > maxListed {
		list = list[:maxListed]
	}
	var items []*Value
	for i, read := range list {
		items = append(items, v.child(read, "", i))
	}
	return items
}

// Len is how many items an array has, or members an object; 0 for all others.
func (v *Value) Len() int {
	if v == nil {
		return 0
	}
	if v.large == nil {
		return len(v.items) + len(v.names)
	}
	return len(v.large.list) + len(v.large.members)
}

// Names returns an object's names in the order they came, of its first 256 members;
// none where v is no object. A name with half of a surrogate pair is left out.
func (v *Value) Names() []string {
	if v == nil {
		return nil
	}
	if v.large == nil {
		return v.names
	}
	if v.Kind != Object {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(v.source()))
	if _, err := d.Token(); err != nil {
		return nil
	}
	mark := v.large.mark
	var names []string
	value := json.RawMessage{}
	for i := 0; i < maxListed && d.More(); i++ {
		token, err := d.Token()
		if err != nil || d.Decode(&value) != nil {
			return nil
		}
		name, isName := token.(string)
		if isName && (mark == "" || !strings.Contains(name, mark)) {
			names = append(names, name)
		}
	}
	return names
}

// source is the text of an object or an array of a large document.
func (v *Value) source() []byte {
	at := v.large
	if at.parent == nil {
		return at.text
	}
	outer := at.parent.source()
	if at.parent.Kind == Array {
		list := []json.RawMessage{}
		if json.Unmarshal(outer, &list) != nil || at.index >= len(list) {
			return nil
		}
		return list[at.index]
	}
	members := map[string]json.RawMessage{}
	if json.Unmarshal(outer, &members) != nil {
		return nil
	}
	return members[at.name]
}

// IsKind tells whether v is of a JSON kind; nil is of none.
func (v *Value) IsKind(kind string) bool {
	return v != nil && v.Kind == kind
}

// Bool is the text of a boolean: "true" or "false"; "" for nil, and "other" for a
// value of another kind.
func (v *Value) Bool() string {
	if v == nil {
		return ""
	}
	if v.Kind != Bool {
		return "other"
	}
	return v.Text
}

// TextOf is the text of a value of the wanted kind; "" for any other.
func (v *Value) TextOf(kind string) string {
	if !v.IsKind(kind) {
		return ""
	}
	return v.Text
}

// Quote encodes a text as JSON.
func Quote(text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		return `""`
	}
	return string(quoted)
}
