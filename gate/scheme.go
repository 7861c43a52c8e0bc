package gate

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/upstreamauth/upstreamauth/cache"
	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
)

// scheme is one way in which a route takes credentials: their kind, who verifies it, and how its
// identity is told to the backend.
type scheme struct {
	kind     verifier.Kind
	api      *apis.API
	cache    *cache.Cache
	fastPath *cache.FastPath
	paired   bool     // a key and an account: two header lines
	headers  []string // canonical names of the identity headers
	fields   []string // which field goes into each

	refreshing sync.Mutex   // one at a time renews what glances know
	safeNames  []*safeNames // of its ways
}

// headersFor returns the identity headers for a yes, and makes them ready for the hit
// path where the credential came in plain header lines.
func (d *scheme) headersFor(h http.Header, c verifier.Credential, decision verifier.Decision) *cache.Prebuilt {
	if decision.Answer == 0 {
		return d.render(decision)
	}
	line, plain := d.headerDigest(h)
	if !plain {
		return d.render(decision)
	}
	if !decision.Fresh {
		x := d.cache.Prebuilt(line, decision.Answer)
		if x != nil {
			return x
		}
	}
	x := d.render(decision)
	d.cache.Prebuild(c, decision, line, x)
	return x
}

// headerDigest digests the header lines of a credential as they came, if each sort that it
// consists of came in one line.
func (d *scheme) headerDigest(h http.Header) (line [32]byte, plain bool) {
	name := "Authorization"
	if d.kind == verifier.ApplicationKey {
		name = "Application-Key"
	}
	lines := h[name]
	if len(lines) != 1 {
		return line, false
	}
	text := lines[0]
	if d.paired {
		accounts := h["Authorization"]
		if len(accounts) != 1 {
			return line, false
		}
		text = strconv.Itoa(len(text)) + ":" + text + accounts[0]
	}
	line = d.fastPath.Line(text)
	return line, true
}

// render makes the identity headers of a yes: those whose fields the identity has.
func (d *scheme) render(decision verifier.Decision) *cache.Prebuilt {
	x := &cache.Prebuilt{Values: make([][]string, 0, len(d.fields))}
	values := make([]string, 0, len(d.fields)) // of all headers in one place: a hit reads them together
	told := map[string]string{}
	for _, f := range decision.Identity {
		told[f.Name] = f.Value
	}
	told["api"] = d.api.Name
	told["expires"] = decision.Expires.UTC().Format(time.RFC3339)
	var names []string
	for i, field := range d.fields {
		value := told[field]
		if value == "" {
			continue
		}
		if strings.Trim(value, plainASCII) != "" {
			value = percentEncode(value)
		}
		names = append(names, d.headers[i])
		n := len(names)
		values = append(values, value)
		x.Values = append(x.Values, values[n-1:n:n])
	}
	x.Names = d.headers // which thousands of answers share
	if len(names) < len(d.headers) {
		x.Names = names
	}
	return x
}

const hexDigits = "0123456789ABCDEF"

// percentEncode writes as RFC 3986 does every byte that is not visible ASCII,
// and the percent sign, so that any value fits into a header and comes back.
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

// plainASCII needs no encoding, so that values of it alone are spared the call:
// visible ASCII without the percent sign.
const plainASCII = "!\"#$&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"
