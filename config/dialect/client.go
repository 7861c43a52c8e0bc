package dialect

import (
	"encoding/base64"
	"strings"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/custom"
)

// Where credentials and the gate's own client are sent by default.
const authorization = "Authorization"

// postClient adds the client to a form, unless it is there (RFC 6749, 2.3.1).
func postClient(form string) string {
	if !strings.Contains(form, "{client.id}") {
		form += "&client_id={client.id}"
	}
	if !strings.Contains(form, "{client.secret}") {
		form += "&client_secret={client.secret}"
	}
	return form
}

// client reads who the gate is at the upstream; auth is how it says so.
func (r *reading) client(s *Section) (auth string) {
	inner := s.Block("client", ClientKeys)
	if inner == nil {
		return ""
	}
	client := &r.definition.Request.Client
	client.ID = inner.Text("id")
	fallback := "none"
	if inner.Written("secret") {
		client.Secret = inner.Secret("secret")
		fallback = "basic"
	}
	auth = inner.Choice("auth", fallback, []string{"basic", "post", "bearer", "none"})
	r.hasID = inner.Written("id") || auth == "post"
	r.hasSecret = inner.Written("secret") || auth == "post" || auth == "bearer"
	if auth == "basic" || auth == "post" {
		if !inner.Has("id") {
			inner.Fault("id", "required with auth: "+auth)
		}
	}
	if auth != "none" && !inner.Written("secret") {
		inner.Fault("secret", "required with auth: "+auth+": a value, env:NAME or file:/path")
	}
	if auth == "basic" && strings.Contains(client.ID, ":") {
		inner.Fault("id", "holds a colon, which auth: basic ends a name with")
	}
	if auth == "bearer" && client.Secret != "" && !verifier.IsVisibleASCII(client.Secret) {
		inner.Fault("secret", "must be visible ASCII without blanks with auth: bearer")
	}
	if auth == "none" && !inner.Written("id") && !inner.Written("secret") {
		inner.Fault("id", "required")
	}
	if auth == "post" && !s.Written("form") {
		inner.Fault("auth", `"post" puts the client into request.form, which is not written`)
	}
	return auth
}

// sendClient adds the client to the request, and a fault for one that is sent nowhere.
func (r *reading) sendClient(s *Section, auth string, used *usage) {
	client := r.definition.Request.Client
	switch auth {
	case "basic":
		text := "Basic " + base64.StdEncoding.EncodeToString([]byte(client.ID+":"+client.Secret))
		t, _ := custom.ParseHeader(text, r.allowed())
		r.definition.Request.Header[authorization] = t
	case "bearer":
		t, _ := custom.ParseHeader("Bearer {client.secret}", custom.Allowed{Names: map[string]bool{"client.secret": true}})
		r.definition.Request.Header[authorization] = t
	case "none":
		sent := used.names["client.id"] || used.names["client.secret"]
		if !sent && !used.fault && (client.ID != "" || client.Secret != "") {
			s.Fault("client", "is sent nowhere: write {client.id} and {client.secret} where they belong, or auth: basic, post or bearer")
		} else if !used.names["client.secret"] && client.Secret != "" && !used.fault {
			s.Fault("client", "its secret is sent nowhere: write {client.secret} where it belongs, or auth: basic, post or bearer")
		}
	}
}

// placeClient adds a fault for a client that cannot stand where it is written: no call
// would ever be made.
func (r *reading) placeClient(s *Section, used *usage) {
	client := r.definition.Request.Client
	for _, one := range [][2]string{{"client.id", client.ID}, {"client.secret", client.Secret}} {
		if one[1] == "" || !used.names[one[0]] {
			continue
		}
		values := custom.Values{}
		for name := range used.names {
			values[name] = "x"
		}
		values[one[0]] = one[1]
		if !r.definition.Request.Fits(values) {
			s.Fault("request."+one[0], "cannot stand where {"+one[0]+"} is written: in a header it is visible ASCII without blanks, in a path letters, digits and -, _, ~ and single dots; in request.form and request.json it may be any text")
		}
	}
}

// sendCredential sends what no text carries as it came, and adds a fault where it cannot.
func (r *reading) sendCredential(s *Section, used *usage) {
	if used.fault {
		return // of a text that may have carried it
	}
	header := r.definition.Request.Header
	nowhere := false
	if r.hasToken() && !used.names["token"] {
		text := "{token}"
		if r.call.Scheme != "" {
			text = r.call.Scheme + " {token}"
		}
		nowhere = header[r.call.Header] != nil
		if !nowhere {
			t, _ := custom.ParseHeader(text, r.allowed())
			header[r.call.Header] = t
		}
	}
	carried := used.names["basic"] || used.names["password"]
	if r.hasAccount() && carried && !used.names["basic"] && !used.names["user"] {
		s.Fault("", "{password} is sent without {user}: one password would do for every account")
	}
	if r.hasAccount() && !carried {
		nowhere = nowhere || header[authorization] != nil
		if header[authorization] == nil {
			t, _ := custom.ParseHeader("Basic {basic}", r.allowed())
			header[authorization] = t
		}
	}
	if nowhere {
		s.Fault("", "the credential is sent nowhere: everybody would get one answer")
	}
}
