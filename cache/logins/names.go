package logins

import (
	"crypto/sha256"
	"fmt"

	"github.com/upstreamauth/upstreamauth/verifier/jwt"
)

// digest is keyed, and over length-prefixed parts, so that no two lists of parts
// give the same.
func digest(secret, sort, first, second string) [32]byte {
	return sha256.Sum256([]byte(fmt.Sprintf("%s%s:%d:%s%d:%s", secret, sort, len(first), first, len(second), second)))
}

// nameOf is a token as it came.
func nameOf(secret, token string) [32]byte {
	return digest(secret, "token", token, "")
}

// signedName is what a token says: of a JWT its header and its payload, since there
// are signatures of which anybody can make a second one that is valid as well
// (ECDSA); any other token says nothing but itself.
func signedName(secret, token string) [32]byte {
	signed := jwt.Signed(token)
	if signed == "" {
		return nameOf(secret, token)
	}
	return digest(secret, "signed", signed, "")
}

// idName is the name that its issuer gave a JWT; false where it gave none.
func idName(secret, token string) ([32]byte, bool) {
	issuer, id := jwt.ID(token)
	return digest(secret, "id", issuer, id), id != ""
}

// HasOtherSignatures tells whether other tokens may have been answered that are barred together
// with this one: what they say is the same.
func HasOtherSignatures(token string) bool {
	return jwt.HasOtherSignatures(token)
}
