package config

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/upstreamauth/upstreamauth/verifier"
)

const allowedURL = "an absolute http or https address without user, query and fragment, such as https://api.example.com"

// address returns the API's base address in the one spelling that is compared:
// scheme and host in lower case, no default port, no final slash. Empty if it
// is missing or wrong. What might be a user's password is never named.
func (s *section) address(key string) string {
	value := s.text(key)
	if value == "" {
		if !s.has(key) {
			s.fault(key, "required: "+allowedURL)
		}
		return ""
	}
	parsed, err := url.Parse(value)
	if err != nil || !verifier.IsVisibleASCII(value) {
		// Not named: who can tell what of it is a password.
		s.fault(key, "no address that can be read; allowed: "+allowedURL)
		return ""
	}
	why := wrongAddress(parsed, value)
	if why != "" {
		s.fault(key, quoteForLog(redacted(value))+" "+why+"; allowed: "+allowedURL)
		return ""
	}
	port := parsed.Port()
	parsed.Host = strings.ToLower(parsed.Host)
	if port == "" || parsed.Scheme == "http" && port == "80" || parsed.Scheme == "https" && port == "443" {
		parsed.Host = strings.TrimSuffix(parsed.Host, ":"+port)
	}
	return strings.TrimSuffix(parsed.String(), "/")
}

// wrongAddress says what is wrong with an address that could be read; nothing
// by default.
func wrongAddress(u *url.URL, written string) string {
	if u.Scheme != "http" && u.Scheme != "https" {
		return "is neither http nor https"
	}
	if u.User != nil {
		return "holds a user or a password"
	}
	if u.RawQuery != "" || u.ForceQuery {
		return "holds a query"
	}
	if strings.Contains(written, "#") {
		return "holds a fragment"
	}
	if !isHost(u.Hostname(), u.Host) {
		return "has no host that can be asked"
	}
	if u.Port() != "" {
		port, err := strconv.Atoi(u.Port())
		if err != nil || port < 1 || port > 65535 || strconv.Itoa(port) != u.Port() {
			return "has a port that is not from 1 to 65535"
		}
	}
	return ""
}

// isHost takes names, IPv4 addresses, and IPv6 addresses in brackets. Names
// beyond ASCII have to be written as they are asked for (xn--…).
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

// redacted hides in an address what may be a secret: all before the last @, and
// what a query or a fragment holds.
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

const allowedPath = "begins with / and holds visible ASCII and no fragment, such as /v1/check"

// target returns what is called to verify, appended to the address.
func (s *section) target(key, fallback string) string {
	value := s.text(key)
	if value == "" {
		return fallback
	}
	shape := strings.HasPrefix(value, "/") && verifier.IsVisibleASCII(value) && !strings.Contains(value, "#")
	_, err := url.Parse("http://host" + value)
	if !shape || err != nil {
		s.notAllowed(key, redacted(value), "a path that "+allowedPath)
		return fallback
	}
	return value
}
