package cache

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

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
	text := []byte(secret)
	for _, part := range parts {
		text = binary.BigEndian.AppendUint64(text, uint64(len(part)))
		text = append(text, part...)
	}
	return sha256.Sum256(text)
}

// derive makes a scope's secret of the process's.
func derive(secret, purpose, fingerprint string) string {
	d := digest(secret, purpose, fingerprint)
	return string(d[:])
}

// key is under which an answer about a credential is remembered.
func (s *Scope) key(c verifier.Credential) [32]byte {
	return digest(s.secret, string(c.Kind), c.Token, c.User, c.Password)
}

// quotaKey is under which a "not now" is remembered: by the credential, or by
// the application key where the upstream counts by that. Basic credentials all
// share the operator's key.
func (s *Scope) quotaKey(c verifier.Credential) [32]byte {
	if s.perKey {
		return digest(s.secret, "quota", c.Token)
	}
	return digest(s.secret, "quota", string(c.Kind), c.Token, c.User, c.Password)
}

// Mark names a credential in logs: twelve hexadecimal digits that mean nothing
// outside this process.
func (c *Cache) Mark(credential verifier.Credential) string {
	d := digest(c.scope.secret, "log", credential.Token, credential.User, credential.Password)
	return hex.EncodeToString(d[:6])
}
