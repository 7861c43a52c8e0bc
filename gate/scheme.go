package gate

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/cache"
	"github.com/upstreamauth/upstreamauth/credential"
	"github.com/upstreamauth/upstreamauth/telemetry"
	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
)

// scheme is one kind of credential on a route: its API, the cache in front of the
// upstream, and the headers that carry its identity to the backend. Only the
// name sets change after New.
type scheme struct {
	kind     verifier.Kind
	api      *apis.API
	cache    *cache.Cache
	fastPath *cache.FastPath
	watch    *fieldWatch
	log      *telemetry.Log     // about its API
	source   *credential.Source // of its token; nil: Basic
	header   string             // that carries it
	pattern  *regexp.Regexp     // of a whole token; nil: any
	paired   bool               // a key and an account: two header lines are one credential
	absent   string             // the text for a request without a credential of this kind
	headers  []string           // canonical names of the identity headers
	fields   []string           // fields[i] is the value of headers[i]
	names    *nameSets          // header names that the hit path lets pass
}

// schemeOf returns a route's scheme for a kind. It has one for each kind that it
// accepts, and credentials of other kinds are not read.
func schemeOf(schemes []*scheme, kind verifier.Kind) *scheme {
	for _, s := range schemes {
		if s.kind == kind {
			return s
		}
	}
	return nil
}

// headersFor returns the identity headers of an allowed request. Where the
// credential came in plain header lines, it stores them as prebuilt, or takes
// those that were stored before.
func (s *scheme) headersFor(h http.Header, c verifier.Credential, decision verifier.Decision) *cache.Prebuilt {
	if decision.Answer == 0 {
		return s.render(decision)
	}
	digest, plain := s.headerDigest(h)
	if !plain {
		return s.render(decision)
	}
	if !decision.Fresh {
		prebuilt := s.cache.Prebuilt(digest, decision.Answer)
		if prebuilt != nil {
			return prebuilt
		}
	}
	headers := s.render(decision)
	s.cache.Prebuild(c, decision, digest, headers)
	return headers
}

// headerDigest returns the keyed digest of the credential's header lines, exactly
// as they were sent. plain is false where a header came in several lines: the hit
// path reads only one of each, or where more of the request is asked about. The digest of two lines begins with the length of
// the first, so that no other two lines give the same text.
func (s *scheme) headerDigest(h http.Header) (digest [32]byte, plain bool) {
	lines := h[s.header]
	if len(lines) != 1 || s.api.Parts != nil {
		return digest, false
	}
	text := lines[0]
	if s.paired {
		accounts := h["Authorization"]
		if len(accounts) != 1 {
			return digest, false
		}
		text = strconv.Itoa(len(text)) + ":" + text + accounts[0]
	}
	digest = s.fastPath.Line(text)
	return digest, true
}

// render returns the identity headers of an allowed credential: those for whose
// field the identity has a value.
func (s *scheme) render(decision verifier.Decision) *cache.Prebuilt {
	answer := &cache.Prebuilt{Values: make([]string, 0, len(s.fields))}
	identity := map[string]string{}
	lists := map[string]string{} // encoded
	for _, f := range decision.Identity {
		identity[f.Name] = f.Value
		if len(f.Values) > 0 {
			lists[f.Name] = encodeList(f.Values)
		}
	}
	identity["api"] = s.api.Name
	if !decision.Expires.IsZero() { // else it holds for this request alone
		identity["expires"] = decision.Expires.UTC().Format(time.RFC3339)
	}
	var names []string
	for i, field := range s.fields {
		value := identity[field]
		if strings.Trim(value, unencoded) != "" {
			value = percentEncode(value)
		}
		if value == "" {
			value = lists[field]
		}
		if value == "" {
			continue
		}
		names = append(names, s.headers[i])
		answer.Values = append(answer.Values, value)
	}
	// Thousands of answers share one list of names where they can.
	answer.Names = s.headers
	if len(names) < len(s.headers) {
		answer.Names = names
	}
	return answer
}

// challenges returns WWW-Authenticate (RFC 9110, 11.6.1), a line for each kind that
// the route takes. The kind that was sent and denied has RFC 6750's error code.
func challenges(schemes []*scheme, sent verifier.Kind, reason verifier.Reason) []string {
	lines := make([]string, 0, len(schemes))
	for _, s := range schemes {
		line := challengeOf(s) + ` realm="` + s.api.Name + `"`
		if s.kind == verifier.Basic {
			line += `, charset="UTF-8"`
		}
		if s.kind == sent && reason != verifier.Missing {
			line += `, error="invalid_token"`
		}
		lines = append(lines, line)
	}
	return lines
}

// challengeOf is the word of a challenge: that of the operator's source, or of the kind.
func challengeOf(s *scheme) string {
	if s.source != nil {
		return s.source.Scheme()
	}
	switch s.kind {
	case verifier.Bearer:
		return "Bearer"
	case verifier.Basic:
		return "Basic"
	}
	return verifier.KeyHeader
}

// withoutDialogs drops the challenges on which browsers ask for an account.
func withoutDialogs(challenges []string) []string {
	var kept []string
	for _, line := range challenges {
		if !strings.HasPrefix(line, "Basic ") {
			kept = append(kept, line)
		}
	}
	return kept
}

const hexDigits = "0123456789ABCDEF"

// percentEncode encodes every byte that is not visible ASCII, and the percent
// sign, as RFC 3986 (2.1) does: any value fits into a header and can be decoded. A
// Replacer is one call into compiled code, whatever the length.
func percentEncode(value string) string {
	return encoding.Replace(value)
}

// encodeList joins the values of a list by commas. A comma inside a value is encoded
// too, so that a backend can take them apart again.
func encodeList(values []string) string {
	encoded := make([]string, len(values))
	for i, value := range values {
		encoded[i] = strings.ReplaceAll(percentEncode(value), ",", "%2C")
	}
	return strings.Join(encoded, ",")
}

var encoding = newEncoding(0x21)

// grpcEncoding encodes a message as gRPC does: all bytes but ASCII's that can be seen
// and the space.
var grpcEncoding = newEncoding(0x20)

// newEncoding lists each byte that is encoded, and what stands for it: all but those of
// ASCII from first on that can be seen, and the percent sign.
func newEncoding(first int) *strings.Replacer {
	var pairs []string
	for i := 0; i < 256; i++ {
		if i >= first && i < 0x7f && i != '%' {
			continue
		}
		pairs = append(pairs, string([]byte{byte(i)}), "%"+hexDigits[i>>4:i>>4+1]+hexDigits[i&15:i&15+1])
	}
	return strings.NewReplacer(pairs...)
}

// unencoded is the bytes that percentEncode leaves alone: visible ASCII without
// the percent sign. Most values consist of them, and one compiled call tells so.
const unencoded = "!\"#$&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"

// rememberHeaderNames adds header names to the allowlists of the hit path. Only
// names of requests that were allowed are added, so that a client without a valid
// credential cannot fill them.
func rememberHeaderNames(id *identityHeaders, schemes []*scheme, newNames []string) {
	if !id.remember(newNames) {
		return
	}
	for _, s := range schemes {
		s.names.refresh(id)
	}
}
