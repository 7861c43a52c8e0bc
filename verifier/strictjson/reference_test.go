package strictjson

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

// readReference reads a document of any size token by token: slow, and plain enough to be
// the measure of Read, which does that with small ones alone.
func readReference(data []byte) *Value {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if !utf8.Valid(data) {
		return nil
	}
	return readTokens(data)
}

// halves tells for each text of a JSON document, names included, in the order they come,
// whether it has half of a surrogate pair.
func halves(document string) []bool {
	var found []bool
	for i := 0; i < len(document); i++ {
		if document[i] != '"' {
			continue
		}
		half, high := false, false
		for i++; document[i] != '"'; i++ {
			code := 0
			if document[i] == '\\' {
				i++
				if document[i] == 'u' {
					_, _ = fmt.Sscanf(document[i+1:i+5], "%04x", &code)
					i += 4
				}
			}
			low := code >= 0xdc00 && code < 0xe000
			half = half || high != low
			high = code >= 0xd800 && code < 0xdc00
		}
		found = append(found, half || high)
	}
	return found
}

// differ compares what Read made of a document with the reference. marks are the
// document's halves; it takes those of this value from their beginning.
func differ(v *Value, r *Value, marks *[]bool) string {
	next := func() bool {
		mark := (*marks)[0]
		*marks = (*marks)[1:]
		return mark
	}
	if v == nil || v.Kind != r.Kind || v.Text != r.Text {
		return fmt.Sprintf("%+v, want %+v", v, r)
	}
	if v.Unclear != (r.Kind == Text && next()) {
		return fmt.Sprintf("%q: unclear %v", v.Text, v.Unclear)
	}
	if len(r.items) != v.Len() && r.Kind == Array || len(r.names) != v.Len() && r.Kind == Object {
		return fmt.Sprintf("%d inside", v.Len())
	}
	items := v.Items()
	for i, item := range r.items {
		if i >= maxListed {
			_, *marks = item, nil // the rest of the document is not compared
			return ""
		}
		if text := differ(items[i], item, marks); text != "" || *marks == nil {
			return text
		}
	}
	var names []string
	for i, name := range r.names {
		whole := !next()
		if whole && i < maxListed {
			names = append(names, name)
		}
		child := v.Field(name)
		if !whole {
			if child != nil {
				return fmt.Sprintf("%q can be asked for", name)
			}
			kept := marked(v, name)
			child = v.child(v.large.members[kept], kept, 0)
		}
		if text := differ(child, r.fields[name], marks); text != "" || *marks == nil {
			return text
		}
	}
	if got := strings.Join(v.Names(), "\x00"); got != strings.Join(names, "\x00") {
		return fmt.Sprintf("names %q, want %q", v.Names(), names)
	}
	return ""
}

// marked is the name of a member as Read keeps it, by what the reference calls it.
func marked(v *Value, name string) string {
	for kept := range v.large.members {
		if v.large.mark != "" && strings.ReplaceAll(kept, v.large.mark, "\ufffd") == name {
			return kept
		}
	}
	return name
}

// compare fails a test where Read and the reference differ about a document.
func compare(t *testing.T, document []byte) {
	t.Helper()
	r := readReference(document)
	whole := bytes.TrimPrefix(document, []byte("\ufeff"))
	for name, v := range map[string]*Value{"Read": Read(document), "readWhole": readWhole(whole)} {
		if name == "readWhole" && !utf8.Valid(document) {
			continue
		}
		if (v == nil) != (r == nil) {
			t.Fatalf("%.200q: %s read it: %v, the reference %v", document, name, v != nil, r != nil)
		}
		if r == nil {
			continue
		}
		marks := halves(string(document))
		if text := differ(v, r, &marks); text != "" {
			t.Fatalf("%.200q: %s: %s", document, name, text)
		}
		if len(marks) > 0 {
			t.Fatalf("%.200q: %s: %d texts were not compared", document, name, len(marks))
		}
	}
}
