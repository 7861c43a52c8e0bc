package transport

import (
	"net/http"
	"net/url"
	"strings"
)

// Where a redirect points, as seen from the address that was called. Nothing of it is
// said but this: it is a part of the response.
const (
	NoRedirect     = ""
	ToHTTPS        = "https"       // the same address, with https
	ToHTTP         = "http"        // the same address, with http
	ToSlash        = "slash"       // the same address, with a slash at its end or without
	ToOtherPath    = "other path"  // of the same host
	ToOtherHost    = "other host"  // or another port
	ToNothingKnown = "no location" // it names no place that can be read
)

// redirectOf tells where a redirect points.
func redirectOf(asked *url.URL, response reply) string {
	if response.status < 300 || response.status > 399 {
		return NoRedirect
	}
	location := response.header.Get("Location")
	place, err := url.Parse(location)
	if location == "" || err != nil {
		return ToNothingKnown
	}
	place = asked.ResolveReference(place)
	samePath := place.EscapedPath() == asked.EscapedPath()
	switch {
	case !strings.EqualFold(place.Hostname(), asked.Hostname()):
		return ToOtherHost
	case place.Scheme == "https" && asked.Scheme == "http" && samePath:
		return ToHTTPS
	case place.Scheme == "http" && asked.Scheme == "https" && samePath:
		return ToHTTP
	case place.Scheme != asked.Scheme || portOf(place) != portOf(asked):
		return ToOtherHost
	case !samePath && strings.TrimSuffix(place.EscapedPath(), "/") == strings.TrimSuffix(asked.EscapedPath(), "/"):
		return ToSlash
	}
	return ToOtherPath
}

// portOf is the port of an address, also where it is the scheme's own.
func portOf(address *url.URL) string {
	if address.Port() != "" {
		return address.Port()
	}
	if address.Scheme == "https" {
		return "443"
	}
	return "80"
}

// The texts with which well-known servers answer a plain request at a port for TLS, and
// HTTP/1.1 where they speak HTTP/2 alone. They are searched for in 400s and 403s alone,
// and never shown.
var (
	wantsTLS = []string{
		"HTTP request to an HTTPS server", "plain HTTP request was sent to HTTPS port", "speaking plain HTTP to an SSL-enabled",
		"combination of host and port requires TLS", "HTTP request was sent to HTTPS", "plain HTTP to an HTTPS",
	}
	wantsHTTP2 = []string{"Unknown ALPN Protocol", "expected `h2`"}
)

// defectOf says why a whole body is no JSON object.
func defectOf(asked *url.URL, response reply) cause {
	text := string(response.body)
	trimmed := strings.TrimLeft(text, "\ufeff \t\r\n")
	kind := strings.ToLower(response.header.Get("Content-Type"))
	refused := response.status == http.StatusBadRequest || response.status == http.StatusForbidden
	switch {
	case refused && asked.Scheme == "http" && containsAny(text, wantsTLS):
		return cause{text: "its port wants TLS, and was asked without", advice: "write https:// in $url", settings: true}
	case refused && containsAny(text, wantsHTTP2):
		return exchangeCause(errHTTP2Only, "")
	case trimmed == "":
		return cause{text: "its body is empty", advice: "correct $path or $url, if that is not the API's check"}
	case strings.HasPrefix(kind, "text/html") || strings.HasPrefix(kind, "application/xhtml") || startsPage(trimmed):
		// A page with 200 stays; one with another status may be that of an outage.
		return cause{text: "its body is a web page, and not the API's JSON", advice: "correct $url or $path; or a proxy, a firewall or a login page answers in the API's place", settings: response.status < 300}
	case response.header.Get("Content-Encoding") != "" && !strings.EqualFold(response.header.Get("Content-Encoding"), "gzip"):
		return cause{text: "its body is compressed in another way than gzip, which was not offered", advice: "a proxy on the way does that: name in $url an address without it"}
	case strings.HasPrefix(trimmed, "{"):
		return cause{text: "its body is not one plain JSON object"}
	}
	return cause{text: "its body is not one plain JSON object", advice: "correct $url or $path, if that is not the API's check"}
}

// startsPage tells whether a text begins as HTML, or as another document of marks.
func startsPage(text string) bool {
	begin := text
	if len(begin) > 16 {
		begin = begin[:16]
	}
	begin = strings.ToLower(begin)
	return strings.HasPrefix(begin, "<!doctype html") || strings.HasPrefix(begin, "<html") || strings.HasPrefix(begin, "<head") || strings.HasPrefix(begin, "<body") || strings.HasPrefix(begin, "<!--")
}

func containsAny(text string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

// isGarbled tells whether a body was read to an end, but is not compressed as it says.
func isGarbled(err error) bool {
	text := err.Error()
	return strings.HasPrefix(text, "gzip: ") || strings.HasPrefix(text, "flate: ")
}

// cutCause says why a body is not whole.
func cutCause(err error) cause {
	if isGarbled(err) {
		return cause{text: "its body is not the gzip that it says", advice: "something on the way changes it: name in $url an address without it"}
	}
	advice := "the API, or a proxy on the way, ends its own responses"
	if isLate(err) {
		advice = "a larger $timeout, if the API is that slow"
	}
	return cause{text: "its body was cut off: " + causeOf(err).text, advice: advice}
}
