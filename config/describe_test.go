package config

import (
	"fmt"
	"sort"
	"strings"
)

// describe writes all settings, a line each, under the keys of the configuration. The
// cases of testdata/config list some of these lines as "settings".
func describe(s *Settings) string {
	var lines []string
	add := func(key string, value any) {
		lines = append(lines, fmt.Sprintf("%s=%v", key, value))
	}
	for i, block := range s.Gate.Blocks {
		if block.API == nil {
			continue
		}
		kind := string(block.Upstream.Kind)
		add(fmt.Sprintf("block%d", i+1), kind)
		add(kind+".api", block.API.Name)
		add(kind+".url", block.Upstream.Target.URL)
		add(kind+".path", block.Upstream.Target.Path)
		add(kind+".method", block.Upstream.Target.Method)
		add(kind+".lifetime", block.Lifetime)
		add(kind+".revalidate", block.Revalidate)
		add(kind+".timeout", block.Timeout)
		add(kind+".budget", block.Budget)
		add(kind+".loginSecret", block.Upstream.LoginSecret)
		add(kind+".applicationKey", block.Upstream.Key)
		add(kind+".account", block.Upstream.Account)
		if block.Upstream.Probe != nil {
			add(kind+".probe.username", block.Upstream.Probe.User)
			add(kind+".probe.password", block.Upstream.Probe.Password)
		}
		add(kind+".tls.ca", pemSize(block.Upstream.Target.TLS.CA))
		add(kind+".tls.cert", pemSize(block.Upstream.Target.TLS.Cert))
		add(kind+".tls.key", pemSize(block.Upstream.Target.TLS.Key))
		add(kind+".tls.serverName", block.Upstream.Target.TLS.ServerName)
		add(kind+".tls.insecureSkipVerify", block.Upstream.Target.TLS.InsecureSkipVerify)
		add(kind+".canary", block.Upstream.Canary)
	}
	if s.Issuer != nil && s.Issuer.API != nil {
		add("block1", "bearer")
		add("bearer.api", s.Issuer.API.Name)
		add("bearer.url", s.Issuer.URL)
		add("bearer.loginSecret", s.Issuer.LoginSecret)
	}
	add("issuer", s.Issuer != nil)
	if s.Session != nil {
		o := s.Session
		add("session", fmt.Sprintf("{secret:%s cookie:%s path:%s parameter:%s redirect:%s logout:%s always:%t strict:%t}",
			o.Secret, o.Cookie, o.Path, o.Parameter, o.Redirect, o.Logout, o.SecureAlways, o.SameSiteStrict))
	}
	add("cache.size", s.Gate.CacheSize)
	add("cache.negativeLifetime", s.Gate.NegativeLifetime)
	add("cache.negativeSize", s.Gate.NegativeSize)
	add("cache.epoch", s.Gate.Epoch)
	add("limits.perClient", s.Gate.PerClient)
	add("limits.clientDepth", s.Gate.ClientDepth)
	add("identity.prefix", s.Gate.Prefix)
	for _, header := range s.Gate.Headers {
		add("identity.headers."+header.Header, header.Field)
	}
	add("identity.headers", len(s.Gate.Headers))
	for _, requirement := range s.Gate.Require {
		add("identity.require."+requirement.Field, strings.Join(requirement.Allowed, "|"))
	}
	add("identity.require", len(s.Gate.Require))
	add("forwardCredential", s.Gate.ForwardCredential)
	add("optional", s.Gate.Optional)
	add("preflight", s.Gate.Preflight)
	add("errors.problem", s.Gate.Problem)
	add("errors.unavailable", s.Gate.Unavailable)
	var codes []string
	for code := range s.Gate.Statuses {
		codes = append(codes, code)
	}
	sort.Strings(codes)
	for _, code := range codes {
		add("errors.statuses."+code, s.Gate.Statuses[code])
	}
	add("errors.statuses", len(codes))
	add("log", s.Log)
	return strings.Join(lines, "\n") + "\n"
}

// pemSize stands for PEM text in a line: its first line and how many blocks it has.
func pemSize(text string) string {
	if text == "" {
		return "none"
	}
	first, _, _ := strings.Cut(text, "\n")
	return fmt.Sprintf("%d block(s), %s", strings.Count(text, "-----BEGIN "), first)
}
