package cache

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/keyed"
	"github.com/upstreamauth/upstreamauth/cache/shared"
	"github.com/upstreamauth/upstreamauth/verifier"
)

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

// decision is the one that an entry stands for.
func (e *entry) decision() verifier.Decision {
	return verifier.Decision{Allowed: true, Identity: e.identity, Issued: e.issued, Expires: e.expires, Provisional: e.provisional}
}
