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
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/keyed"
	"github.com/upstreamauth/upstreamauth/cache/logins"
	"github.com/upstreamauth/upstreamauth/cache/shared"
	"github.com/upstreamauth/upstreamauth/telemetry/counters"
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
	Kind      verifier.Kind   // of the scope's credentials
	Label     counters.Label  // that the scope is counted under
	Logins    *logins.Logins  // the logins that it trusts; nil: none
	Barred    *logins.Barred  // the tokens of its upstream that are barred; nil: none can be

	// Shared is what Registry.Store returned, the memory shared with other Traefiks; nil:
	// none. Names says what its names are made of.
	Shared *shared.Store
	Names  shared.Scope
}

// Build makes the verifier that a scope asks. It reports through report. count counts its
// calls together with those of other Traefiks, and tally those of this process.
type Build func(report verifier.Report, count verifier.SharedCount, tally *counters.Scope) verifier.Verifier

// ErrPanic means that plugin code panicked while a credential was checked.
var ErrPanic = errors.New("a check ended in a panic")

// errGone means that the client left, or that its instance's timeout passed.
var errGone = errors.New("no response in time")

// errLate means that the credential was forgotten while it was being checked.
var errLate = errors.New("the credential was forgotten while it was being checked")

// keys turns the credentials of one scope into the keys that its answers are
// stored under. A scope has credentials of one kind, so the kind is no part.
type keys struct {
	secret string
	names  *shared.Names // nil: no memory is shared
	quota  string        // whom the upstream counts calls by: verifier.QuotaByKey and the like
}

// of is the key of a credential's answer: digest over its parts. Every request
// that is not a hit needs it, so it is one call into compiled code.
// Where a memory is shared, it is the name that the credential has there: others say by it
// what they have forgotten.
func (k *keys) of(c verifier.Credential) [32]byte {
	if k.names != nil {
		return k.names.Of(c)
	}
	if c.Parts != "" {
		return keyed.Digest(k.secret, "parts", c.Token, c.User, c.Password, c.Parts)
	}
	return sha256.Sum256([]byte(fmt.Sprintf("%s%d:%s%d:%s%d:%s", k.secret,
		len(c.Token), c.Token, len(c.User), c.User, len(c.Password), c.Password)))
}

// tagOf names a credential whatever else is asked about with it: an application key without
// the account that comes with it, and all without the parts of the request. Where a memory
// is shared it is the name by which others are told of it.
func (k *keys) tagOf(c verifier.Credential) [32]byte {
	if k.names != nil {
		return k.names.Swept(shared.SweptKey, shared.Subject(c))
	}
	return keyed.Digest(k.secret, "tag", shared.Subject(c))
}

// tagWhereNeeded is tagOf, where a credential's key is not enough to find all answers; the
// zero tag otherwise, and for tokens that are found by the name of a shared memory.
func (k *keys) tagWhereNeeded(c verifier.Credential) [32]byte {
	if c.Parts == "" && (c.Token == "" || c.User == "") || k.names != nil && c.Kind == verifier.Bearer {
		return [32]byte{}
	}
	return k.tagOf(c)
}

// quotaOf is the key of a rate limit. Basic credentials all share the operator's key.
func (k *keys) quotaOf(c verifier.Credential) [32]byte {
	if k.quota == verifier.QuotaByKey {
		return keyed.Digest(k.secret, "quota", c.Token)
	}
	if k.quota == verifier.QuotaShared {
		return keyed.Digest(k.secret, "quota")
	}
	return keyed.Digest(k.secret, "quota", c.Token, c.User, c.Password)
}

// fingerprint names a credential in logs: twelve hexadecimal digits, which
// another process or scope would not compute again.
func (k *keys) fingerprint(c verifier.Credential) string {
	d := keyed.Digest(k.secret, "log", c.Token, c.User, c.Password)
	return hex.EncodeToString(d[:6])
}

// memory is what a scope shares with other Traefiks. It is never changed.
type memory struct {
	store *shared.Store
	names *shared.Names
	after time.Time // logins up to then do not count; zero: all do
}

// consultation is what one flight asks of a memory, and tells it.
type consultation struct {
	memory   *memory
	lifetime time.Duration // of the instance that began the flight
	looks    bool          // it looks the credential up before the upstream is asked
	held     *entry        // the entry that is looked up again; nil: there is none
	before   *entry        // the entry that is asked about again, without a look; nil: there is none
	login    time.Time     // when a login that is known here issued the credential; zero: none did

	up      time.Duration // when it began
	token   [32]byte      // the token's name for the upstream
	found   *shared.Found
	adopted *entry // what others have learned, which is the answer; nil: it is not
	kept    bool   // the answer is the entry that was held
	renewed bool   // likewise, and nobody has forgotten it
	forgets bool   // others have to forget the credential
}

// consultation returns what a flight asks that looks nothing up; nil: there is no memory.
func (m *memory) consultation(lifetime time.Duration) *consultation {
	if m == nil {
		return nil
	}
	return &consultation{memory: m, lifetime: lifetime, found: &shared.Found{}}
}

// lookingUp returns the same for one that does. held is the entry that is looked up again;
// nil: there is none.
func (m *memory) lookingUp(lifetime time.Duration, held *entry) *consultation {
	c := m.consultation(lifetime)
	if c != nil {
		c.looks, c.held = true, held
	}
	return c
}

// holds tells whether an entry may be used without being looked up again.
func (m *memory) holds(e *entry, up time.Duration) bool {
	if m == nil || up < e.lookDue {
		return true
	}
	return m.store.Holds(e.looked) && (!e.blind || m.store.IsRecent(e.looked))
}

// mayPrebuild tells whether an answer may be prebuilt, which is then used without a question
// whether it holds. e is nil where the answer is a denial.
func (m *memory) mayPrebuild(e *entry) bool {
	if m == nil {
		return true
	}
	return m.store.IsFast() && (e == nil || !e.blind && m.store.Holds(e.looked))
}

// adopt returns the entry that others have learned, as if it had been learned here: it gets
// no younger by that. login is when a login that is known here issued the credential; zero:
// none did. nil: there is none, or it has ended.
func (m *consultation) adopt(login, now time.Time) *entry {
	e := m.found.Entry
	if e == nil {
		return nil
	}
	a := &entry{identity: e.Identity, asked: e.Asked, issued: e.Issued, expires: e.Expires, looked: m.up}
	if a.asked.After(now) { // by another clock
		a.asked = now
	}
	if a.issued.After(now) {
		a.issued = now
	}
	if !login.IsZero() && login.Before(a.issued) {
		a.issued = login
	}
	seen := m.found.Issued()
	if !seen.IsZero() && seen.Before(a.issued) {
		a.issued = seen
	}
	a.called, a.tried = a.asked, a.asked
	a.seen = m.up - now.Sub(a.asked)
	if !now.Before(a.end(m.lifetime)) {
		return nil
	}
	return a
}

// recoverPanic ends a panic where it happens: on a goroutine of its own it would
// end the whole process.
func recoverPanic() {
	_ = recover()
}
