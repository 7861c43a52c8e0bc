package config

import (
	"strings"

	"github.com/upstreamauth/upstreamauth/session"
	"github.com/upstreamauth/upstreamauth/verifier"
)

var sessionKeys = keySet{keys: []string{"secret", "cookie", "path", "parameter", "redirect", "logout", "secure", "sameSite"}}

const (
	minSessionSecret = 32  // bytes
	maxName          = 64  // bytes of a cookie's or a parameter's name
	maxSitePath      = 512 // bytes

	allowedRedirect = `begins with one "/" and holds visible ASCII without \, such as /welcome`
	allowedSitePath = `begins with one "/" and holds visible ASCII without \, %, ? and #, such as /welcome`
	allowedName     = `1 to 64 letters, digits, "-", "_" and "."`
)

// session reads the session block. Without one, into.Session stays nil.
func (s *section) session(key string, into *Settings) {
	inner := s.block(key, sessionKeys)
	if inner == nil {
		return
	}
	read := &session.Options{
		Secret:         inner.secret("secret"),
		Cookie:         inner.name("cookie", "upstreamauth"),
		Path:           inner.sitePath("path", "/external-login", "%?#", allowedSitePath),
		Parameter:      inner.name("parameter", "token"),
		Redirect:       inner.sitePath("redirect", "/", "", allowedRedirect),
		Logout:         inner.sitePath("logout", "", "%?#", allowedSitePath),
		SecureAlways:   inner.choice("secure", "auto", []string{"auto", "always"}) == "always",
		SameSiteStrict: inner.choice("sameSite", "lax", []string{"lax", "strict"}) == "strict",
	}
	into.Session = read
	if !inner.isWritten("secret") {
		inner.fault("secret", "required: at least 32 bytes, as a value, env:NAME or file:/path")
	}
	if read.Secret != "" && len(read.Secret) < minSessionSecret {
		inner.fault("secret", "must have at least 32 bytes")
	}
	if read.Logout == read.Path {
		inner.fault("logout", "must not be the path of the hand-off")
	}
	if target, _, _ := strings.Cut(read.Redirect, "?"); target == read.Path {
		inner.fault("redirect", "must not be the path of the hand-off: the browser would be redirected without end")
	}
	if len(into.Gate.Blocks) == 0 || into.Gate.Blocks[0].Upstream.Kind != verifier.Bearer {
		s.fault(key, "needs a bearer block, whose tokens it carries")
	}
}

// name reads a name that needs no escaping, in a cookie as little as in a query.
func (s *section) name(key, fallback string) string {
	value := s.text(key)
	if value == "" {
		return fallback
	}
	plain := len(value) <= maxName
	for i := 0; i < len(value); i++ {
		plain = plain && (isAlphanumeric(value[i]) || strings.Contains("-_.", value[i:i+1]))
	}
	if !plain {
		s.notAllowed(key, value, allowedName)
		return fallback
	}
	return value
}

// sitePath reads a path on this site that holds none of the bytes in without.
func (s *section) sitePath(key, fallback, without, allowed string) string {
	value := s.text(key)
	if value == "" {
		return fallback
	}
	if len(value) > maxSitePath || !isSitePath(value) || strings.ContainsAny(value, without) {
		s.notAllowed(key, redacted(value), "a path that "+allowed)
		return fallback
	}
	return value
}

// isSitePath is false for everything that could lead a browser to another site:
// browsers take "//" and "/\" for the beginning of a host, and drop tabs and line
// ends before they look.
func isSitePath(path string) bool {
	return strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") && verifier.IsVisibleASCII(path) && !strings.Contains(path, "\\")
}
