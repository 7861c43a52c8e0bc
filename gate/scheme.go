package gate

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/cache"
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
	paired   bool      // a key and an account: two header lines are one credential
	headers  []string  // canonical names of the identity headers
	fields   []string  // fields[i] is the value of headers[i]
	names    *nameSets // header names that the hit path lets pass
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
// path reads only one of each. The digest of two lines begins with the length of
// the first, so that no other two lines give the same text.
func (s *scheme) headerDigest(h http.Header) (digest [32]byte, plain bool) {
	name := "Authorization"
	if s.kind == verifier.ApplicationKey {
		name = "Application-Key"
	}
	lines := h[name]
	if len(lines) != 1 {
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
	answer := &cache.Prebuilt{Values: make([][]string, 0, len(s.fields))}
	// All values lie in one array: a hit reads them together. Each header gets a
	// slice without spare capacity, so that appending to it makes a copy.
	values := make([]string, 0, len(s.fields))
	identity := map[string]string{}
	for _, f := range decision.Identity {
		identity[f.Name] = f.Value
	}
	identity["api"] = s.api.Name
	identity["expires"] = decision.Expires.UTC().Format(time.RFC3339)
	var names []string
	for i, field := range s.fields {
		value := identity[field]
		if value == "" {
			continue
		}
		if strings.Trim(value, unencoded) != "" {
			value = percentEncode(value)
		}
		names = append(names, s.headers[i])
		n := len(names)
		values = append(values, value)
		answer.Values = append(answer.Values, values[n-1:n:n])
	}
	// Thousands of answers share one list of names where they can.
	answer.Names = s.headers
	if len(names) < len(s.headers) {
		answer.Names = names
	}
	return answer
}

const hexDigits = "0123456789ABCDEF"

// percentEncode encodes every byte that is not visible ASCII, and the percent
// sign, as RFC 3986 (2.1) does: any value fits into a header and can be decoded.
func percentEncode(value string) string {
	var b strings.Builder
	for i := 0; i < len(value); i++ {
		c := value[i]
		if c > 0x20 && c < 0x7f && c != '%' {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(hexDigits[c>>4])
		b.WriteByte(hexDigits[c&15])
	}
	return b.String()
}

// unencoded is the bytes that percentEncode leaves alone: visible ASCII without
// the percent sign. Most values consist of them, and one compiled call tells so.
const unencoded = "!\"#$&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"
