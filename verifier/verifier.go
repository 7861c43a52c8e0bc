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
	"strconv"
	"strings"
	"time"
)

// Kind is how a client presents a credential. It selects the upstream: a credential is
// never sent to one upstream after another until one accepts it.
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

	// Parts are what of the client's request is sent to the upstream beside the credential,
	// as JoinParts writes it; empty: nothing. What is sent is part of what an answer is
	// about.
	Parts string

	// Known: it was allowed before, or the plugin made it. It changes no answer, only
	// which limit a call about it counts against: new credentials must not use up the
	// calls that known ones need.
	Known bool

	// Client is the address of the client that presents it, to which refused calls are
	// charged; empty: none, the plugin asks for itself.
	Client string

	// Budget is what the route that asks allows of calls to the upstream; zero: no
	// limit. Routes of one scope share the count, and each obeys its own limit.
	Budget Rate

	// Issued is when an observed login issued it, by which the upstream has confirmed
	// it; zero: no login was observed.
	Issued time.Time
}

// JoinParts writes values as one text, from which they can be told apart: each has its
// length before it.
func JoinParts(values []string) string {
	joined := ""
	for _, value := range values {
		joined += strconv.Itoa(len(value)) + ":" + value
	}
	return joined
}

// SplitParts returns the values that JoinParts has joined; nil for any other text.
func SplitParts(parts string) []string {
	var values []string
	for parts != "" {
		digits, rest, _ := strings.Cut(parts, ":")
		length, err := strconv.Atoi(digits)
		if err != nil || length < 0 || length > len(rest) {
			return nil
		}
		values = append(values, rest[:length])
		parts = rest[length:]
	}
	return values
}

// Verifier finds out whether a credential is valid.
//
// An error means "could not find out" and nothing else: a denial is no error but a
// Decision. With an error comes a Decision that denies, and that says what the client
// gets meanwhile. The context limits the time. Verifiers are safe for concurrent use.
type Verifier interface {
	Verify(ctx context.Context, c Credential) (Decision, error)
}

// Report takes a fact for the log: a level (error, info, debug), an event, and a
// detail that holds nothing of credentials, identities or responses.
type Report func(level, event, detail string)

// Whom an upstream counts calls by, and holds back by a rate limit.
const (
	QuotaByCredential = "credential"
	QuotaByKey        = "key"    // an application key, whatever account comes with it
	QuotaShared       = "shared" // by the operator's own key: all that is asked
)

// KeyHeader is the header of application keys.
const KeyHeader = "Application-Key"

// MaxCredential bounds one credential as it stands in its header, in bytes.
const MaxCredential = 8 << 10

// VisibleASCII is what a credential may consist of: no space, no control character.
const VisibleASCII = "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"

// IsVisibleASCII tells whether a text is at most MaxCredential bytes of visible ASCII;
// the empty text is. It is one call into compiled code, whatever the length, since
// interpreted loops are slow.
func IsVisibleASCII(text string) bool {
	return len(text) <= MaxCredential && strings.Trim(text, VisibleASCII) == ""
}

// ControlCharacters are Unicode's control characters, for strings.ContainsAny: a
// callback of unicode.IsControl would enter the interpreter for each character.
const ControlCharacters = "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x7f" +
	"\u0080\u0081\u0082\u0083\u0084\u0085\u0086\u0087\u0088\u0089\u008a\u008b\u008c\u008d\u008e\u008f\u0090\u0091\u0092\u0093\u0094\u0095\u0096\u0097\u0098\u0099\u009a\u009b\u009c\u009d\u009e\u009f"
