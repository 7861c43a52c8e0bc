package cache

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// newSecret is random, of a fixed length, and known to this process alone:
// nobody outside can compute a digest, or ask for one.
func newSecret() string {
	secret := make([]byte, sha256.Size)
	if _, err := rand.Read(secret); err != nil {
		panic("no randomness: " + err.Error())
	}
	return string(secret)
}

// digest is keyed by a secret of fixed length, over length-prefixed parts:
// "ab" and "c" are not "a" and "bc". Nothing leads back to the parts.
func digest(secret string, parts ...string) [32]byte {
	text := secret
	for _, part := range parts {
		text += prefixed(part)
	}
	return sha256.Sum256([]byte(text))
}

func prefixed(part string) string {
	return strconv.Itoa(len(part)) + ":" + part
}

// derive makes a scope's secret of the process's.
func derive(secret, purpose, fingerprint string) string {
	d := digest(secret, purpose, fingerprint)
	return string(d[:])
}

// key is under which an answer about a credential is remembered: a digest of
// its parts, as digest makes it. Every request that is no hit asks for it, so
// it is one compiled call; a scope has one kind, and its secret is of it.
func (s *Scope) key(c verifier.Credential) [32]byte {
	return sha256.Sum256([]byte(fmt.Sprintf("%s%d:%s%d:%s%d:%s", s.secret,
		len(c.Token), c.Token, len(c.User), c.User, len(c.Password), c.Password)))
}

// quotaKey is under which a "not now" is remembered: by the credential, or by
// the application key where the upstream counts by that. Basic credentials all
// share the operator's key.
func (s *Scope) quotaKey(c verifier.Credential) [32]byte {
	if s.perKey {
		return digest(s.secret, "quota", c.Token)
	}
	return digest(s.secret, "quota", c.Token, c.User, c.Password)
}

// Fingerprint names a credential in logs: twelve hexadecimal digits that mean nothing
// outside this process.
func (c *Cache) Fingerprint(credential verifier.Credential) string {
	d := digest(c.scope.secret, "log", credential.Token, credential.User, credential.Password)
	return hex.EncodeToString(d[:6])
}
