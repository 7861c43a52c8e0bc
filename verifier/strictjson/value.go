// Package strictjson reads JSON that no two readers can understand differently: an
// upstream's response decides about access, so an ambiguous one is none.
package strictjson

import (
	"bytes"
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// maxDepth bounds how deep a response may nest: documented responses stay below 5.
const maxDepth = 32

// JSON kinds of a Value.
const (
	Object = "object"
	Array  = "array"
	Text   = "text"
	Number = "number"
	Bool   = "boolean"
	Null   = "null"
)

// Value is one JSON value, read strictly. Numbers keep their digits as text,
// booleans are "true" or "false".
type Value struct {
	Kind   string
	Text   string            // of a text, number or boolean
	Names  []string          // an object's names, in the order they came
	Fields map[string]*Value // an object's members
	Items  []*Value          // an array's
}

// Read reads one single JSON object. It returns nil for anything that two readers
// could understand differently: another value, trailing data, text that is not UTF-8,
// nesting over 32 levels, and objects, at any depth, that repeat a name without
// regard to case.
func Read(data []byte) *Value {
	if !utf8.Valid(data) || !json.Valid(data) {
		return nil
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	v := readValue(d, 0)
	if v == nil || v.Kind != Object {
		return nil
	}
	return v
}

func readValue(d *json.Decoder, depth int) *Value {
	token, err := d.Token()
	if err != nil {
		return nil
	}
	return readRest(d, token, depth)
}

// readRest reads the rest of a value of which a token has been read.
func readRest(d *json.Decoder, token json.Token, depth int) *Value {
	if depth > maxDepth {
		return nil
	}
	switch t := token.(type) {
	case json.Delim:
		if t.String() == "{" {
			return readMembers(d, depth)
		}
		return readItems(d, depth)
	case string:
		return &Value{Kind: Text, Text: t}
	case json.Number:
		return &Value{Kind: Number, Text: t.String()}
	case bool:
		if t {
			return &Value{Kind: Bool, Text: "true"}
		}
		return &Value{Kind: Bool, Text: "false"}
	}
	return &Value{Kind: Null}
}

func readMembers(d *json.Decoder, depth int) *Value {
	object := &Value{Kind: Object, Fields: map[string]*Value{}}
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil
		}
		name, named := token.(string)
		// Upper, then lower: so that letters which only fold into ASCII,
		// such as ſ and the Kelvin sign, count as the same.
		folded := strings.ToLower(strings.ToUpper(name))
		if !named || seen[folded] {
			return nil
		}
		seen[folded] = true
		value, err := d.Token()
		if err != nil {
			return nil
		}
		text, isText := value.(string)
		child := &Value{Kind: Text, Text: text} // most are texts, which are spared a call
		if !isText || depth == maxDepth {
			child = readRest(d, value, depth+1)
		}
		if child == nil {
			return nil
		}
		object.Names = append(object.Names, name)
		object.Fields[name] = child
	}
	if _, err := d.Token(); err != nil {
		return nil
	}
	return object
}

func readItems(d *json.Decoder, depth int) *Value {
	array := &Value{Kind: Array}
	for d.More() {
		child := readValue(d, depth+1)
		if child == nil {
			return nil
		}
		array.Items = append(array.Items, child)
	}
	if _, err := d.Token(); err != nil {
		return nil
	}
	return array
}

// Field returns an object's member; nil where there is none, or v is no object.
func (v *Value) Field(name string) *Value {
	if v == nil || v.Kind != Object {
		return nil
	}
	return v.Fields[name]
}

// IsKind tells whether v is of a JSON kind; nil is of none.
func (v *Value) IsKind(kind string) bool {
	return v != nil && v.Kind == kind
}

// IsScalar tells whether v is a text, a number or a boolean.
func (v *Value) IsScalar() bool {
	return v.IsKind(Text) || v.IsKind(Number) || v.IsKind(Bool)
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
