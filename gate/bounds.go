package gate

import (
	"net/http"
	"reflect"
	"strings"

	"github.com/upstreamauth/upstreamauth/credential"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// Limits of what one request brings in numbers. Anyone may send a megabyte of it, and
// each turn of an interpreted loop costs as much as a hundred turns of a compiled one:
// so it is counted before anything goes through it.
const (
	maxHeaderNames       = 200
	maxNameLength        = 64 // bytes; longer names are not read, and not kept
	maxTrailers          = 64 // names
	maxConnectionOptions = 32
)

// TooLarge is the denial of a request that brings more of something than any client
// needs (431).
func TooLarge() verifier.Denial {
	return verifier.Denial{
		Reason: verifier.Malformed, Status: http.StatusRequestHeaderFieldsTooLarge,
		Message: "The request has too many header fields.",
	}
}

// unread is the denial of a request that nothing else looks at; without a reason for
// any other. It has more than 200 header names, or more than 16 lines of a header that
// carries a credential of the route, or as many of such a cookie or parameter. Or it is a CONNECT (405), which is no request but
// a connection to wherever the backend leads it, for requests that no gate sees.
func unread(r *http.Request, accepts credential.Accepts, headers []string) verifier.Denial {
	h := r.Header
	if len(h) > maxHeaderNames {
		return TooLarge()
	}
	for _, name := range headers {
		if len(h[name]) > credential.MaxLines {
			return TooLarge()
		}
	}
	if accepts.Sources != nil && accepts.TooMany(r) {
		return TooLarge()
	}
	if r.Method == http.MethodConnect {
		return verifier.Denial{Reason: verifier.Malformed, Status: http.StatusMethodNotAllowed, Message: "CONNECT is not allowed."}
	}
	return verifier.Denial{}
}

// dropTrailers drops the trailers of a request that announces too many. Others hold
// the same map, so that it is emptied too.
func dropTrailers(r *http.Request) {
	if len(r.Trailer) > maxTrailers {
		empty(r.Trailer)
		r.Trailer = nil
	}
}

// empty removes all headers in one compiled call, however many there are.
func empty(h http.Header) {
	reflect.ValueOf(h).Clear()
}

// emptyHeaders removes all headers but the two that the form of a denial depends on.
func emptyHeaders(h http.Header) {
	content, expect := h["Content-Type"], h["Expect"]
	empty(h)
	if len(content) == 1 {
		h["Content-Type"] = content
	}
	if len(expect) > 0 {
		h["Expect"] = expect[:1]
	}
}

const requestMethod = "Access-Control-Request-Method"

// isPreflight recognizes a CORS preflight (Fetch standard, 4.8) by its method and its
// two headers, and by what a browser never sends with one: a body, cookies, a
// credential, a change of protocol or of the method. A backend would act on any of
// these in a request that nobody has checked. It is asked before strip, which removes
// some of them, and after the names were counted. Longer names than any browser's are
// not read. credentials are the headers of the route's credentials.
func isPreflight(r *http.Request, credentials []string) bool {
	h := r.Header
	for _, name := range credentials {
		if len(h[name]) > 0 {
			return false
		}
	}
	if r.Method != http.MethodOptions || len(h["Origin"]) != 1 || len(h[requestMethod]) != 1 {
		return false
	}
	if h["Origin"][0] == "" || h[requestMethod][0] == "" {
		return false
	}
	if r.ContentLength != 0 || len(r.TransferEncoding) > 0 || len(r.Trailer) > 0 {
		return false
	}
	for name := range h {
		if len(name) > maxNameLength || (name != requestMethod && isForOthers(Fold(name))) {
			return false
		}
	}
	return true
}

// isForOthers tells whether a folded header name belongs to requests that are no
// preflights. Whatever speaks of a method is taken for an override of it: there are
// X-HTTP-Method-Override, X-HTTP-Method, X-Method-Override, and frameworks with more.
func isForOthers(folded string) bool {
	return ordinary[folded] || strings.Contains(folded, "method")
}

var ordinary = map[string]bool{
	"authorization": true, "proxy-authorization": true, "application-key": true, "cookie": true, "expect": true,
	"upgrade": true, "http2-settings": true,
}
