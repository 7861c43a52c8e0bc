// Package verifier answers one question: is this credential valid, for whom and
// until when; and if it is not, why?
//
// It holds the nouns (Credential, Decision, Denial, Identity), the one interface
// (Verifier), and decorators of that interface which add one property each:
// Canary, CircuitBreaker, Budget, AccountLimiter, LoginTrust, OutageReporter. A
// decorator takes the next verifier and functions, and knows neither an API nor
// the configuration. Package chain puts them together.
package verifier

import (
	"context"
	"strings"
	"time"
)

// Kind is the way in which a client presents a credential. It selects the
// upstream: a credential is never sent to another upstream to see if it fits.
type Kind string

// The kinds, by the names of their blocks in the configuration.
const (
	Bearer         Kind = "bearer"
	ApplicationKey Kind = "applicationKey"
	Basic          Kind = "basic"
)

// Credential is what one client presents. It is never logged, and never kept
// for longer than the call that verifies it.
type Credential struct {
	Kind     Kind
	Token    string // a bearer token or an application key, as it came
	User     string // the account of Basic, or of a key that comes with one
	Password string

	// Known: it was allowed before, or is one of our own making. It changes no
	// answer, but what a call about it is charged to: credentials never seen before
	// must not use up what known ones need.
	Known bool

	// Issued is when an observed login gave it out, which the upstream has
	// confirmed by that; zero: no login was observed.
	Issued time.Time
}

// Verifier finds out whether a credential is valid.
//
// An error means "could not find out" and nothing else: a denial is no error but a
// Decision. With an error comes a Decision that denies, and that says what to
// answer the client meanwhile. Verifiers are safe for concurrent use.
type Verifier interface {
	Verify(ctx context.Context, c Credential) (Decision, error)
}

// Report takes a fact for the log: a level (error, info, debug), an event, and a
// detail that holds nothing of credentials, identities or responses.
type Report func(level, event, detail string)

// KeyHeader is the header of application keys.
const KeyHeader = "Application-Key"

// MaxCredential bounds one credential as it stands in its header, in bytes.
const MaxCredential = 8 << 10

// VisibleASCII is what a credential may consist of: no space, no control character.
const VisibleASCII = "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"

// IsVisibleASCII tells whether a text is at most MaxCredential bytes of visible
// ASCII; an empty text is. It makes one call into compiled code, whatever the
// length, since interpreted loops are slow.
func IsVisibleASCII(text string) bool {
	return len(text) <= MaxCredential && strings.Trim(text, VisibleASCII) == ""
}

// ControlCharacters are Unicode's control characters, for strings.ContainsAny: a
// callback of unicode.IsControl would enter the interpreter for each character.
const ControlCharacters = "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x7f" +
	"\u0080\u0081\u0082\u0083\u0084\u0085\u0086\u0087\u0088\u0089\u008a\u008b\u008c\u008d\u008e\u008f\u0090\u0091\u0092\u0093\u0094\u0095\u0096\u0097\u0098\u0099\u009a\u009b\u009c\u009d\u009e\u009f"
