// Package site answers: where may a browser be led, and which cookies does it keep? It
// judges values that package config has read: it returns what is wrong with them, and
// reads none itself.
package site

import (
	"net/netip"
	"net/url"
	"strings"

	"github.com/upstreamauth/upstreamauth/verifier"
)

const (
	maxAddress = 1024 // bytes
	maxDomain  = 253  // of a name in DNS

	letters = "0123456789abcdefghijklmnopqrstuvwxyz"

	allowedAddress = `; allowed: a path of this site that begins with one "/", or an https address, in visible ASCII without \`
	allowedDomain  = "; allowed: a name with a dot in it, such as example.com"
)

// IsPath is false for everything that could lead a browser to another site: browsers take
// "//" and "/\" for the beginning of a host, and drop tabs and line ends before they look.
func IsPath(path string) bool {
	return strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") && verifier.IsVisibleASCII(path) && !strings.Contains(path, "\\")
}

// Address says what is wrong with an address that a browser is led to; empty: nothing. It
// is a path of this site, or one of another with TLS: whoever changes what comes without
// TLS would choose where its visitors type their passwords.
func Address(value string) string {
	if len(value) > maxAddress {
		return "is not allowed: it is over 1 KiB"
	}
	if IsPath(value) {
		_, err := url.Parse("https://host" + value)
		if err != nil || strings.Contains(pathOf(value), "//") || hasDots(pathOf(value)) {
			return `is not allowed; allowed: a path without "//", without segments . and .., and without a % that begins no escape`
		}
		return ""
	}
	if strings.HasPrefix(strings.ToLower(value), "http://") {
		return "is not allowed without TLS" + allowedAddress
	}
	parsed, err := url.Parse(value)
	if err != nil || parsed.Scheme != "https" || !strings.HasPrefix(strings.ToLower(value), "https://") || !verifier.IsVisibleASCII(value) || strings.Contains(value, "\\") {
		return "is not allowed" + allowedAddress
	}
	if parsed.User != nil {
		return "is not allowed: it holds a user or a password" + allowedAddress
	}
	host := parsed.Hostname()
	if !isName(strings.ToLower(host)) && !isIP(host) {
		return "is not allowed: it has no valid host" + allowedAddress
	}
	return ""
}

// Login is Address for one that may hold a placeholder: what stands there is another
// site's, or a reader's, and so it may not be in the host or the path.
func Login(value, placeholder string) string {
	if strings.Contains(pathOf(value), placeholder) {
		return "is not allowed; allowed: " + placeholder + " behind a ?, as the value of a parameter"
	}
	rest := strings.ReplaceAll(value, placeholder, "x")
	_, inner, opened := strings.Cut(rest, "{")
	name, _, closed := strings.Cut(inner, "}")
	if opened && closed {
		return "holds {" + name + "}, a placeholder that is not known; allowed: " + placeholder
	}
	return Address(rest)
}

// Domain reads the name whose subdomains get a cookie, or says what is wrong with it.
func Domain(value string) (name, defect string) {
	name = strings.TrimPrefix(strings.ToLower(value), ".")
	if strings.ContainsAny(name, ":/@*") {
		return "", "is not allowed: it is the name alone, without a scheme, a port, a path or a *" + allowedDomain
	}
	if isIP(name) {
		return "", "is not allowed: browsers keep a cookie for subdomains of a name, and an address has none" + allowedDomain
	}
	if !isName(name) {
		return "", "is not allowed" + allowedDomain + "; names in other letters as xn--…"
	}
	if !strings.Contains(name, ".") {
		return "", "is not allowed: browsers drop a cookie that is to be for all names below it" + allowedDomain
	}
	return name, ""
}

// NeedsSecure says whether browsers take a cookie of this name only with Secure
// (RFC 6265bis, 4.1.3, and its successors). They compare prefixes without case.
func NeedsSecure(cookie string) bool {
	lower := strings.ToLower(cookie)
	return strings.HasPrefix(lower, "__host-") || strings.HasPrefix(lower, "__secure-") || strings.HasPrefix(lower, "__http-")
}

// ForHost says whether browsers take a cookie of this name only without a domain.
func ForHost(cookie string) bool {
	return strings.HasPrefix(strings.ToLower(cookie), "__host-")
}

// References returns the parts of a text that refers to several secrets, as labels write
// a list; nil for any other text, which may be a secret that holds commas.
func References(text string) []string {
	var all []string
	for _, part := range strings.Split(text, ",") {
		part = strings.TrimSpace(part)
		if !strings.HasPrefix(part, "env:") && !strings.HasPrefix(part, "file:") {
			return nil
		}
		all = append(all, part)
	}
	if len(all) < 2 {
		return nil
	}
	return all
}

func isIP(host string) bool {
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil
}

// isName takes a name of DNS in lower case.
func isName(name string) bool {
	if name == "" || len(name) > maxDomain {
		return false
	}
	for _, label := range strings.Split(name, ".") {
		if label == "" || len(label) > 63 || strings.HasPrefix(label, "-") || strings.HasSuffix(label, "-") {
			return false
		}
		if strings.Trim(strings.ReplaceAll(label, "-", ""), letters) != "" {
			return false
		}
	}
	return true
}

func pathOf(address string) string {
	end := strings.IndexAny(address, "?#")
	if end >= 0 {
		return address[:end]
	}
	return address
}

func hasDots(path string) bool {
	plain := strings.ReplaceAll(strings.ReplaceAll(path, "%2e", "."), "%2E", ".") + "/"
	return strings.Contains(plain, "/./") || strings.Contains(plain, "/../")
}
