// Package jwt reads what a JSON Web Token says of itself: its claims, and when it
// was issued and ends. It checks no signature: what a token says only shortens what
// the upstream's answer allows.
package jwt

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
)

// maxInstant bounds an instant, in seconds: beyond it, a number is not taken for one.
const maxInstant = 1 << 40

// Claims reads a JWT's payload strictly; nil for what is no JWT, or one that two
// readers could read differently. The signature is the upstream's to check.
func Claims(token string) *strictjson.Value {
	return strictjson.Read(payload(token))
}

// payload decodes the second of a JWT's three parts; nil for anything else.
func payload(token string) []byte {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil
	}
	encoding := base64.RawURLEncoding.Strict()
	decoded, err := encoding.DecodeString(parts[1])
	if err != nil {
		return nil
	}
	return decoded
}

// instant reads a NumericDate (RFC 7519, 2) in whole seconds, rounded down, also one
// that is written as a text: it can only shorten. Zero for anything else.
func instant(v *strictjson.Value) time.Time {
	if !v.IsScalar() {
		return time.Time{}
	}
	seconds, err := strconv.ParseFloat(v.Text, 64)
	if err != nil || !(seconds > -maxInstant && seconds < maxInstant) {
		return time.Time{}
	}
	whole := int64(math.Floor(seconds))
	return time.Unix(whole, 0)
}
