package config

import (
	"fmt"
	"sort"
	"strings"
)

// describe says everything that settings hold, a line each, by the keys of the
// configuration: what testdata/config writes under "settings".
func describe(s *Settings) string {
	var lines []string
	say := func(key string, value any) {
		lines = append(lines, fmt.Sprintf("%s=%v", key, value))
	}
	for i, b := range s.Gate.Blocks {
		if b.API == nil {
			continue
		}
		kind := string(b.Upstream.Kind)
		say(fmt.Sprintf("block%d", i+1), kind)
		say(kind+".api", b.API.Name)
		say(kind+".url", b.Upstream.Target.URL)
		say(kind+".path", b.Upstream.Target.Path)
		say(kind+".method", b.Upstream.Target.Method)
		say(kind+".lifetime", b.Lifetime)
		say(kind+".revalidate", b.Revalidate)
		say(kind+".timeout", b.Timeout)
		say(kind+".budget", b.Budget)
		say(kind+".loginSecret", b.Upstream.LoginSecret)
		say(kind+".applicationKey", b.Upstream.Key)
		say(kind+".account", b.Upstream.Account)
		if b.Upstream.Probe != nil {
			say(kind+".probe.username", b.Upstream.Probe.User)
			say(kind+".probe.password", b.Upstream.Probe.Password)
		}
		say(kind+".tls.ca", pemSize(b.Upstream.Target.TLS.CA))
		say(kind+".tls.cert", pemSize(b.Upstream.Target.TLS.Cert))
		say(kind+".tls.key", pemSize(b.Upstream.Target.TLS.Key))
		say(kind+".tls.serverName", b.Upstream.Target.TLS.ServerName)
		say(kind+".tls.insecureSkipVerify", b.Upstream.Target.TLS.InsecureSkipVerify)
		say(kind+".canary", b.Upstream.Canary)
	}
	if s.Issuer != nil && s.Issuer.API != nil {
		say("block1", "bearer")
		say("bearer.api", s.Issuer.API.Name)
		say("bearer.url", s.Issuer.URL)
		say("bearer.loginSecret", s.Issuer.LoginSecret)
	}
	say("issuer", s.Issuer != nil)
	if s.Session != nil {
		o := s.Session
		say("session", fmt.Sprintf("{secret:%s cookie:%s path:%s parameter:%s redirect:%s logout:%s always:%t strict:%t}",
			o.Secret, o.Cookie, o.Path, o.Parameter, o.Redirect, o.Logout, o.SecureAlways, o.SameSiteStrict))
	}
	say("cache.size", s.Gate.CacheSize)
	say("cache.negativeLifetime", s.Gate.NegativeLifetime)
	say("cache.negativeSize", s.Gate.NegativeSize)
	say("cache.epoch", s.Gate.Epoch)
	say("limits.perClient", s.Gate.PerClient)
	say("limits.clientDepth", s.Gate.ClientDepth)
	say("identity.prefix", s.Gate.Prefix)
	for _, h := range s.Gate.Headers {
		say("identity.headers."+h.Header, h.Field)
	}
	say("identity.headers", len(s.Gate.Headers))
	for _, r := range s.Gate.Require {
		say("identity.require."+r.Field, strings.Join(r.Allowed, "|"))
	}
	say("identity.require", len(s.Gate.Require))
	say("forwardCredential", s.Gate.ForwardCredential)
	say("optional", s.Gate.Optional)
	say("preflight", s.Gate.Preflight)
	say("errors.problem", s.Gate.Problem)
	say("errors.unavailable", s.Gate.Unavailable)
	var codes []string
	for code := range s.Gate.Statuses {
		codes = append(codes, code)
	}
	sort.Strings(codes)
	for _, code := range codes {
		say("errors.statuses."+code, s.Gate.Statuses[code])
	}
	say("errors.statuses", len(codes))
	say("log", s.Log)
	return strings.Join(lines, "\n") + "\n"
}

// pemSize tells PEM text by its first line and its blocks, to keep the cases short.
func pemSize(text string) string {
	if text == "" {
		return "none"
	}
	first, _, _ := strings.Cut(text, "\n")
	return fmt.Sprintf("%d block(s), %s", strings.Count(text, "-----BEGIN "), first)
}
