package dialect

import (
	"regexp"
	"strings"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
	"github.com/upstreamauth/upstreamauth/verifier/custom"
)

// Call is what the credential block around custom says of the call.
type Call struct {
	Kind    verifier.Kind
	Account bool   // a key comes with an account
	Path    string // as written, with its placeholders
	Pattern *regexp.Regexp
	Header  string // where a token is sent by default
	Scheme  string // the word before it; empty: none
	Print   string // what the description is known by; it becomes the definition's fingerprint
}

// Result is a described API.
type Result struct {
	API      *apis.API
	HasBody  bool            // of the request
	BodyKey  string          // its key
	Sends    map[string]bool // the headers of the request, by canonical name
	AllowAll string          // what an allowing row without conditions is, for the fault of canary: false
}

// reading is a description while it is read.
type reading struct {
	call       Call
	definition *custom.Definition
	result     *Result
	hasID      bool // the client has one, or a fault says that it should
	hasSecret  bool
}

// hasToken and hasAccount tell which credentials there are.
func (r *reading) hasToken() bool   { return r.call.Kind != verifier.Basic }
func (r *reading) hasAccount() bool { return r.call.Kind == verifier.Basic || r.call.Account }

// usage is which placeholders are used.
type usage struct {
	names map[string]bool
	parts []string // those of the client's request
	fault bool     // of a text that may have held the credential
}

// add notes the placeholders of a text.
func (u *usage) add(t *custom.Template) {
	if t == nil {
		u.fault = true
		return
	}
	if u.names == nil {
		u.names = map[string]bool{}
	}
	for _, name := range t.Names() {
		known := u.names[name]
		u.names[name] = true
		if !known && (contains(ofRequest, name) || strings.HasPrefix(name, "header:")) {
			u.parts = append(u.parts, name)
		}
	}
}

// ofRequest are the placeholders of the client's request, beside header:NAME.
var ofRequest = []string{"method", "host", "path", "ip"}

// allowed are the placeholders of the credential and of the request.
func (r *reading) allowed() custom.Allowed {
	set := map[string]bool{}
	for _, name := range ofRequest {
		set[name] = true
	}
	if r.hasToken() {
		set["token"] = true
	}
	if r.hasAccount() {
		set["user"] = true
		set["password"] = true
		set["basic"] = true
	}
	if r.hasID {
		set["client.id"] = true
	}
	if r.hasSecret {
		set["client.secret"] = true
	}
	return custom.Allowed{Names: set, Headers: true}
}
