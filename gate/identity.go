package gate

import (
	"net/http"
	"strings"
	"sync"

	"github.com/upstreamauth/upstreamauth/credential"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// Limits for what is kept of header names, since a client can make up any number.
const (
	maxNewNames   = 32 // names of one request
	maxSafeNames  = 1024
	maxNameLength = 64   // bytes
	maxConnection = 1024 // bytes of Connection; a longer one is removed whole
)

// identityHeaders removes identity headers that the client sent, in every spelling
// that a backend may read as one of them, and checks the requirements of a route.
// It is safe for concurrent use.
type identityHeaders struct {
	prefix  string          // folded
	names   map[string]bool // folded names of identity headers outside the prefix
	aliases map[string]bool // folded names of credential headers, whose other spellings are reserved
	common  []string        // of commonHeaders, those that are not reserved here
	require []Requirement

	mu   sync.Mutex
	safe map[string]bool // names seen that are not reserved; replaced, never changed
}

// newIdentity returns the identity headers of a route that takes these credentials.
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

// commonHeaders lists headers that most requests carry. They are on the allowlists
// from the start, so that a route on which no request was allowed yet serves
// cached denials on the hit path.
const commonHeaders = "Accept Accept-Encoding Accept-Language Application-Key Authorization Cache-Control " +
	"Content-Length Content-Type Cookie Dnt If-Modified-Since If-None-Match Origin Pragma Priority Range Referer " +
	"Sec-Ch-Ua Sec-Ch-Ua-Mobile Sec-Ch-Ua-Platform Sec-Fetch-Dest Sec-Fetch-Mode Sec-Fetch-Site Sec-Fetch-User " +
	"Traceparent Tracestate Upgrade-Insecure-Requests User-Agent X-Forwarded-For X-Forwarded-Host X-Forwarded-Port " +
	"X-Forwarded-Proto X-Forwarded-Server X-Real-Ip X-Request-Id X-Requested-With"

// folding maps every character that is not a letter or digit to "-", since CGI,
// WSGI and PHP turn them into one: there X_Auth_User is X-Auth-User. A Replacer is
// one call into compiled code, whatever the length.
var folding = strings.NewReplacer("_", "-", ".", "-", "!", "-", "#", "-", "$", "-", "%", "-", "&", "-",
	"'", "-", "*", "-", "+", "-", "^", "-", "`", "-", "|", "-", "~", "-", " ", "-", ":", "-", "/", "-")

// Fold returns a header name as backends compare it: in lower case, with "-" for
// every character that is not a letter or digit. It is for comparing only.
func Fold(name string) string {
	return strings.ToLower(folding.Replace(name))
}

// isReserved tells whether a backend may read a header name as an identity header
// of this route, or as a credential header of another spelling.
func (id *identityHeaders) isReserved(name string) bool {
	folded := Fold(name)
	if strings.HasPrefix(folded, id.prefix) || id.names[folded] {
		return true
	}
	return id.aliases[folded] && http.CanonicalHeaderKey(name) != http.CanonicalHeaderKey(folded)
}

// strip removes reserved headers and trailers from a request: a client could
// otherwise claim an identity. It comes before everything else, also for requests
// that are denied, since a middleware may pass those on as well (Traefik's errors
// middleware does). It returns the header names that were checked here for the
// first time and are not reserved.
func (id *identityHeaders) strip(r *http.Request) (newNames []string) {
	h := r.Header
	safe := id.safeNames()
	for name := range h {
		if safe[name] {
			continue
		}
		if id.isReserved(name) {
			delete(h, name)
			continue
		}
		if len(name) <= maxNameLength {
			newNames = append(newNames, name)
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
	return newNames
}

// stripConnection removes reserved names from Connection. A proxy behind the
// plugin deletes the headers that are named there (RFC 9110, 7.6.1): a client
// could have the gate's identity headers deleted.
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

// safeNames returns the names seen so far that are not reserved. The set is never
// changed.
func (id *identityHeaders) safeNames() map[string]bool {
	id.mu.Lock()
	safe := id.safe
	id.mu.Unlock()
	return safe
}

// remember adds names that are not reserved to the safe ones; a full set starts
// again with them. The set is replaced, since others may be reading the old one.
// The result tells whether there was anything to add.
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

// satisfies tells whether an identity from this API meets the requirements: it has
// one of the allowed values in each required field. An empty value never does.
func (id *identityHeaders) satisfies(identity verifier.Identity, api string) bool {
	for _, requirement := range id.require {
		met := false
		value := identity.Get(requirement.Field)
		if requirement.Field == "api" {
			value = api
		}
		for _, allowed := range requirement.Allowed {
			met = met || (value != "" && value == allowed)
		}
		if !met {
			return false
		}
	}
	return true
}
