package cache

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// newSecret is random and of a fixed length. Only this process has it, so that
// no client can compute a digest, nor test a guess against one.
func newSecret() string {
	secret := make([]byte, sha256.Size)
	if _, err := rand.Read(secret); err != nil {
		panic("no randomness: " + err.Error())
	}
	return string(secret)
}

// digest is keyed by a secret of fixed length, over length-prefixed parts, so
// that "ab" and "c" differ from "a" and "bc".
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

// derive makes a secret for one purpose and name from another secret.
func derive(secret, purpose, name string) string {
	d := digest(secret, purpose, name)
	return string(d[:])
}

// keys turns the credentials of one scope into the keys that its answers are
// stored under. A scope has credentials of one kind, so the kind is no part.
type keys struct {
	secret      string
	quotaPerKey bool // the upstream counts calls by application key
}

// of is the key of a credential's answer: digest over its parts. Every request
// that is not a hit needs it, so it is one call into compiled code.
func (k *keys) of(c verifier.Credential) [32]byte {
	return sha256.Sum256([]byte(fmt.Sprintf("%s%d:%s%d:%s%d:%s", k.secret,
		len(c.Token), c.Token, len(c.User), c.User, len(c.Password), c.Password)))
}

// quotaOf is the key of a rate limit: by credential, or by application key where
// the upstream counts by that. Basic credentials all share the operator's key.
func (k *keys) quotaOf(c verifier.Credential) [32]byte {
	if k.quotaPerKey {
		return digest(k.secret, "quota", c.Token)
	}
	return digest(k.secret, "quota", c.Token, c.User, c.Password)
}

// fingerprint names a credential in logs: twelve hexadecimal digits, which
// another process or scope would not compute again.
func (k *keys) fingerprint(c verifier.Credential) string {
	d := digest(k.secret, "log", c.Token, c.User, c.Password)
	return hex.EncodeToString(d[:6])
}
