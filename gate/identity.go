package gate

import (
	"net/http"
	"strings"
	"sync"

	"github.com/upstreamauth/upstreamauth/telemetry"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// Limits for what is kept of header names, since a client can make up any number.
const (
	maxNewNames  = 32 // names of one request
	maxSafeNames = 1024
)

// identityHeaders removes identity headers that the client sent, in every spelling
// that a backend may read as one of them, and checks the requirements of a route.
// It is safe for concurrent use.
type identityHeaders struct {
	prefix  string          // folded
	names   map[string]bool // folded names outside the prefix that no client may send
	longest int             // bytes of the longest of all these: of longer names, no more is read
	aliases map[string]bool // folded names of credential headers, whose other spellings are reserved
	common  []string        // of commonHeaders, those that are not reserved here
	require []*requirement

	mu   sync.Mutex
	safe map[string]bool // names seen that are not reserved; replaced, never changed
}

// newIdentity returns the identity headers of a route that takes credentials in these
// headers.
func newIdentity(o *Options, credentials []string) *identityHeaders {
	id := &identityHeaders{
		prefix:  Fold(o.Prefix),
		names:   map[string]bool{},
		aliases: map[string]bool{},
		require: prepareAll(o.Require),
		safe:    map[string]bool{},
	}
	for _, h := range o.Headers {
		id.names[Fold(h.Header)] = true
	}
	id.names[Fold(telemetry.TraceHeader)] = true // it is between the operator and the gate
	id.names["http2-settings"] = true            // no identity, but its place is beside Upgrade: h2c, which never passes
	for _, name := range credentials {
		if name != "Authorization" { // that has no other spelling
			id.aliases[Fold(name)] = true
		}
		if len(name) > id.longest {
			id.longest = len(name)
		}
	}
	if len(id.prefix) > id.longest {
		id.longest = len(id.prefix)
	}
	for name := range id.names {
		if len(name) > id.longest {
			id.longest = len(name)
		}
	}
	for _, name := range append(strings.Fields(commonHeaders), credentials...) {
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

// isReserved tells whether a backend may read a header name as an identity header
// of this route, or as a credential header of another spelling.
func (id *identityHeaders) isReserved(name string) bool {
	if len(name) > id.longest+1 {
		name = name[:id.longest+1] // no longer a name of ours, but maybe one under the prefix
	}
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
// first time and are not reserved. Upgrade is never among them: the hit path, whose
// allowlists they are for, must not let it pass.
//
// Of a request that is refused for the number of its headers, nearly all are removed.
func (id *identityHeaders) strip(r *http.Request) (newNames []string) {
	h := r.Header
	if len(h) > maxHeaderNames {
		emptyHeaders(h)
	}
	dropTrailers(r)
	safe := id.safeNames()
	var unknown []string
	for name := range h {
		if !safe[name] {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		newNames = id.removeReserved(h, unknown)
	}
	if len(h["Connection"]) > 0 || len(h["Upgrade"]) > 0 {
		id.stripConnection(r)
	}
	for name := range r.Trailer {
		if id.isReserved(name) {
			delete(r.Trailer, name)
		}
	}
	return newNames
}

// removeReserved removes from a request those of its header names that are reserved, and
// returns the others. They are folded in one text: a call for each would cost as much as
// all of them do so, and strangers send 200.
func (id *identityHeaders) removeReserved(h http.Header, names []string) (others []string) {
	cut := make([]string, len(names))
	for i, name := range names {
		if len(name) > id.longest+1 {
			name = name[:id.longest+1] // as in isReserved
		}
		cut[i] = name
	}
	folded := strings.Split(Fold(strings.Join(cut, "\n")), "\n")
	whole := len(folded) == len(names) // no name holds a line end, unless another middleware has made one up
	for i, name := range names {
		if !whole || id.aliases[folded[i]] {
			if id.isReserved(name) {
				delete(h, name)
				continue
			}
		} else if strings.HasPrefix(folded[i], id.prefix) || id.names[folded[i]] {
			delete(h, name)
			continue
		}
		if len(name) <= maxNameLength && name != "Upgrade" {
			others = append(others, name)
		}
	}
	return others
}

// stripConnection removes from Connection the names that are reserved. A proxy behind
// the plugin deletes the headers that are named there (RFC 9110, 7.6.1): a client
// could have the gate's identity headers deleted.
//
// Upgrade passes for a web socket alone, and else goes with its option. A connection
// of another protocol, such as HTTP/2, holds further requests, which the backend would
// take for checked ones. A header with too many options is removed whole.
func (id *identityHeaders) stripConnection(r *http.Request) {
	h := r.Header
	socket := isWebSocket(r)
	named := false
	var kept []string
	all := strings.Join(h["Connection"], ",")
	if strings.Count(all, ",") >= maxConnectionOptions {
		all = ""
	}
	for _, option := range strings.Split(all, ",") {
		option = strings.TrimSpace(option)
		upgrade := strings.EqualFold(option, "Upgrade")
		if option == "" || id.isReserved(option) || (upgrade && !socket) {
			continue
		}
		named = named || upgrade
		kept = append(kept, option)
	}
	delete(h, "Connection")
	if len(kept) > 0 {
		h["Connection"] = []string{strings.Join(kept, ", ")}
	}
	if !named {
		delete(h, "Upgrade")
	}
}

// isWebSocket tells whether a request asks for a web socket and for nothing else. A
// list could name a protocol beside it that the backend likes better.
func isWebSocket(r *http.Request) bool {
	lines := r.Header["Upgrade"]
	return len(lines) == 1 && r.Method == http.MethodGet && strings.EqualFold(lines[0], "websocket")
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

// satisfies tells whether an identity from this API meets all requirements of the route.
func (id *identityHeaders) satisfies(identity verifier.Identity, api string) bool {
	for _, r := range id.require {
		values, _ := identity.Values(r.field)
		if r.field == "api" {
			values = []string{api}
		}
		if !r.meets(values) {
			return false
		}
	}
	return true
}
