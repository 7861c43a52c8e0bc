// Package jwt answers what a JSON Web Token says about itself: its claims, when it was
// issued and expires, and whether it is spelled as it has to be. It checks no signature,
// and needs to check none: what a token says only shortens what the upstream's answer
// allows.
package jwt

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
)

// maxInstant bounds an instant, in seconds: a number beyond it is no instant, and time
// arithmetic cannot overflow.
const maxInstant = 1 << 40

// Claims reads a JWT's payload strictly. It returns nil for what is no JWT, and for
// one that two readers could read differently. The upstream checks the signature.
func Claims(token string) *strictjson.Value {
	return strictjson.Read(payload(token))
}

// payload decodes the second of a JWT's three parts; nil for anything else.
func payload(token string) []byte {
	if strings.Count(token, ".") != 2 {
		return nil
	}
	parts := strings.Split(token, ".")
	decoded, err := canonical.DecodeString(parts[1])
	if err != nil {
		return nil
	}
	return bytes.TrimPrefix(decoded, []byte("\ufeff")) // as strictjson does
}

// times are what a JWT says about its time.
type times struct {
	issued  time.Time // zero: it says nothing
	expires time.Time // likewise

	// unreadable: another reader may find an end there that is not found here, so that
	// nothing may be remembered of the token.
	unreadable bool
}

// timesOf reads the times of a token in three parts. always is true where it has to be
// a JWT; elsewhere a payload that nobody takes for an object has no times.
func timesOf(token string, always bool) *times {
	claims := Claims(token)
	if claims == nil {
		_, rest, _ := strings.Cut(token, ".")
		return &times{unreadable: always || isObject(header(rest))}
	}
	t := &times{unreadable: misspelled(claims)}
	issued, expires, notBefore := claims.Field("iat"), claims.Field("exp"), claims.Field("nbf")
	t.issued = instant(issued)
	t.expires = instant(expires)
	begins := instant(notBefore)
	t.unreadable = t.unreadable || issued != nil && t.issued.IsZero() ||
		expires != nil && t.expires.IsZero() || notBefore != nil && begins.IsZero()
	return t
}

// misspelled tells whether claims have one of the times under a name in another case,
// which some readers (Go's, for one) take for the claim.
func misspelled(claims *strictjson.Value) bool {
	// In one text, since a call for each name would be slow; upper, then lower, as
	// strictjson compares names.
	all := claims.Names()
	if len(all) < claims.Len() {
		return true // they are not all listed
	}
	names := strings.ToLower(strings.ToUpper("\n" + strings.Join(all, "\n") + "\n"))
	return strings.Contains(names, "\nexp\n") && claims.Field("exp") == nil ||
		strings.Contains(names, "\niat\n") && claims.Field("iat") == nil ||
		strings.Contains(names, "\nnbf\n") && claims.Field("nbf") == nil
}

// instant reads a NumericDate (RFC 7519, 2), rounded down to whole seconds. One that is
// written as a text counts too, since it can only shorten. Zero for anything else.
func instant(v *strictjson.Value) time.Time {
	if !v.IsKind(strictjson.Number) && !v.IsKind(strictjson.Text) {
		return time.Time{}
	}
	seconds, ok := numericDate(v.Text)
	if !ok {
		return time.Time{}
	}
	return time.Unix(int64(math.Floor(seconds)), 0)
}

// numericDate reads the seconds of a NumericDate: a decimal number, as JSON writes it.
// (ParseFloat takes more: "Inf", and hexadecimal digits.)
func numericDate(text string) (seconds float64, ok bool) {
	if text == "" || strings.Trim(text, "0123456789.+-eE") != "" {
		return 0, false
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || !(seconds > -maxInstant && seconds < maxInstant) {
		return 0, false
	}
	return seconds, true
}

// End is when a JWT has expired by its own exp for every reader: rounded up, since it
// ends what denies. Zero where it names no end that every reader finds, and for what is
// no JWT.
func End(token string) time.Time {
	t := timesOf(token, true)
	if t.unreadable || t.expires.IsZero() {
		return time.Time{}
	}
	seconds, _ := numericDate(Claims(token).Field("exp").Text)
	return time.Unix(int64(math.Ceil(seconds)), 0)
}

// ID returns the name that a JWT's issuer gave it, jti, and the issuer's own; the name
// is empty where there is none. Ambiguous claims are read too: what they say is the
// same each time that the token is read here.
func ID(token string) (issuer, id string) {
	decoder := json.NewDecoder(bytes.NewReader(payload(token)))
	decoder.UseNumber()
	claims := map[string]interface{}{}
	err := decoder.Decode(&claims)
	if err != nil {
		return "", ""
	}
	issuer = scalar(claims["iss"])
	id = scalar(claims["jti"])
	return issuer, id
}

// scalar is the text of a text or a number; empty for anything else.
func scalar(value interface{}) string {
	text, isText := value.(string)
	if isText {
		return text
	}
	number, isNumber := value.(json.Number)
	if isNumber {
		return number.String()
	}
	return ""
}
