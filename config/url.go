package config

import (
	"net/netip"
	"net/url"
	pathpkg "path"
	"strconv"
	"strings"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
)

// What the faults of addresses and paths say is allowed.
const (
	allowedURL  = "an absolute http or https address without user, query and fragment, such as https://api.example.com"
	allowedPath = "begins with / and holds visible ASCII and no fragment, such as /v1/check"
)

// address returns the API's base address in one canonical spelling, because blocks
// share a cache only where their addresses are equal as text: scheme and host in
// lower case, no default port, no slash at the end. It is empty after a fault.
func (s *section) address(key string) string {
	value := s.text(key)
	if value == "" {
		if !s.has(key) {
			s.fault(key, "required: "+allowedURL)
		}
		return ""
	}
	if s.isPlaceholder(key, value) {
		return ""
	}
	parsed, err := url.Parse(value)
	if err != nil || !verifier.IsVisibleASCII(value) {
		// Not named: what cannot be parsed may hold a password anywhere.
		s.fault(key, "cannot be parsed; allowed: "+allowedURL)
		return ""
	}
	defect := addressDefect(parsed, value)
	if defect != "" {
		s.fault(key, quoteForLog(redacted(value))+" "+defect+"; allowed: "+allowedURL)
		return ""
	}
	port := parsed.Port()
	parsed.Host = strings.ToLower(parsed.Host)
	if port == "" || parsed.Scheme == "http" && port == "80" || parsed.Scheme == "https" && port == "443" {
		parsed.Host = strings.TrimSuffix(parsed.Host, ":"+port)
	}
	return strings.TrimSuffix(parsed.String(), "/")
}

// addressDefect says why a parsed address is not allowed; empty if it is.
func addressDefect(address *url.URL, written string) string {
	if address.Scheme != "http" && address.Scheme != "https" {
		return "is neither http nor https"
	}
	if address.User != nil {
		return "holds a user or a password"
	}
	if address.RawQuery != "" || address.ForceQuery {
		return "holds a query"
	}
	if strings.Contains(written, "#") {
		return "holds a fragment"
	}
	if !isHost(address.Hostname(), address.Host) {
		return "has no valid host"
	}
	if address.Port() != "" {
		port, err := strconv.Atoi(address.Port())
		if err != nil || port < 1 || port > 65535 || strconv.Itoa(port) != address.Port() {
			return "has a port that is not from 1 to 65535"
		}
	}
	if hasDotSegment(address.EscapedPath()) {
		return "has a segment . or .. in its path"
	}
	return ""
}

// isHost takes names, IPv4 addresses, and IPv6 addresses in brackets. Names with
// letters beyond ASCII must be written as DNS has them (xn--…): two spellings of
// one host would be two caches.
func isHost(name, host string) bool {
	if strings.HasPrefix(host, "[") {
		_, err := netip.ParseAddr(name)
		return err == nil
	}
	for i := 0; i < len(name); i++ {
		if !isAlphanumeric(name[i]) && !strings.Contains("-._", name[i:i+1]) {
			return false
		}
	}
	return name != ""
}

// redacted replaces what may be a secret in an address by ***: everything before
// the last @, and what a query or a fragment holds. It works on addresses that are
// wrong as well, so it does not rely on a parser.
func redacted(address string) string {
	at := strings.LastIndex(address, "@")
	encoded := strings.LastIndex(address, "%40")
	if encoded > at {
		at = encoded + len("%40") - 1
	}
	if at >= 0 {
		start := strings.Index(address, "://") + len("://")
		if start < len("://") || start > at {
			start = 0
		}
		address = address[:start] + "***@" + address[at+1:]
	}
	end := strings.IndexAny(address, "?#")
	if end >= 0 {
		address = address[:end+1] + "***"
	}
	return address
}

// target returns the path that is called to verify a credential, which may have a
// query. It is appended to the block's address.
func (s *section) target(key, fallback string) string {
	value := s.text(key)
	if value == "" || s.isPlaceholder(key, value) {
		return fallback
	}
	plain := strings.HasPrefix(value, "/") && verifier.IsVisibleASCII(value) && !strings.Contains(value, "#")
	_, err := url.Parse("http://host" + value)
	if !plain || err != nil {
		s.notAllowed(key, redacted(value), "a path that "+allowedPath)
		return fallback
	}
	if hasDotSegment(pathOf(value)) {
		s.notAllowed(key, redacted(value), "a path without segments . and .., which some servers resolve and others do not")
		return fallback
	}
	return value
}

// checkCall adds a fault where address and path, which are each allowed, make a call
// that does not verify: one to the path twice, one to the API's logout, which ends
// each credential that it is asked about, and one to its logins.
func (s *section) checkCall(address, path string, api *apis.API) {
	if address == "" || path == "" {
		return
	}
	called := pathOf(path)
	if strings.Count(called, "/") > 1 && strings.HasSuffix(address, called) {
		s.fault("url", quoteForLog(redacted(address))+" ends in the path, which is appended to it; leave it out here")
	}
	if api.Login == nil {
		return
	}
	if api.Login.Logout != "" && strings.HasSuffix(address+called, api.Login.Logout) {
		s.fault("path", "is the logout of "+api.Name+": each check would end the credential that it is about; name a path that only a valid credential may call")
	}
	for _, login := range api.Login.Paths {
		if strings.HasSuffix(address+called, login) {
			s.fault("path", "is a login of "+api.Name+": it issues tokens and checks none; name a path that only a valid credential may call")
		}
	}
}

// checkBase adds a fault for the address of mode: issuer whose path no request here
// can have: Traefik cleans paths before it hands requests on, and the issuer looks at
// none with escapes in it.
func (s *section) checkBase(key, address string) {
	parsed, err := url.Parse(address)
	if err != nil || address == "" {
		return
	}
	if strings.Contains(parsed.Path+"/", "//") || parsed.RawPath != "" {
		s.fault(key, quoteForLog(redacted(address))+` has a path that no request has here; allowed: one without "//" and escaped slashes`)
	}
}

// pathOf is what stands before the query and the fragment.
func pathOf(target string) string {
	end := strings.IndexAny(target, "?#")
	if end >= 0 {
		return target[:end]
	}
	return target
}

// hasDotSegment says whether a path has a segment "." or "..", also as an escape.
// Clients, proxies and servers resolve these, each at a place of its own: what is asked
// for is another path than the one that was written.
func hasDotSegment(path string) bool {
	plain := strings.ReplaceAll(strings.ReplaceAll(path, "%2e", "."), "%2E", ".")
	for _, segment := range strings.Split(plain, "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return false
}

// isClean says whether requests for a path of this site arrive with just that path:
// browsers resolve dot segments, and Traefik removes doubled slashes.
func isClean(path string) bool {
	return !strings.Contains(path, "//") && !hasDotSegment(path)
}

// landing is the path with which a request for target arrives here: without query and
// escapes, and without a slash at its end. It is false for a broken escape.
func landing(target string) (string, bool) {
	decoded, err := url.PathUnescape(pathOf(target))
	if err != nil {
		return "", false
	}
	clean := pathpkg.Clean(decoded)
	return clean, true
}
