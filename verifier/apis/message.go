package apis

import (
	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
)

// Bounds of what is copied from an upstream's denial for the client, in bytes.
const (
	maxMessage = 512
	maxErrors  = 4 << 10
)

// CopyMessage copies an upstream's message into a denial if it is a text of 1 to 512 bytes.
func CopyMessage(d verifier.Denial, message *strictjson.Value) verifier.Denial {
	text := message.TextOf(strictjson.Text)
	if text != "" && len(text) <= maxMessage {
		d.Message = text
	}
	return d
}

// CopyErrors copies the errors of a 422 if they are an object of lists of text of at
// most 4 KiB. It encodes them anew, so that nothing else of the body reaches the client.
func CopyErrors(d verifier.Denial, fieldErrors *strictjson.Value) verifier.Denial {
	if d.Status != 422 || !fieldErrors.IsKind(strictjson.Object) {
		return d
	}
	names := fieldErrors.Names()
	if len(names) < fieldErrors.Len() {
		return d // too many, or one that is unclear
	}
	encoded := ""
	for _, name := range names {
		texts, ok := encodeTexts(fieldErrors.Field(name))
		encoded = join(encoded, strictjson.Quote(name)+":["+texts+"]")
		if !ok || len(encoded) > maxErrors {
			return d
		}
	}
	d.Errors = "{" + encoded + "}"
	return d
}

// isErrors tells whether a value is a documented errors object: lists of text by field,
// of one field at least.
func isErrors(fieldErrors *strictjson.Value) bool {
	if !fieldErrors.IsKind(strictjson.Object) || fieldErrors.Len() == 0 {
		return false
	}
	return CopyErrors(verifier.Denial{Status: 422}, fieldErrors).Errors != ""
}

// encodeTexts encodes the items of a list of texts; false: it is none, or too long.
func encodeTexts(list *strictjson.Value) (string, bool) {
	items := list.Items()
	if !list.IsKind(strictjson.Array) || len(items) < list.Len() {
		return "", false
	}
	encoded := ""
	for _, item := range items {
		if !item.IsKind(strictjson.Text) || len(encoded) > maxErrors {
			return "", false
		}
		encoded = join(encoded, strictjson.Quote(item.Text))
	}
	return encoded, true
}

// join appends an item to a list of JSON values.
func join(list, item string) string {
	if list == "" {
		return item
	}
	return list + "," + item
}
