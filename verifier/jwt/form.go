package jwt

import (
	"bytes"
	"encoding/base64"
	"regexp"
	"strings"
)

// canonical decodes base64url in the one spelling that RFC 7515 (2) allows: without
// padding, and with no spare bit set.
var canonical = base64.RawURLEncoding.Strict()

// lenient turns what the most lenient readers of base64 accept into one alphabet: both
// alphabets, padding anywhere, and (as PHP's base64_decode does) any other character,
// which they drop. A Replacer is one call into compiled code, whatever the length.
var lenient = strings.NewReplacer("-", "+", "_", "/", "=", "", "!", "", `"`, "", "#", "", "$", "", "%", "", "&", "", "'", "",
	"(", "", ")", "", "*", "", ",", "", ".", "", ":", "", ";", "", "<", "", ">", "", "?", "", "@", "", "[", "", `\`, "", "]", "",
	"^", "", "`", "", "{", "", "|", "", "}", "", "~", "")

// isObject tells whether some reader takes a part of a token for a JSON object.
func isObject(part string) bool {
	decoded, _ := base64.RawStdEncoding.DecodeString(lenient.Replace(part)) // what comes before an error counts
	return bytes.HasPrefix(bytes.TrimLeft(decoded, " \t\r\n\ufeff"), []byte("{"))
}

// header is the first part of a token that has several.
func header(token string) string {
	first, _, _ := strings.Cut(token, ".")
	return first
}

// IsCanonical tells whether a token is spelled as the one that its issuer gave out:
// false where an upstream may take it for a JWT that is spelled otherwise. always is
// true where all tokens of the API are JWTs; elsewhere only a token whose first part is
// a JSON object is one, in three parts, or in five where it is encrypted (RFC 7516).
// It runs in compiled code alone, since unauthenticated clients may send such tokens in
// any number and of any length.
func IsCanonical(token string, always bool) bool {
	dots := strings.Count(token, ".")
	if dots < 2 && !strings.Contains(token, "%2E") && !strings.Contains(token, "%2e") {
		return true // no JWT, nor one whose dots are percent-encoded
	}
	if always {
		return dots == 2 && decodes(token) && !strings.HasPrefix(token, ".") && !strings.Contains(token, "..") && !strings.HasSuffix(token, ".")
	}
	return !isObject(header(token)) || (dots == 2 || dots == 4) && decodes(token)
}

// decodes tells whether each part of a token is canonical. It has at most five.
func decodes(token string) bool {
	for _, part := range strings.Split(token, ".") {
		_, err := canonical.DecodeString(part)
		if err != nil {
			return false
		}
	}
	return true
}

// Signed returns what the signature of a JWT covers: its header and its payload. Empty
// for what is no JWT.
func Signed(token string) string {
	if strings.Count(token, ".") != 2 || !isObject(header(token)) {
		return ""
	}
	return token[:strings.LastIndexByte(token, '.')]
}

// oneSignature are the signatures, by the beginning of alg, of which only the issuer can make a
// second one that is valid: of ECDSA anybody can (RFC 7518, 3).
var oneSignature = regexp.MustCompile(`"alg"\s*:\s*"(HS|RS|PS)\d+"`)

// HasOtherSignatures tells whether somebody who holds a JWT may be able to make another one of it,
// with the same header and payload and a signature that is valid as well.
func HasOtherSignatures(token string) bool {
	if Signed(token) == "" {
		return false
	}
	decoded, err := canonical.DecodeString(header(token))
	return err != nil || !oneSignature.Match(decoded)
}
