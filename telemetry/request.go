package telemetry

import (
	"regexp"
	"strings"
)

// Limits of what an entry quotes of a request, in bytes.
const (
	maxMethod    = 32
	maxPath      = 256
	maxRequestID = 128
)

var unseen = regexp.MustCompile(`[^!-~]+`)

// Request is what an entry says of the request that it is about. It is the client's word
// but for its address.
type Request struct {
	Client string // its address
	Method string
	Path   string // as it came, without the query, which may hold a credential
	ID     string // of X-Request-Id; empty: there was none

	// Secrets are the parts of the credential that came with it. What quotes one of them
	// is left out: a client may send its token as an id, or in the path.
	Secrets []string
}

// addTo adds a request to an entry, bounded and without control characters; fingerprint
// stands for its credential, if it has one.
func (r Request) addTo(entry map[string]any, fingerprint string) {
	r.add(entry, "client", r.Client, maxPath)
	r.add(entry, "method", r.Method, maxMethod)
	r.add(entry, "path", r.Path, maxPath)
	r.add(entry, "requestId", r.ID, maxRequestID)
	if fingerprint != "" {
		entry["credential"] = fingerprint
	}
}

// add adds one text, unless nothing of it is left, or it quotes a secret: as it came, or by
// what of it is shown.
func (r Request) add(entry map[string]any, key, text string, most int) {
	shown := unseen.ReplaceAllString(text, "") // compiled, since a client may send a megabyte
	for _, secret := range r.Secrets {
		if secret != "" && (strings.Contains(text, secret) || strings.Contains(shown, secret)) {
			return
		}
	}
	text = Printable(text, most)
	if text != "" {
		entry[key] = text
	}
}

// Printable returns the visible ASCII of a text, at most so many bytes of it and an
// ellipsis for the rest.
func Printable(text string, most int) string {
	cut := len(text) > most
	if cut {
		text = text[:most]
	}
	visible := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] > ' ' && text[i] < 0x7f {
			visible = append(visible, text[i])
		}
	}
	shown := string(visible)
	if cut {
		shown += "..."
	}
	return shown
}
