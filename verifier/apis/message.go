package apis

import (
	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
)

// Bounds of what of an upstream's denial reaches the client, in bytes.
const (
	maxMessage = 512
	maxErrors  = 4 << 10
)

// copyMessage copies an upstream's message into a denial if it is a text of 1 to 512 bytes.
func copyMessage(d verifier.Denial, message *strictjson.Value) verifier.Denial {
	text := message.TextOf(strictjson.Text)
	if text != "" && len(text) <= maxMessage {
		d.Message = text
	}
	return d
}

// copyErrors copies the errors of a 422 if they are an object of lists of text of at
// most 4 KiB, and encodes them anew.
func copyErrors(d verifier.Denial, errors *strictjson.Value) verifier.Denial {
	if d.Status != 422 || !errors.IsKind(strictjson.Object) {
		return d
	}
	encoded := ""
	for _, name := range errors.Names {
		list := errors.Fields[name]
		if !list.IsKind(strictjson.Array) {
			return d
		}
		texts := ""
		for _, item := range list.Items {
			if !item.IsKind(strictjson.Text) {
				return d
			}
			texts = join(texts, strictjson.Quote(item.Text))
		}
		encoded = join(encoded, strictjson.Quote(name)+":["+texts+"]")
	}
	if len(encoded) <= maxErrors {
		d.Errors = "{" + encoded + "}"
	}
	return d
}

func join(list, item string) string {
	if list == "" {
		return item
	}
	return list + "," + item
}
