// Package verifier answers one question: is this credential good, for whom
// and until when; and if it is not, why?
//
// The package holds the dialects of the upstreams (one file each), the one
// exchange that speaks to them, and decorators that add one property each.
package verifier

import (
	"context"
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

// Decision is the answer. Its zero value is no.
type Decision struct {
	Allowed  bool
	Identity Identity
	Issued   time.Time // when the credential was issued; zero: it does not say
	Expires  time.Time // when the credential itself ends; zero: it does not say
	Answer   int64     // the cache's number of this answer; 0: it is not kept
	Fresh    bool      // it was asked for this caller; nothing has been made of it yet
	Denial   Denial    // meaningful unless Allowed
}
