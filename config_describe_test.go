package upstreamauth

import (
	"fmt"
	"sort"
	"strings"
)

// describe says everything that settings hold, a line each, by the keys of the
// configuration: what testdata/config writes under "settings".
func describe(s *settings) string {
	var lines []string
	say := func(key string, value any) {
		lines = append(lines, fmt.Sprintf("%s=%v", key, value))
	}
	for i, b := range s.blocks {
		if b.api == nil {
			continue
		}
		kind := string(b.upstream.Kind)
		say(fmt.Sprintf("block%d", i+1), kind)
		say(kind+".api", b.api.Name)
		say(kind+".url", b.upstream.URL)
		say(kind+".path", b.upstream.Path)
		say(kind+".method", b.upstream.Method)
		say(kind+".lifetime", b.lifetime)
		say(kind+".revalidate", b.revalidate)
		say(kind+".timeout", b.timeout)
		say(kind+".budget", b.budget)
		say(kind+".loginSecret", b.learn)
		say(kind+".applicationKey", b.upstream.Key)
		say(kind+".account", b.upstream.Account)
		if b.upstream.Probe != nil {
			say(kind+".probe.username", b.upstream.Probe.User)
			say(kind+".probe.password", b.upstream.Probe.Password)
		}
		say(kind+".tls.ca", pemSize(b.upstream.TLS.CA))
		say(kind+".tls.cert", pemSize(b.upstream.TLS.Cert))
		say(kind+".tls.key", pemSize(b.upstream.TLS.Key))
		say(kind+".tls.serverName", b.upstream.TLS.ServerName)
		say(kind+".tls.insecureSkipVerify", b.upstream.TLS.InsecureSkipVerify)
		say(kind+".canary", b.upstream.Canary)
	}
	say("issuer", s.issuer)
	if s.session != nil {
		say("session", fmt.Sprintf("%+v", *s.session))
	}
	say("cache.size", s.cacheSize)
	say("cache.negativeLifetime", s.negative)
	say("cache.negativeSize", s.negativeSize)
	say("cache.epoch", s.epoch)
	say("limits.perClient", s.perClient)
	say("limits.clientDepth", s.depth)
	say("identity.prefix", s.prefix)
	for _, h := range s.headers {
		say("identity.headers."+h.Header, h.Field)
	}
	say("identity.headers", len(s.headers))
	for _, r := range s.require {
		say("identity.require."+r.field, strings.Join(r.allowed, "|"))
	}
	say("identity.require", len(s.require))
	say("forwardCredential", s.forwardCredential)
	say("optional", s.optional)
	say("preflight", s.preflight)
	say("errors.problem", s.problem)
	say("errors.unavailable", s.unavailable)
	var codes []string
	for code := range s.statuses {
		codes = append(codes, code)
	}
	sort.Strings(codes)
	for _, code := range codes {
		say("errors.statuses."+code, s.statuses[code])
	}
	say("errors.statuses", len(codes))
	say("log", s.log)
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
