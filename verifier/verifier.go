// Package verifier answers one question: is this credential good, for whom
// and until when; and if it is not, why?
//
// The package holds the dialects of the upstreams (one file each), the one
// exchange that speaks to them, and decorators that add one property each.
package verifier

import (
	"context"
	"strings"
	"time"
)

// Kind is the way in which a client presents a credential. It chooses the
// upstream: a credential is never offered to another one to see if it fits.
type Kind string

// The kinds, by the names of their blocks in the configuration.
const (
	Bearer         Kind = "bearer"
	ApplicationKey Kind = "applicationKey"
	Basic          Kind = "basic"
)

// Credential is what one client presents. It is never logged, and never kept
// for longer than the call that asks about it.
type Credential struct {
	Kind     Kind
	Token    string // a bearer token or an application key, as it came
	User     string // the account of Basic, or of a key that comes with one
	Password string

	// Known: it was let in before, or is of our own making. No part of what is
	// asked, but of how readily: junk must not spend what others need.
	Known bool

	// Issued is when a login gave it out that was seen on its way; zero: none
	// was. Its upstream has called it good by that.
	Issued time.Time
}

// Verifier asks whether a credential is good.
//
// An error means "could not find out" and nothing else: a refusal is no error
// but a Decision. With an error comes a Decision that denies, and says what
// to tell the client meanwhile. Verifiers may be called by many goroutines.
type Verifier interface {
	Verify(ctx context.Context, c Credential) (Decision, error)
}

// Report takes a fact for the log: a level (error, info, debug), an event, and
// a detail that holds nothing of credentials, identities or replies.
type Report func(level, event, detail string)

// KeyHeader is the header of application keys.
const KeyHeader = "Application-Key"

// MaxCredential bounds one credential as it stands in its header, in bytes.
const MaxCredential = 8 << 10

// VisibleASCII is what may stand in a credential: no space, no control.
const VisibleASCII = "!\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"

// IsVisibleASCII: at most 8 KiB of visible ASCII. Empty text is. (One call into
// compiled code, whatever the length: interpreted loops are slow.)
func IsVisibleASCII(text string) bool {
	return len(text) <= MaxCredential && strings.Trim(text, VisibleASCII) == ""
}

// ControlCharacters are Unicode's control characters. (With unicode.IsControl, which says
// the same, the interpreter would be called for each character.)
const ControlCharacters = "\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f\x7f" +
	"\u0080\u0081\u0082\u0083\u0084\u0085\u0086\u0087\u0088\u0089\u008a\u008b\u008c\u008d\u008e\u008f\u0090\u0091\u0092\u0093\u0094\u0095\u0096\u0097\u0098\u0099\u009a\u009b\u009c\u009d\u009e\u009f"
