package strictjson

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
)

// maxDepth bounds how deep a response may nest: documented responses stay below 5.
const maxDepth = 32

// readTokens reads an object token by token: one of at most maxTokens, in whose texts no
// surrogate is escaped.
func readTokens(data []byte) *Value {
	if !json.Valid(data) {
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

// readValue reads a value from its first token on.
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

// readMembers reads an object after its brace. It reads a member's first token itself
// and leaves the rest to readRest.
func readMembers(d *json.Decoder, depth int) *Value {
	object := &Value{Kind: Object, fields: map[string]*Value{}}
	seen := map[string]bool{}
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil
		}
		name, named := token.(string)
		// Upper, then lower, so that letters which fold into ASCII only one way,
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
		child := &Value{Kind: Text, Text: text} // most are texts; a call for each would be slow
		if !isText || depth == maxDepth {
			child = readRest(d, value, depth+1)
		}
		if child == nil {
			return nil
		}
		object.names = append(object.names, name)
		object.fields[name] = child
	}
	if _, err := d.Token(); err != nil {
		return nil
	}
	return object
}

// readItems reads an array after its bracket.
func readItems(d *json.Decoder, depth int) *Value {
	array := &Value{Kind: Array}
	for d.More() {
		child := readValue(d, depth+1)
		if child == nil {
			return nil
		}
		array.items = append(array.items, child)
	}
	if _, err := d.Token(); err != nil {
		return nil
	}
	return array
}

// IsNumber tells whether a text is a number as JSON writes it (RFC 8259, 6).
func IsNumber(text string) bool {
	return number.MatchString(text)
}

var number = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?$`)
