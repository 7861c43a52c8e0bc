package gate

import (
	"net/http"
	"strings"
)

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
