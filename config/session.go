package config

import (
	"strings"

	"github.com/upstreamauth/upstreamauth/session"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// What a session block may hold.
var sessionKeys = keySet{keys: []string{"secret", "cookie", "path", "parameter", "redirect", "logout", "secure", "sameSite"}}

const (
	minSessionSecret = 32  // bytes
	maxName          = 64  // bytes of a cookie's or a parameter's name
	maxSitePath      = 512 // bytes

	allowedRedirect = `begins with one "/" and holds visible ASCII without \, such as /welcome`
	allowedSitePath = `begins with one "/" and holds visible ASCII without \, %, ? and #, such as /welcome`
	allowedName     = `1 to 64 letters, digits, "-", "_" and "."`
)

// session reads how browsers are carried across; nil if they are not.
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
	if inner.values["secret"].shape == "" {
		inner.fault("secret", "required: at least 32 bytes, as a value, env:NAME or file:/path")
	}
	if read.Secret != "" && len(read.Secret) < minSessionSecret {
		inner.fault("secret", "must have at least 32 bytes")
	}
	if read.Logout == read.Path {
		inner.fault("logout", "must not be the path of the hand-off")
	}
	if target, _, _ := strings.Cut(read.Redirect, "?"); target == read.Path {
		inner.fault("redirect", "must not be the path of the hand-off, which would go round")
	}
	if len(into.Gate.Blocks) == 0 || into.Gate.Blocks[0].Upstream.Kind != verifier.Bearer {
		s.fault(key, "needs a bearer block, whose tokens it carries")
	}
}

// name is one that may stand in a cookie and in a query as it is.
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

// sitePath is a path on this site, without certain characters, and cannot be
// read as another's: browsers take "//" and "/\\" for the beginning of a host.
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

func isSitePath(path string) bool {
	return strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") && verifier.IsVisibleASCII(path) && !strings.Contains(path, "\\")
}
