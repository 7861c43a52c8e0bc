package jwt

import (
	"encoding/base64"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
)

// farAway bounds an instant, in seconds: beyond it, it is not taken for one.
const farAway = 1 << 40

// Claims reads a JWT's payload strictly; nil for what is not plainly a JWT.
// The signature is the upstream's business.
func Claims(token string) *strictjson.Value {
	return strictjson.Read(payload(token))
}

// payload decodes the second of a JWT's three parts; nil for what is none.
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

// instant reads a NumericDate (RFC 7519, 2), down to its second, also where it
// stands in a text: it can only shorten. Zero for anything else.
func instant(v *strictjson.Value) time.Time {
	if !v.IsScalar() {
		return time.Time{}
	}
	seconds, err := strconv.ParseFloat(v.Text, 64)
	if err != nil || !(seconds > -farAway && seconds < farAway) {
		return time.Time{}
	}
	whole := int64(math.Floor(seconds))
	return time.Unix(whole, 0)
}
