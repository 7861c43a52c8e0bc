// Package cache answers one question: what do we remember about a credential,
// and is it still true?
//
// A Registry lives as long as the process. It holds one Scope for each upstream
// that is asked in the same manner: the answers of one scope are shared by all
// routes whose settings lead to the same answers. An Instance is one handler of
// Traefik's; when it joins its scope it gets a Cache, which is a verifier with a
// Policy of its own, and a FastPath, which the hit path of package gate reads
// without a call:
//
//	c, fastPath := registry.Join(fingerprint, instance, quota, build)
//	decision, err := c.Verify(ctx, credential, clientAddress)
//	if decision.Answer != 0 {
//		c.Prebuild(credential, decision, fastPath.Line(header), response)
//	}
//
// Where several Traefiks share a memory (package shared), what an upstream has allowed one
// of them is found there before it is asked again, and what one forgets all forget.
//
// Verify looks the answer up, or joins the one call to the upstream that is
// under way for this credential, or starts it. Credentials are kept as keyed
// digests alone, and every table has a bound.
//
// The package knows no HTTP, no API and no configuration: what is asked comes in
// as a verifier, and what is prebuilt is rendered by its caller.
package cache

import (
	"context"
	"errors"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/logins"
	"github.com/upstreamauth/upstreamauth/cache/shared"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// Policy is how one instance uses the answers that its scope shares.
type Policy struct {
	Lifetime         time.Duration // how long an allowed credential stays so, from its issue
	Revalidate       time.Duration // the age from which it is checked again in the background; 0: never
	NegativeLifetime time.Duration // how long a denial is remembered; 0: not at all
	Timeout          time.Duration // how long a request waits for an answer
	Size             int           // allowed credentials held; the largest of the live instances holds
	NegativeSize     int           // denials held, and rate limits; likewise

	// Budget bounds the calls to the upstream, which all instances count together.
	// PerClient bounds the calls that one client address may cause and that are denied or
	// get no answer. Zero: no limit.
	Budget    verifier.Rate
	PerClient verifier.Rate
}

// Instance is one handler, as it joins a scope.
type Instance struct {
	Context   context.Context // ends when Traefik replaces the handler
	Epoch     string          // another value starts with nothing remembered
	RenderKey string          // equal for instances that render every answer alike
	Policy    Policy
	Report    verifier.Report // its log
	Logins    *logins.Logins  // the logins that it trusts; nil: none
	Barred    *logins.Barred  // the tokens of its upstream that are barred; nil: none can be

	// Shared is what Registry.Store returned, the memory shared with other Traefiks; nil:
	// none. Names says what its names are made of.
	Shared *shared.Store
	Names  shared.Scope
}

// Build makes the verifier that a scope asks. It reports through report. count counts its
// calls together with those of other Traefiks.
type Build func(report verifier.Report, count verifier.SharedCount) verifier.Verifier

// ErrPanic means that plugin code panicked while a credential was checked.
var ErrPanic = errors.New("a check ended in a panic")

// errGone means that the client left, or that its instance's timeout passed.
var errGone = errors.New("no response in time")

// errLate means that the credential was forgotten while it was being checked.
var errLate = errors.New("the credential was forgotten while it was being checked")
