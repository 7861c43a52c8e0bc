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
// API is in the file of its name, and nowhere else.
type API struct {
	Name     string          // as in the configuration, and the realm of challenges
	Kinds    []verifier.Kind // the credentials it issues
	Path     string          // where it verifies; empty: the operator has to say
	Method   string          // GET or POST
	Lifetime time.Duration   // how long a credential is valid, by the documents

	// Quota is how many calls the documents allow; zero: they name no limit.
	Quota verifier.Rate

	// BareToken: the documents show the token alone in Authorization.
	BareToken bool

	// JWT: its tokens are JWTs, and one whose exp is over is denied without a call.
	JWT bool

	// QuotaPerKey: its quota counts by application key, not by credential.
	QuotaPerKey bool

	// Login is what the documents say of logging in and out; nil: nothing.
	Login *Login

	// Rows are the documented responses, in the document's order. The first that
	// matches counts; a response that none describes is no answer.
	Rows []Row

	// Headers are the identity headers set by default, without their prefix.
	Headers []HeaderField

	// OpenFields: any scalar of the response is a field by its own name. Otherwise
	// Headers and the fields named in ExtraFields are all there are.
	OpenFields  bool
	ExtraFields []string

	// Classify takes from a response what Rows are looked up by: the flag that allows
	// or denies, and the code. The response's Body may be nil.
	Classify func(r transport.Response) (flag, code string)

	// Identify reads who is calling from a response that a row calls valid; or says
	// what is wrong with it, so that it is no answer after all.
	Identify func(r transport.Response, c verifier.Credential, s Settings) (id verifier.Identity, defect string)

	// CopyMessage copies the response's own message and errors into a denial, if they
	// are as documented. The response's Body may be nil.
	CopyMessage func(r transport.Response, d verifier.Denial) verifier.Denial

	// FakeCredential makes, of at least 288 random bytes, a credential of the API's own
	// shape that cannot be valid.
	FakeCredential func(random []byte, now time.Time, s Settings) verifier.Credential

	// Hint names the key of a block to correct when a fake credential was accepted.
	Hint func(s Settings) string

	// Body writes a denial as the API's documents do: JSON, by status, code, message
	// and errors.
	Body func(d verifier.Denial) string

	// The rest may be nil, for the default that each names (defaults.go).

	// Variant names the variant of the call that the settings select, of an API that
	// has several. Nil: it has one.
	Variant func(s Settings) string

	// NeedsCanary tells whether an allowing answer means nothing under these settings
	// unless a canary was denied. Nil: it never does.
	NeedsCanary func(s Settings) bool

	// Documented tells whether a code may be named in errors.statuses. Nil: the API
	// has no codes.
	Documented func(code string) bool

	// Request is the call that verifies a credential. Nil: the token is sent as
	// RFC 6750 defines.
	Request func(c verifier.Credential, s Settings) transport.Request

	// RejectsFake tells whether a denial of a fake credential shows that credentials
	// are checked. Nil: one that is about the credential does.
	RejectsFake func(d verifier.Denial, s Settings) bool

	// RejectsAccount tells whether a denial is about the account: its password was
	// wrong. Nil: the API has no accounts.
	RejectsAccount func(d verifier.Denial) bool

	// Message is the API's own text for a reason of the gate's, or empty. Nil: it has
	// none.
	Message func(reason verifier.Reason) string
}

// HeaderField names the identity header that carries a field.
type HeaderField struct {
	Header string
	Field  string
}
