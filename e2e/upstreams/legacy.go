package upstreams

import (
	"maps"
	"net/http"
)

// LegacyPath is the one route, with its query.
const LegacyPath = "/api.php?action=whoami"

// The codes of a Legacy's refusals.
const (
	LegacyUnknown   = 12
	LegacyExpired   = 13
	LegacyLimited   = 14
	LegacyDatabase  = 50
	LegacyNoAction  = 99
	legacyJSONField = "json"
)

// Legacy is an old PHP program: it answers 200 to everything, calls its JSON text/html, and writes
// a code as a number in some places and as a text in others.
type Legacy struct {
	*Server

	keys tokens[LegacyKey]
}

// LegacyKey is what the program knows of a key.
type LegacyKey struct {
	User, ID, Group string
	Code            int // of an error; 0: the key is good
	RetryIn         int // seconds, of LegacyLimited
	AsText          bool
}

// NewLegacy starts the program without keys. It panics if it cannot listen.
func NewLegacy(o Options) *Legacy {
	l := &Legacy{Server: must(listen(o))}
	l.keys = newTokens[LegacyKey](l.Clock)
	l.begin(legacyAPI{l})
	return l
}

// AddKey adds a key, or changes what is known of it.
func (l *Legacy) AddKey(key string, known LegacyKey) { l.keys.issue(key, known, 0) }

// legacyAPI is the wire side of a Legacy.
type legacyAPI struct{ *Legacy }

func (l legacyAPI) credentials(c *call) []string {
	return only(c.formFields().Get("api_key"))
}

func (l legacyAPI) admit(c *call) *Reply {
	if c.URL.RequestURI() != LegacyPath {
		wrong := legacyError(LegacyNoAction, "unknown action", nil)
		return &wrong
	}
	if c.formFields().Get("format") != legacyJSONField {
		return &Reply{Header: map[string]string{"Content-Type": "text/html"}, Body: "<b>Warning</b>: Undefined array key \"format\" in api.php on line 7"}
	}
	return nil
}

func (l legacyAPI) answer(c *call) Reply {
	known, found := l.keys.find(c.formFields().Get("api_key"))
	switch {
	case !found:
		return legacyError("12", "api key unknown", nil)
	case known.Code == LegacyLimited:
		return legacyError(code(known), "slow down", map[string]any{"retry_in": known.RetryIn})
	case known.Code != 0:
		return legacyError(code(known), "refused", nil)
	}
	return legacyReply(map[string]any{"result": "ok", "user": known.User, "uid": known.ID, "group": known.Group})
}

// code is a code as the place where it is made writes it.
func code(known LegacyKey) any {
	if known.AsText {
		return string(rune('0'+known.Code/10)) + string(rune('0'+known.Code%10))
	}
	return known.Code
}

func legacyError(code any, text string, more map[string]any) Reply {
	body := map[string]any{"result": "error", "code": code, "error_text": text}
	maps.Copy(body, more)
	return legacyReply(body)
}

func legacyReply(body map[string]any) Reply {
	return jsonReply(http.StatusOK, body).with("Content-Type", "text/html; charset=ISO-8859-1")
}
