package upstreamauth

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/cache"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// door is one kind of credential on a route: who verifies it, and how its
// identity is told to the backend.
type door struct {
	kind    verifier.Kind
	api     *verifier.API
	cache   *cache.Cache
	front   *cache.Front
	paired  bool     // a key and an account: two header lines
	headers []string // canonical names of the identity headers
	fields  []string // which field goes into each
}

// line digests the header lines of a credential as they came.
func (d *door) line(h http.Header) [32]byte {
	if d.paired {
		key := h["Application-Key"][0]
		return d.front.Line(strconv.Itoa(len(key)) + ":" + key + h["Authorization"][0])
	}
	if d.kind == verifier.ApplicationKey {
		return d.front.Line(h["Application-Key"][0])
	}
	return d.front.Line(h["Authorization"][0])
}

// heat makes the answer ready for the hit path, where the credential came in
// plain header lines: one each, none of them empty.
func (d *door) heat(h http.Header, c verifier.Credential, decision verifier.Decision, values [][]string) {
	wantsKey := d.kind == verifier.ApplicationKey
	wantsAuthorization := d.paired || !wantsKey
	if decision.Answer == 0 || (wantsKey && len(h["Application-Key"]) != 1) ||
		(wantsAuthorization && len(h["Authorization"]) != 1) {
		return
	}
	d.cache.Heat(c, decision, d.line(h), values)
}

// render makes the values of the identity headers, in the order of headers;
// nil where the identity has no such field.
func (d *door) render(decision verifier.Decision) [][]string {
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
