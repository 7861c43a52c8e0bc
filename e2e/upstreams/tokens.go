package upstreams

import (
	"crypto/rand"
	"encoding/hex"
	"math/big"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// maxTokens is how many tokens of one kind a server remembers; the least recently used leaves first.
const maxTokens = 100_000

// tokens is a bounded store of what was issued. A token that is unknown, dropped, evicted or past
// its end is not found, with no difference between them; the end is checked on lookup.
type tokens[V any] struct {
	clock *Clock
	held  *lru.Cache[string, issued[V]]
}

// issued is the value of a token and its end.
type issued[V any] struct {
	value V
	ends  time.Time // zero: never
}

// newTokens returns an empty store that lives by this clock.
func newTokens[V any](clock *Clock) tokens[V] {
	return tokens[V]{clock: clock, held: must(lru.New[string, issued[V]](maxTokens))}
}

// issue adds a token with this lifetime; 0 is unlimited.
func (t tokens[V]) issue(token string, value V, lifetime time.Duration) {
	entry := issued[V]{value: value}
	if lifetime > 0 {
		entry.ends = t.clock.Now().Add(lifetime)
	}
	t.held.Add(token, entry)
}

// find returns the value of a valid token.
func (t tokens[V]) find(token string) (V, bool) {
	entry, found := t.held.Get(token)
	if !found || (!entry.ends.IsZero() && !t.clock.Now().Before(entry.ends)) {
		var none V
		return none, false
	}
	return entry.value, true
}

// drop ends a token before its time; true for the one caller that ended it.
func (t tokens[V]) drop(token string) bool {
	return t.held.Remove(token)
}

// randomHex returns a token of 32 lower-case hex digits, the form that IPPanel confirm_otp shows.
func randomHex() string {
	var secret [16]byte
	_, _ = rand.Read(secret[:]) // never fails: the runtime ends the process instead
	return hex.EncodeToString(secret[:])
}

// randomDigits returns n random decimal digits, as in a one-time password.
func randomDigits(n int) string {
	digits := make([]byte, n)
	for i := range digits {
		digits[i] = '0' + byte(must(rand.Int(rand.Reader, big.NewInt(10))).Int64())
	}
	return string(digits)
}
