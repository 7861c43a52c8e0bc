// Package apis holds the dialects of the upstreams, each as a value of type API in a
// file of its name: how a credential is presented, what the documented responses mean,
// and how a denial is written. A new API is one file here, one line in all.go and one
// folder of testdata.
package apis

import (
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// API is the dialect of one upstream, as a value: what its documents say about
// verifying a credential, reading the response, and denying. What is particular to an
// API is in the file of its name, and nowhere else. All returns complete ones.
type API struct {
	Name     string          // as in the configuration, and the realm of challenges
	Kinds    []verifier.Kind // of the credentials that it issues
	Path     string          // of the call that verifies; empty: the operator has to name one
	Method   string          // of that call: GET or POST
	Lifetime time.Duration   // how long a credential is valid, by the documents

	// Quota is how many calls the documents allow; zero: they name no limit.
	Quota verifier.Rate

	// BareToken: the documents show the token alone in Authorization, so clients may
	// send it without a scheme.
	BareToken bool

	// JWT: the documents say that its tokens are JWTs, so that one whose exp is over is
	// denied without a call.
	JWT bool

	// StatusOnly: a response may allow or deny without a body.
	StatusOnly bool

	// Definition is the fingerprint of the description that the API was made of; empty:
	// it is built in. Two that differ share no answers.
	Definition string

	// Parts names what of the client's request is sent to the API, beside the credential
	// (Credential.Parts); nil: nothing.
	Parts []string

	// Secrets are the definition's own; no text that is relayed may hold one of them.
	Secrets []string

	// QuotaBy is whom its quota counts calls by: verifier.QuotaByKey and the like.
	QuotaBy string

	// Login is what the documents say about logging in and out; nil: nothing.
	Login *Login

	// Rows are the documented responses, in the document's order. The first row that
	// matches counts; a response that none describes is no answer.
	Rows []Row

	// Headers are the identity headers set by default, without their prefix.
	Headers []HeaderField

	// OpenFields: any scalar of the response is a field by its own name. Otherwise
	// Headers and the fields named in ExtraFields are all there are.
	OpenFields  bool
	ExtraFields []string

	// Classify returns what Rows are looked up by: the response's flag that allows or
	// denies, and its code. The response's Body may be nil.
	Classify func(r transport.Response) (flag, code string)

	// Marked tells whether a response has the marks of the API's documents, by which a
	// denial is told from one of a gateway or a firewall. The response's Body may be nil.
	Marked func(r transport.Response) bool

	// Identify reads the caller's identity from a response whose row is Valid, and when
	// it ends, if the response says so; one that is over denies. Or it
	// returns what is wrong with it, and then it is no answer after all.
	Identify func(r transport.Response, c verifier.Credential, s Settings) (decision verifier.Decision, defect string)

	// CopyMessage copies the response's own message and errors into a denial, if they
	// are as documented. The response's Body may be nil.
	CopyMessage func(r transport.Response, row *Row, d verifier.Denial) verifier.Denial

	// FakeCredential makes, of at least 288 random bytes, a credential of the API's own
	// shape that cannot be valid.
	FakeCredential func(random []byte, now time.Time, s Settings) verifier.Credential

	// Hint names the configuration's key to correct where a fake credential was accepted.
	Hint func(s Settings) string

	// Body writes a denial as the API's documents show it: JSON, from its status, code,
	// message and errors. Nil: as RFC 9457 describes it.
	Body func(d verifier.Denial) string

	// The fields below may be nil, for the default that each names (defaults.go).

	// Variant names the variant of the call that the settings select, of an API that
	// has several. Nil: it has one.
	Variant func(s Settings) string

	// NeedsCanary tells whether, under these settings, an allowing response proves
	// nothing unless a fake credential was denied. Nil: under none.
	NeedsCanary func(s Settings) bool

	// Documented tells whether a code may be named in errors.statuses. Nil: the API
	// has no codes.
	Documented func(code string) bool

	// Request is the call that verifies a credential. Nil: the token is sent as
	// RFC 6750 defines.
	Request func(c verifier.Credential, s Settings) transport.Request

	// Find returns the row that a response selects in a variant of the call, and its code;
	// nil: no row describes it. Nil: by Classify and Rows.
	Find func(r transport.Response, variant string) (row *Row, code string)

	// RejectsAccount tells whether a denial is about the account: its password was
	// wrong. Nil: the API has no accounts.
	RejectsAccount func(d verifier.Denial) bool

	// Anonymous tells whether, under these settings, an allowing response is about no
	// caller, so that there is no identity. Nil: under none.
	Anonymous func(s Settings) bool

	// Message is the documents' text for a denial that the plugin makes without a call,
	// or empty. Nil: they have none.
	Message func(reason verifier.Reason) string

	// OwnCode is the code of a denial that the plugin makes without a call. Nil: it has none.
	OwnCode func(reason verifier.Reason) string

	// Fits tells whether a credential can be sent to the API at all; one that cannot is
	// malformed. Nil: all can.
	Fits func(c verifier.Credential) bool

	// Explain says of each row up to the one that fits a response whether it fits, for
	// programs that show it. Nil: the rows are those of the API's documents.
	Explain func(r transport.Response) []string

	// Absent is the text for a request without a credential of the settings' kind. Nil:
	// that of Message, or where it has none one that names the kind.
	Absent func(s Settings) string
}

// HeaderField names the identity header that carries a field.
type HeaderField struct {
	Header string
	Field  string
}

// FieldsOf lists every field that an identity of the API can have under these settings;
// nil if there is no such list, since any scalar of a response is a field.
func (api *API) FieldsOf(s Settings) []string {
	if api.Anonymous(s) {
		return []string{"api", "expires"}
	}
	if api.OpenFields {
		return nil
	}
	var fields []string
	for _, header := range api.Headers {
		fields = append(fields, header.Field)
	}
	return append(fields, api.ExtraFields...)
}
