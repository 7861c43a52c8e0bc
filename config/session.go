package config

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/upstreamauth/upstreamauth/config/site"
	"github.com/upstreamauth/upstreamauth/gate"
	"github.com/upstreamauth/upstreamauth/session"
	"github.com/upstreamauth/upstreamauth/verifier"
)

var sessionKeys = keySet{keys: []string{
	"secret", "cookie", "domain", "path", "parameter", "redirect", "return", "login", "logout", "logoutRedirect", "secure", "sameSite", "origins",
}}

const (
	minSessionSecret  = 32  // bytes
	minSessionBytes   = 8   // different ones among them
	maxSessionSecrets = 8   // each is tried with each cookie
	maxSitePath       = 512 // bytes

	allowedRedirect = `begins with one "/" and holds visible ASCII without \, such as /welcome`
	allowedSitePath = `begins with one "/" and holds visible ASCII without \, %, ? and #, such as /welcome`
	allowedClean    = `a path without "//" and without segments . and .., with which no request arrives here`
	allowedOrigin   = "an origin of a page, without a path, such as https://app.example.com or http://localhost:8080"
)

// session reads the session block. Without one, into.Session stays nil.
func (s *section) session(key string, into *Settings) {
	inner := s.block(key, sessionKeys)
	if inner == nil {
		return
	}
	kind := carriedKind(into.Gate.Blocks)
	path, back := "/external-login", ""
	if kind == verifier.Basic {
		path, back = "/login", "return"
	}
	read := &session.Options{
		Kind:           kind,
		Secrets:        inner.secrets("secret"),
		Cookie:         inner.name("cookie", "upstreamauth"),
		Path:           inner.sitePath("path", path, "%?#", allowedSitePath),
		Parameter:      inner.name("parameter", "token"),
		Redirect:       inner.sitePath("redirect", "/", "", allowedRedirect),
		Return:         inner.name("return", back),
		Logout:         inner.sitePath("logout", "", "%?#", allowedSitePath),
		SecureAlways:   inner.choice("secure", "auto", []string{"auto", "always"}) == "always",
		SameSiteStrict: inner.choice("sameSite", "lax", []string{"lax", "strict"}) == "strict",
		Origins:        inner.origins("origins"),
	}
	into.Session = read
	if len(read.Path) > 1 {
		read.Path = strings.TrimSuffix(read.Path, "/") // it is met with a slash behind it, too
	}
	inner.cookieOf(read)
	inner.waysOf(read)
	if kind == "" {
		s.fault(key, "needs a bearer block, whose tokens it carries, or a basic block, whose accounts it carries")
	}
}

// carriedKind is the kind of credential that a session carries, which needs a block of it;
// empty: there is none.
func carriedKind(blocks []*gate.Block) verifier.Kind {
	kind := verifier.Kind("")
	for _, block := range blocks {
		if block.Upstream.Kind == verifier.Bearer || (block.Upstream.Kind == verifier.Basic && kind == "") {
			kind = block.Upstream.Kind
		}
	}
	return kind
}

// secrets reads one secret of sessions, or a list of them.
func (s *section) secrets(key string) []string {
	if !s.isWritten(key) {
		s.fault(key, "required: at least 32 bytes, as a value, env:NAME or file:/path")
		return nil
	}
	raw := s.values[key]
	var items []rawValue
	if raw.shape == shapeList {
		for i := 0; i < raw.value.Len(); i++ {
			items = append(items, inspect(raw.value.Index(i)))
		}
	}
	for _, reference := range site.References(raw.text) {
		items = append(items, scalar(reference))
	}
	if raw.shape == shapeList && len(items) == 0 {
		s.fault(key, "an empty list; write at least one value")
	}
	if len(items) > maxSessionSecrets {
		s.fault(key, strconv.Itoa(len(items))+" secrets; allowed: at most "+strconv.Itoa(maxSessionSecrets))
		return nil
	}
	names := []string{key}
	holder := &section{reader: s.reader, path: s.path, values: map[string]rawValue{key: raw}}
	if len(items) > 0 {
		names = nil
	}
	for i, item := range items {
		name := key + "[" + strconv.Itoa(i) + "]"
		names = append(names, name)
		holder.values[name] = item
	}
	var read []string
	for _, name := range names {
		if holder.values[name].shape == shapeList {
			break // it is empty, and has its fault
		}
		secret := holder.secret(name)
		holder.guessable(name, secret, minSessionSecret, minSessionBytes)
		if secret != "" && contains(read, secret) {
			s.fault(name, "is written twice; keep one")
		}
		read = append(read, secret)
	}
	return read
}

// cookieOf reads and checks what the cookie depends on.
func (s *section) cookieOf(read *session.Options) {
	if site.NeedsSecure(read.Cookie) && !read.SecureAlways {
		s.fault("cookie", quoteForLog(read.Cookie)+" needs secure: always: browsers drop a cookie with this prefix that is not Secure")
	}
	value := s.text("domain")
	if value == "" || s.isPlaceholder("domain", value) {
		return
	}
	name, defect := site.Domain(value)
	if defect != "" {
		s.fault("domain", quoteForLog(redacted(value))+" "+defect)
	}
	read.Domain = name
	if site.ForHost(read.Cookie) {
		s.fault("domain", "not with a cookie whose name begins with __Host-: browsers drop one that has a domain; choose another session.cookie")
	}
}

// waysOf reads and checks where browsers are led.
func (s *section) waysOf(read *session.Options) {
	if strings.TrimSuffix(read.Logout, "/") == strings.TrimSuffix(read.Path, "/") && read.Logout != "" {
		s.fault("logout", "must not be the path of the hand-off")
	}
	s.notTheHandoff("redirect", read.Redirect, read.Path)
	read.Login = s.leadsTo("login", site.Login(s.text("login"), session.Placeholder))
	if read.Kind == verifier.Bearer {
		s.notTheHandoff("login", read.Login, read.Path)
	}
	read.LogoutRedirect = s.leadsTo("logoutRedirect", site.Address(s.text("logoutRedirect")))
	s.notTheHandoff("logoutRedirect", read.LogoutRedirect, read.Path)
	if s.isWritten("logoutRedirect") && read.Logout == "" {
		s.fault("logoutRedirect", "means nothing without logout, the path of the logout")
	}
	if read.LogoutRedirect == "" {
		read.LogoutRedirect = read.Redirect
	}
	taken := []string{read.Parameter, read.Parameter + "-step"}
	if read.Kind == verifier.Basic {
		taken = []string{"username", "password"}
		if s.isWritten("parameter") {
			s.fault("parameter", "means nothing with basic: the login page posts username and password")
		}
	}
	if contains(taken, read.Return) {
		s.fault("return", quoteForLog(read.Return)+" is the name of another field; choose another")
	}
}

// leadsTo reads where a browser is led, of which defect says what is wrong.
func (s *section) leadsTo(key, defect string) string {
	value := s.text(key)
	if value == "" || s.isPlaceholder(key, value) {
		return ""
	}
	if defect != "" {
		s.fault(key, quoteForLog(redacted(value))+" "+defect)
		return ""
	}
	return value
}

// notTheHandoff adds a fault for a way that leads to the hand-off.
func (s *section) notTheHandoff(key, way, handoff string) {
	if !strings.HasPrefix(way, "/") {
		return
	}
	target, decoded := landing(way)
	if !decoded {
		s.fault(key, quoteForLog(redacted(way))+" holds a % that begins no escape")
	} else if target == handoff {
		s.fault(key, "must not be the path of the hand-off: the browser would be redirected without end")
	}
}

// origins reads a list of origins and returns them as session.Canonical writes them.
func (s *section) origins(key string) []string {
	var read []string
	for _, value := range s.list(key) {
		read = append(read, s.origin(key, value))
	}
	return read
}

// origin reads one origin; it is empty after a fault.
func (s *section) origin(key, value string) string {
	canonical, _ := session.Canonical(value)
	parsed, err := url.Parse(value)
	if canonical == "" || err != nil || addressDefect(parsed, value) != "" || strings.HasSuffix(value, ":") {
		s.notAllowed(key, redacted(value), allowedOrigin)
		return ""
	}
	return canonical
}

// sitePath reads a path on this site that holds none of the bytes in without.
func (s *section) sitePath(key, fallback, without, allowed string) string {
	value := s.text(key)
	if value == "" || s.isPlaceholder(key, value) {
		return fallback
	}
	if len(value) > maxSitePath || !site.IsPath(value) || strings.ContainsAny(value, without) {
		s.notAllowed(key, redacted(value), "a path that "+allowed)
		return fallback
	}
	if !isClean(pathOf(value)) {
		s.notAllowed(key, redacted(value), allowedClean)
		return fallback
	}
	return value
}
