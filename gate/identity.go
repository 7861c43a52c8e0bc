package gate

import (
	"net/http"
	"strings"
	"sync"

	"github.com/upstreamauth/upstreamauth/credential"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// Bounds of the memory of header names: a client may invent them.
const (
	maxNewNames   = 32 // names of one request
	maxSafeNames  = 1024
	maxNameLength = 64   // bytes
	maxConnection = 1024 // bytes of Connection; a longer one is dropped whole
)

// identityHeaders owns the identity headers of a route: it takes the client's away,
// in every spelling that a backend might read as one of them, and knows what
// is demanded of an identity.
type identityHeaders struct {
	prefix  string          // folded
	names   map[string]bool // folded; headers that are set beside the prefix
	aliases map[string]bool // folded; credential headers that go, but as themselves
	common  []string        // of usualNames, those that are none of ours
	require []Requirement

	mu   sync.Mutex
	safe map[string]bool // names judged harmless; replaced, never changed
}

func newIdentity(o *Options, accepts credential.Accepts) *identityHeaders {
	id := &identityHeaders{
		prefix:  Fold(o.Prefix),
		names:   map[string]bool{},
		aliases: map[string]bool{},
		require: o.Require,
		safe:    map[string]bool{},
	}
	for _, h := range o.Headers {
		id.names[Fold(h.Header)] = true
	}
	if accepts.Key {
		id.aliases["application-key"] = true
	}
	for _, name := range strings.Fields(commonHeaders) {
		if !id.isReserved(name) {
			id.common = append(id.common, name)
		}
	}
	return id
}

// commonHeaders are headers that most requests carry. They are judged at once, so
// that the hit path knows them also on a route that has let nobody in yet.
const commonHeaders = "Accept Accept-Encoding Accept-Language Application-Key Authorization Cache-Control " +
	"Content-Length Content-Type Cookie Dnt If-Modified-Since If-None-Match Origin Pragma Priority Range Referer " +
	"Sec-Ch-Ua Sec-Ch-Ua-Mobile Sec-Ch-Ua-Platform Sec-Fetch-Dest Sec-Fetch-Mode Sec-Fetch-Site Sec-Fetch-User " +
	"Traceparent Tracestate Upgrade-Insecure-Requests User-Agent X-Forwarded-For X-Forwarded-Host X-Forwarded-Port " +
	"X-Forwarded-Proto X-Forwarded-Server X-Real-Ip X-Request-Id X-Requested-With"

// folding reads a header name as CGI, WSGI and PHP do: every character that is
// no letter or digit is the same. (A byte replacer: one call into compiled
// code, whatever the length.)
var folding = strings.NewReplacer("_", "-", ".", "-", "!", "-", "#", "-", "$", "-", "%", "-", "&", "-",
	"'", "-", "*", "-", "+", "-", "^", "-", "`", "-", "|", "-", "~", "-", " ", "-", ":", "-", "/", "-")

func Fold(name string) string {
	return strings.ToLower(folding.Replace(name))
}

// isReserved tells whether a header name reads as an identity header of this route,
// or as an alias of a credential header.
func (id *identityHeaders) isReserved(name string) bool {
	folded := Fold(name)
	if strings.HasPrefix(folded, id.prefix) || id.names[folded] {
		return true
	}
	return id.aliases[folded] && http.CanonicalHeaderKey(name) != http.CanonicalHeaderKey(folded)
}

// strip takes the client's word away before ours is given: a header that the
// client sent under the prefix, or under a name that we set, never reaches the
// backend, whatever becomes of the request. It returns the names that it had to
// judge for the first time and found harmless.
func (id *identityHeaders) strip(r *http.Request) (judged []string) {
	h := r.Header
	known := id.safeNames()
	for name := range h {
		if known[name] {
			continue
		}
		if id.isReserved(name) {
			delete(h, name)
			continue
		}
		if len(name) <= maxNameLength {
			judged = append(judged, name)
		}
	}
	if len(h["Connection"]) > 0 {
		id.stripConnection(h)
	}
	for name := range r.Trailer {
		if id.isReserved(name) {
			delete(r.Trailer, name)
		}
	}
	return judged
}

// stripConnection removes our names from what Connection names: the proxy
// behind us deletes what is named there, and would delete our own headers.
func (id *identityHeaders) stripConnection(h http.Header) {
	if len(strings.Join(h["Connection"], ",")) > maxConnection {
		delete(h, "Connection")
		return
	}
	var kept []string
	for _, line := range h["Connection"] {
		for _, option := range strings.Split(line, ",") {
			option = strings.TrimSpace(option)
			if option != "" && !id.isReserved(option) {
				kept = append(kept, option)
			}
		}
	}
	if len(kept) == 0 {
		delete(h, "Connection")
		return
	}
	h["Connection"] = []string{strings.Join(kept, ", ")}
}

// safeNames returns the names that are known to be none of ours.
func (id *identityHeaders) safeNames() map[string]bool {
	id.mu.Lock()
	known := id.safe
	id.mu.Unlock()
	return known
}

// remember adds names to the harmless ones, or starts anew with them where there is
// no room: by a set in the place of the old one, which others may be reading. It
// tells whether anything has changed.
func (id *identityHeaders) remember(names []string) bool {
	if len(names) == 0 {
		return false
	}
	if len(names) > maxNewNames {
		names = names[:maxNewNames]
	}
	id.mu.Lock()
	larger := make(map[string]bool, len(id.safe)+len(names))
	if len(id.safe)+len(names) <= maxSafeNames {
		for name := range id.safe {
			larger[name] = true
		}
	}
	for _, name := range names {
		larger[name] = true
	}
	id.safe = larger
	id.mu.Unlock()
	return true
}

// satisfies tells whether an identity that api vouched for has an allowed value for
// each field that identity.require names.
func (id *identityHeaders) satisfies(who verifier.Identity, api string) bool {
	for _, demand := range id.require {
		met := false
		value := who.Get(demand.Field)
		if demand.Field == "api" {
			value = api
		}
		for _, allowed := range demand.Allowed {
			met = met || (value != "" && value == allowed)
		}
		if !met {
			return false
		}
	}
	return true
}
