package custom

import (
	"encoding/base64"
	"net/http"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// valuesOf are the values of all placeholders for one credential.
func (d *Definition) valuesOf(c verifier.Credential) Values {
	values := Values{
		"token": c.Token, "user": c.User, "password": c.Password,
		"client.id": d.Request.Client.ID, "client.secret": d.Request.Client.Secret,
	}
	if c.User != "" || c.Password != "" {
		values["basic"] = base64.StdEncoding.EncodeToString([]byte(c.User + ":" + c.Password))
	}
	if c.Parts == "" {
		return values
	}
	parts := verifier.SplitParts(c.Parts)
	for i, name := range d.Request.Parts {
		if i < len(parts) {
			values[name] = parts[i]
		}
	}
	return values
}

// request is the call that verifies a credential. It is Unfit where a value cannot stand in
// its place: then the credential is malformed for this API, and nothing is sent.
func (d *Definition) request(c verifier.Credential) transport.Request {
	values := d.valuesOf(c)
	call := transport.Request{Header: make(http.Header, len(d.Request.Header)+4), ContentType: d.Request.ContentType}
	fits := true
	for name, template := range d.Request.Header {
		text, ok := template.Render(values)
		fits = fits && ok
		call.Header[name] = []string{text}
	}
	if d.Request.Path != nil {
		text, ok := d.Request.Path.Render(values)
		fits = fits && ok
		call.Path = text
	}
	if d.Request.Body != nil {
		text, ok := d.Request.Body.Render(values)
		fits = fits && ok
		call.Body = text
	}
	if !fits {
		return transport.Request{Unfit: true}
	}
	return call
}

// Fits tells whether these values of all placeholders can stand where they are written.
func (q *Request) Fits(values Values) bool {
	fits := true
	for _, template := range q.templates() {
		_, ok := template.Render(values)
		fits = fits && ok
	}
	return fits
}

// templates are all that are not nil.
func (q *Request) templates() []*Template {
	var all []*Template
	for _, template := range q.Header {
		all = append(all, template)
	}
	for _, template := range []*Template{q.Path, q.Body} {
		if template != nil {
			all = append(all, template)
		}
	}
	return all
}

// mayBeUnfit tells whether there is a place that not every credential can stand in, so that
// each has to be tried before it is sent.
func (d *Definition) mayBeUnfit() bool {
	for _, template := range d.Request.templates() {
		if template.mayFail() {
			return true
		}
	}
	return false
}

// fake makes the canary's credential, of at least 288 random bytes.
func (d *Definition) fake(random []byte, now time.Time, s apis.Settings) verifier.Credential {
	c := verifier.Credential{Kind: d.Kind}
	if d.Kind == verifier.Basic || d.Account {
		c.User = pick(lettersToo, random[MaxCanary:], 24)
		c.Password = pick(lettersToo, random[MaxCanary+24:], 32)
	}
	switch {
	case d.Kind == verifier.Basic:
	case d.CanaryJWT:
		c.Token = apis.FakeJWT(random, now, s.Kind).Token
	case d.Canary == nil:
		c.Token = CanaryToken(defaultCanary, random)
	default:
		c.Token = CanaryToken(d.Canary, random)
	}
	return c
}
