package upstreamauth

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/cache"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// scheme is one way in which a route takes credentials: their kind, who verifies it, and how its
// identity is told to the backend.
type scheme struct {
	kind    verifier.Kind
	api     *verifier.API
	cache   *cache.Cache
	front   *cache.Front
	paired  bool     // a key and an account: two header lines
	headers []string // canonical names of the identity headers
	fields  []string // which field goes into each
}

// tell returns the values of the identity headers for an answer, and makes
// them ready for the hit path where the credential came in plain header lines.
func (d *scheme) tell(h http.Header, c verifier.Credential, decision verifier.Decision) [][]string {
	if decision.Answer == 0 || !d.plain(h) {
		return d.render(decision)
	}
	line := d.line(h)
	values := d.cache.Ready(line, decision.Answer)
	if values == nil {
		values = d.render(decision)
		d.cache.Heat(c, decision, line, values)
	}
	return values
}

// plain: one header line of each sort that the credential consists of.
func (d *scheme) plain(h http.Header) bool {
	key := d.kind == verifier.ApplicationKey
	authorization := d.paired || !key
	return (!key || len(h["Application-Key"]) == 1) && (!authorization || len(h["Authorization"]) == 1)
}

// line digests the header lines of a credential as they came.
func (d *scheme) line(h http.Header) [32]byte {
	if d.paired {
		key := h["Application-Key"][0]
		return d.front.Line(strconv.Itoa(len(key)) + ":" + key + h["Authorization"][0])
	}
	if d.kind == verifier.ApplicationKey {
		return d.front.Line(h["Application-Key"][0])
	}
	return d.front.Line(h["Authorization"][0])
}

// render makes the values of the identity headers, in the order of headers;
// nil where the identity has no such field.
func (d *scheme) render(decision verifier.Decision) [][]string {
	values := make([][]string, len(d.fields))
	for i, field := range d.fields {
		value := ""
		switch field {
		case "api":
			value = d.api.Name
		case "expires":
			value = decision.Expires.UTC().Format(time.RFC3339)
		default:
			value = decision.Identity.Get(field)
		}
		if value != "" {
			values[i] = []string{percentEncode(value)}
		}
	}
	return values
}

const hexDigits = "0123456789ABCDEF"

// percentEncode writes as RFC 3986 does every byte that is not visible ASCII,
// and the percent sign, so that any value fits into a header and comes back.
func percentEncode(value string) string {
	if strings.Trim(value, plainASCII) == "" {
		return value
	}
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

// plainASCII needs no encoding: visible ASCII without the percent sign.
const plainASCII = "!\"#$&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"
