package upstreamauth

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
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

	knowing sync.Mutex
	glances []*glance // of its ways
}

// glance is what one way of the hit path knows of header names.
type glance struct {
	harmless map[string]bool // replaced, never changed; under the front's lock
	odd      []string        // never among them
}

// tell returns the identity headers for a yes, and makes them ready for the hit
// path where the credential came in plain header lines.
func (d *scheme) tell(h http.Header, c verifier.Credential, decision verifier.Decision) *cache.Ready {
	if decision.Answer == 0 {
		return d.render(decision)
	}
	line, plain := d.line(h)
	if !plain {
		return d.render(decision)
	}
	if !decision.Fresh {
		x := d.cache.Ready(line, decision.Answer)
		if x != nil {
			return x
		}
	}
	x := d.render(decision)
	d.cache.Heat(c, decision, line, x)
	return x
}

// turnAway makes a remembered refusal ready for the hit path, likewise; but not
// where each is to be noted.
func (g *gate) turnAway(h http.Header, c verifier.Credential, decision verifier.Decision, denial verifier.Denial) {
	d := g.scheme(c.Kind)
	line, plain := d.line(h)
	if plain && g.journal.level != levelDebug {
		d.cache.Heat(c, decision, line, g.refusal.finished(c.Kind, denial))
	}
}

// glance begins to know harmless names; odd ones are never among them.
func (d *scheme) glance(odd ...string) *glance {
	l := &glance{odd: append([]string{}, odd...)}
	d.glances = append(d.glances, l)
	return l
}

// know takes over the names that are known to be harmless now. One at a time, so
// that who comes late brings no older ones; the hit path waits for no more than
// the new sets to be put in their places.
func (d *scheme) know(id *identity) {
	d.knowing.Lock()
	defer d.knowing.Unlock()
	known := id.harmless()
	for _, l := range d.glances {
		harmless := l.without(known, id.usual)
		d.front.Lock.Lock()
		l.harmless = harmless
		d.front.Lock.Unlock()
	}
}

// without is all that is known and usual, but what is odd.
func (l *glance) without(known map[string]bool, usual []string) map[string]bool {
	harmless := make(map[string]bool, len(known)+len(usual))
	for name := range known {
		harmless[name] = true
	}
	for _, name := range usual {
		harmless[name] = true
	}
	for _, name := range l.odd {
		delete(harmless, name)
	}
	return harmless
}

// line digests the header lines of a credential as they came, if each sort that it
// consists of came in one line.
func (d *scheme) line(h http.Header) (line [32]byte, plain bool) {
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
	line = d.front.Line(text)
	return line, true
}

// render makes the identity headers of a yes: those whose fields the identity has.
func (d *scheme) render(decision verifier.Decision) *cache.Ready {
	x := &cache.Ready{Values: make([][]string, 0, len(d.fields))}
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

// plainASCII needs no encoding, so that values of it alone are spared the call: visible ASCII without the percent sign.
const plainASCII = "!\"#$&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"
