package upstreams

import (
	"encoding/json"
	"mime"
	"net/http"
	"strings"
)

// call is one request with its body read.
type call struct {
	*http.Request
	body        []byte
	credentials []string
}

// fields returns the text fields of a JSON body, by their exact names. Fields of other types are
// left out, so that a one-time password sent as a number is a missing one; a body that is not one
// JSON object has no fields.
func (c *call) fields() map[string]string {
	var raw map[string]json.RawMessage
	if json.Unmarshal(c.body, &raw) != nil {
		return nil
	}
	texts := make(map[string]string, len(raw))
	for name, value := range raw {
		var text *string
		if json.Unmarshal(value, &text) == nil && text != nil {
			texts[name] = *text
		}
	}
	return texts
}

// isJSON reports whether the request has the media type of JSON. All documents require the header,
// even on calls without a body.
func (c *call) isJSON() bool {
	media, _, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	return err == nil && media == "application/json"
}

// takesJSON reports whether the request can be answered in JSON; one without an Accept header can.
func (c *call) takesJSON() bool {
	accept := strings.Join(c.Header.Values("Accept"), ",")
	if accept == "" {
		return true
	}
	for part := range strings.SplitSeq(accept, ",") {
		media, _, err := mime.ParseMediaType(part)
		if err == nil && (media == "application/json" || media == "application/*" || media == "*/*") {
			return true
		}
	}
	return false
}

// bearer returns the token of an Authorization header of that scheme; empty if it is another one.
func (c *call) bearer() string {
	scheme, token, found := strings.Cut(c.Header.Get("Authorization"), " ")
	if !found || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return token
}

// account joins a login's two texts to the form that counters and scripts know it by; nothing when
// either is missing.
func account(user, password string) []string {
	if user == "" || password == "" {
		return nil
	}
	return []string{user + ":" + password}
}

// only lists one credential, or none when it is empty.
func only(credential string) []string {
	if credential == "" {
		return nil
	}
	return []string{credential}
}
