package upstreams

import (
	"mime"
	"net/http"
	"net/url"
)

// The keys service knows one client by these, which it shows with HTTP's Basic.
const (
	KeysClient = "gateway"
	KeysPath   = "/v1/verify"
)

// Keys is a service that verifies API keys for others: its caller has an account of its own
// there, sends the key in a form, and gets a 200 whatever the key is worth. A 401 is about the
// caller, never about the key.
type Keys struct {
	*Server

	secret string // of KeysClient
	keys   tokens[VerifiedKey]
}

// VerifiedKey is what the service knows of a key.
type VerifiedKey struct {
	ID, Owner, Plan string
	Scopes          []string
	Ends            int64  // Unix seconds; 0: never
	Reason          string // why it is not valid: expired, suspended, revoked, rate_limited, quota_exceeded; empty: it is
}

// NewKeys starts a service whose client has that secret. It panics if it cannot listen.
func NewKeys(o Options, secret string) *Keys {
	k := &Keys{Server: must(listen(o)), secret: secret}
	k.keys = newTokens[VerifiedKey](k.Clock)
	k.begin(keysAPI{k})
	return k
}

// AddKey adds a key, or changes what is known of it.
func (k *Keys) AddKey(key string, known VerifiedKey) {
	k.keys.issue(key, known, 0)
}

// keysAPI is the wire side of a Keys.
type keysAPI struct{ *Keys }

func (k keysAPI) credentials(c *call) []string {
	return only(c.formFields().Get("key"))
}

func (k keysAPI) admit(c *call) *Reply {
	user, secret, _ := c.BasicAuth()
	fields := c.formFields()
	switch {
	case c.URL.Path != KeysPath:
		return keysError(http.StatusNotFound, "no such route")
	case c.Method != http.MethodPost:
		return keysError(http.StatusMethodNotAllowed, "POST, please")
	case user != KeysClient || secret != k.secret:
		return keysError(http.StatusUnauthorized, "unknown client")
	case len(fields) != 1 || len(fields["key"]) != 1 || fields.Get("key") == "":
		return keysError(http.StatusBadRequest, "exactly one field, key")
	}
	return nil
}

func (k keysAPI) answer(c *call) Reply {
	known, found := k.keys.find(c.formFields().Get("key"))
	if !found {
		return jsonReply(http.StatusOK, map[string]any{"valid": false, "reason": "not_found"})
	}
	reason := known.Reason
	if reason == "" && known.Ends > 0 && known.Ends <= k.Clock.Now().Unix() {
		reason = "expired"
	}
	if reason != "" {
		return jsonReply(http.StatusOK, map[string]any{"valid": false, "reason": reason})
	}
	body := map[string]any{
		"valid": true, "key_id": known.ID, "owner": map[string]any{"name": known.Owner},
		"plan": map[string]any{"name": known.Plan}, "scopes": known.Scopes, "expires_at": nil,
	}
	if known.Ends > 0 {
		body["expires_at"] = known.Ends
	}
	return jsonReply(http.StatusOK, body)
}

func keysError(status int, text string) *Reply {
	reply := jsonReply(status, map[string]any{"error": text})
	return &reply
}

// formFields are the fields of a form; none, where the body is another one.
func (c *call) formFields() url.Values {
	media, _, err := mime.ParseMediaType(c.Header.Get("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" {
		return nil
	}
	fields, err := url.ParseQuery(string(c.body))
	if err != nil {
		return nil
	}
	return fields
}
