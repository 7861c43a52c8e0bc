// Package keyed answers one question: under which name does this process remember a text
// that it does not want to keep? Its names are digests under a secret of the process.
package keyed

import (
	"crypto/rand"
	"crypto/sha256"
	"strconv"
)

// Secret is random and of a fixed length. Only this process has it, so that no client can
// compute a digest, nor test a guess against one.
func Secret() string {
	secret := make([]byte, sha256.Size)
	if _, err := rand.Read(secret); err != nil {
		panic("no randomness: " + err.Error())
	}
	return string(secret)
}

// Digest is keyed by a secret of fixed length, over length-prefixed parts, so that "ab"
// and "c" differ from "a" and "bc".
func Digest(secret string, parts ...string) [32]byte {
	text := secret
	for _, part := range parts {
		text += prefixed(part)
	}
	return sha256.Sum256([]byte(text))
}

func prefixed(part string) string {
	return strconv.Itoa(len(part)) + ":" + part
}

// Derive makes a secret for one purpose and name from another secret.
func Derive(secret, purpose, name string) string {
	d := Digest(secret, purpose, name)
	return string(d[:])
}
