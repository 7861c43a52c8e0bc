package config

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/upstreamauth/upstreamauth/gate"
)

// reserved is a group of headers that no identity header may be. The gate removes
// identity headers from every request, and sets its own: the client's would be lost,
// and the backend would take a caller's name for something else.
type reserved struct {
	names    []string // in canonical spelling
	families []string // by the beginning of their names
	one      string   // what a header of names is, and
	many     string   // what those of families are, as faults say it
}

var reservedHeaders = []reserved{
	{
		names: []string{
			"Accept", "Application-Key", "Authorization", "Cache-Control", "Connection", "Cookie", "Date", "Expect", "Forwarded", "Host",
			"Keep-Alive", "Origin", "Range", "Referer", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "User-Agent", "Via", "X-Real-Ip",
		},
		families: []string{"Accept-", "Access-Control-", "Content-", "If-", "Proxy-", "Sec-", "X-Forwarded-"},
		one:      "HTTP or Traefik needs, or a credential",
		many:     "HTTP or Traefik needs",
	},
	{
		// They change the method, the path, the scheme or the connection of a request that
		// was checked, the file that is sent, or which checks a framework makes.
		names: []string{
			"Depth", "Destination", "Early-Data", "Front-End-Https", "Http2-Settings", "Last-Event-Id", "Lock-Token", "Max-Forwards", "Overwrite",
			"Soapaction", "Timeout", "Upgrade-Insecure-Requests", "X-Csrf-Token", "X-Csrftoken", "X-Host", "X-Http-Host-Override", "X-Http-Method",
			"X-Http-Method-Override", "X-Method-Override", "X-Requested-With", "X-Scheme", "X-Script-Name", "X-Sendfile", "X-Url-Scheme",
			"X-Xsrf-Token",
		},
		families: []string{"X-Accel-", "X-Middleware-", "X-Original-", "X-Rewrite-", "X-Sendfile-"},
		one:      "frameworks or proxies act on",
		many:     "frameworks or proxies act on",
	},
	{
		names: []string{
			"Cf-Connecting-Ip", "Cf-Connecting-Ipv6", "Client-Ip", "True-Client-Ip", "X-Appengine-User-Ip", "X-Azure-Clientip", "X-Azure-Socketip",
			"X-Client-Ip", "X-Cluster-Client-Ip", "X-Envoy-External-Address", "X-Originating-Ip",
		},
		families: []string{"Fastly-"},
		one:      "backends take the client's address from",
		many:     "backends take the client's address from",
	},
	{
		names: []string{
			"B3", "Baggage", "Sentry-Trace", "Traceparent", "Tracestate", "Uber-Trace-Id", "X-Amzn-Trace-Id", "X-Cloud-Trace-Context",
			"X-Correlation-Id", "X-Request-Id", "X-Trace-Id",
		},
		families: []string{"Uberctx-", "X-B3-", "X-Datadog-", "X-Ot-"},
		one:      "tracing uses",
		many:     "tracing uses",
	},
	{
		names: []string{
			"Age", "Allow", "Alt-Svc", "Alt-Used", "Authentication-Info", "Clear-Site-Data", "Cookie2", "Etag", "Expires", "Last-Modified", "Link",
			"Location", "Pragma", "Prefer", "Priority", "Refresh", "Retry-After", "Server", "Server-Timing", "Set-Cookie", "Set-Cookie2",
			"Strict-Transport-Security", "Vary", "Warning", "Www-Authenticate",
		},
		one: "has another meaning in HTTP",
	},
}

// header says whether name may be an identity header, and adds a fault if not.
func (s *section) header(name string) bool {
	if unquotedKey(name) {
		s.fault(name, quoteTheCode)
		return false
	}
	token := name != ""
	for i := 0; i < len(name); i++ {
		if !isAlphanumeric(name[i]) && !strings.Contains("!#$%&'*+-.^_`|~", name[i:i+1]) {
			token = false
		}
	}
	if !token {
		s.fault(name, "not a header name; allowed: letters, digits and -")
		return false
	}
	canonical := canonicalName(name)
	for i := range reservedHeaders {
		group := &reservedHeaders[i]
		if contains(group.names, canonical) {
			s.fault(name, canonical+" is a header that "+group.one+"; choose another name")
			return false
		}
		for _, family := range group.families {
			if strings.HasPrefix(canonical, family) {
				s.fault(name, family+"* are headers that "+group.many+"; choose another name")
				return false
			}
		}
	}
	return true
}

// conflictsWith returns a reserved header that begins with the prefix, or a reserved
// family that shares a header with it; empty if there is none.
func conflictsWith(prefix string) string {
	for i := range reservedHeaders {
		group := &reservedHeaders[i]
		for _, name := range group.names {
			if strings.HasPrefix(name, prefix) {
				return name
			}
		}
		for _, family := range group.families {
			if strings.HasPrefix(family, prefix) || strings.HasPrefix(prefix, family) {
				return family + "*"
			}
		}
	}
	return ""
}

// canonicalName is a header name as backends read it that take every character but
// letters and digits for "-" (CGI, WSGI, PHP): X_Auth_User is X-Auth-User to them.
func canonicalName(name string) string {
	return http.CanonicalHeaderKey(gate.Fold(name))
}

// The keys of errors, and its default: the status when the upstream gave no answer.
var errorsKeys = keySet{keys: []string{"format", "statuses", "unavailable"}, codes: "statuses"}

const defaultUnavailable = 500

// errors reads the format and the statuses of refusals. Their texts are not
// configurable: they are those of the API's documents.
func (s *section) errors(key string, into *Settings) {
	into.Gate.Unavailable = defaultUnavailable
	inner := s.block(key, errorsKeys)
	if inner == nil {
		return
	}
	into.Gate.Problem = inner.choice("format", "upstream", []string{"upstream", "problem"}) == "problem"
	statuses := inner.table("statuses")
	if statuses != nil {
		into.Gate.Statuses = statuses.statuses(into.Gate.Blocks)
	}
	into.Gate.Unavailable = inner.integer("unavailable", defaultUnavailable, 500, 599)
}

// statuses reads pairs of code and status. A code is one that a configured API
// documents, or an HTTP status of the upstream.
func (s *section) statuses(blocks []*gate.Block) map[string]int {
	read := map[string]int{}
	for _, code := range s.names {
		if unquotedKey(code) {
			s.fault(code, quoteTheCode)
			continue
		}
		if !isStatus(code) && !isDocumented(code, blocks) {
			s.fault(code, "not a code that a configured api documents; allowed: those, and an HTTP status from 200 to 599"+numberHint(code, 400, 599))
			continue
		}
		if !s.has(code) {
			s.fault(code, "name the status that clients get, from 400 to 599")
			continue
		}
		read[code] = s.integer(code, 0, 400, 599)
	}
	return read
}

// isStatus says whether code is an HTTP status that an upstream's response can
// have. The transport never hands on informational ones (1xx).
func isStatus(code string) bool {
	status, err := strconv.Atoi(code)
	return err == nil && len(code) == 3 && status >= 200 && status <= 599
}

// isDocumented says whether the API of one of the blocks documents the code. It
// is true where an api is missing or was not understood: that is a fault already,
// and a second one would blame a code that may be right.
func isDocumented(code string, blocks []*gate.Block) bool {
	if code == "" {
		return false
	}
	if len(blocks) == 0 {
		return true
	}
	for _, block := range blocks {
		if block.API == nil {
			return true
		}
		if block.API.Documented(code) {
			return true
		}
	}
	return false
}

// reservedFor says what a reserved header is for; empty if it is none.
func reservedFor(canonical string) string {
	for i := range reservedHeaders {
		group := &reservedHeaders[i]
		if contains(group.names, canonical) {
			return group.one
		}
		for _, family := range group.families {
			if strings.HasPrefix(canonical, family) {
				return group.many
			}
		}
	}
	return ""
}
