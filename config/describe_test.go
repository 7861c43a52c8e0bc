package config

import (
	"fmt"
	"sort"
	"strings"

	"github.com/upstreamauth/upstreamauth/cache/shared"
	"github.com/upstreamauth/upstreamauth/gate"
	"github.com/upstreamauth/upstreamauth/telemetry/status"
	"github.com/upstreamauth/upstreamauth/verifier"
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
		describeTarget(block, add)
		add(kind+".canary", block.Upstream.Canary)
		if block.API.Definition != "" {
			describeAPI(block, add)
		}
	}
	if s.Issuer != nil && s.Issuer.API != nil {
		add("block1", "bearer")
		add("bearer.api", s.Issuer.API.Name)
		add("bearer.url", s.Issuer.URL)
		add("bearer.loginSecret", s.Issuer.LoginSecret)
		describeShared(s.Issuer.Shared, add)
	}
	describeShared(s.Gate.Shared, add)
	add("issuer", s.Issuer != nil)
	describeStatus(s.Status, add)
	if s.Session != nil {
		o := s.Session
		add("session", fmt.Sprintf("{kind:%s secret:%s cookie:%s domain:%s path:%s parameter:%s redirect:%s return:%s login:%s logout:%s logoutRedirect:%s always:%t strict:%t origins:%q}",
			o.Kind, strings.Join(o.Secrets, ","), o.Cookie, o.Domain, o.Path, o.Parameter, o.Redirect, o.Return, o.Login, o.Logout, o.LogoutRedirect, o.SecureAlways, o.SameSiteStrict, o.Origins))
	}
	add("websocket.maxAge", map[bool]string{true: "token", false: "none"}[s.Gate.SocketsEnd])
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

func describeStatus(o *status.Options, add func(string, any)) {
	if o == nil {
		return
	}
	add("status", true)
	add("status.token", o.Token)
	add("status.secure", o.SecureAlways)
	add("status.perClient", o.PerClient)
	add("status.clientDepth", o.ClientDepth)
}

// describeShared writes which memory is shared, and how it is reached.
func describeShared(o *shared.Options, add func(string, any)) {
	if o == nil {
		return
	}
	add("shared.secret", o.Secret)
	add("shared.local", o.Local)
	add("shared.prefix", o.Prefix)
	add("shared.budget", o.Budget)
	add("shared.timeout", o.Redis.Timeout)
	add("shared.redis.endpoints", strings.Join(o.Redis.Endpoints, "|"))
	add("shared.redis.master", o.Redis.Master)
	add("shared.redis.username", o.Redis.Username)
	add("shared.redis.password", o.Redis.Password)
	add("shared.redis.db", o.Redis.DB)
	if c := o.Redis.TLS; c == nil {
		add("shared.redis.tls", "none")
	} else {
		add("shared.redis.tls", fmt.Sprintf("{roots:%t certificates:%d serverName:%s least:%x checked:%t}",
			c.RootCAs != nil, len(c.Certificates), c.ServerName, c.MinVersion, !c.InsecureSkipVerify))
	}
}

// describeTarget writes where a block reads its credential, and how it connects.
func describeTarget(block *gate.Block, add func(string, any)) {
	kind := string(block.Upstream.Kind)
	add(kind+".tls.ca", pemSize(block.Upstream.Target.TLS.CA))
	add(kind+".tls.cert", pemSize(block.Upstream.Target.TLS.Cert))
	add(kind+".tls.key", pemSize(block.Upstream.Target.TLS.Key))
	add(kind+".tls.serverName", block.Upstream.Target.TLS.ServerName)
	add(kind+".tls.insecureSkipVerify", block.Upstream.Target.TLS.InsecureSkipVerify)
	if p := block.Place; p != nil {
		add(kind+".place", fmt.Sprintf("%s %q %t %s %s", p.Header, p.Schemes, p.Bare, p.Cookie, p.Query))
	}
	if block.Pattern != nil {
		add(kind+".pattern", block.Pattern)
	}
	for _, h := range block.Upstream.Target.Headers {
		add(kind+".headers."+h.Name, fmt.Sprint(h.Value, " ", h.Secret))
	}
	add(kind+".host", block.Upstream.Target.Host)
	add(kind+".proxy", block.Upstream.Target.Proxy)
	add(kind+".keepAlive", !block.Upstream.Target.SingleUse)
}

// describeAPI writes what an API that the configuration describes is made of: what is
// sent for a sample credential, and what the responses mean.
func describeAPI(block *gate.Block, add func(key string, value any)) {
	kind := string(block.Upstream.Kind)
	api := block.API
	c := verifier.Credential{Kind: block.Upstream.Kind, Token: "TOKEN", User: "USER", Password: "PASSWORD"}
	if c.Kind == verifier.Basic {
		c.Token = ""
	}
	call := api.Request(c, block.Upstream)
	var names []string
	for name := range call.Header {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		add(kind+".sends."+name, call.Header[name][0])
	}
	add(kind+".sends.path", call.Path)
	add(kind+".sends.body", call.Body)
	add(kind+".sends.type", call.ContentType)
	add(kind+".quota", api.QuotaBy)
	add(kind+".statusOnly", api.StatusOnly)
	for i := range api.Rows {
		row := &api.Rows[i]
		add(fmt.Sprintf("%s.row%d", kind, i), fmt.Sprint(row.Meaning, " ", row.Status, " ", row.Reason, " ", row.Message))
	}
	for _, header := range api.Headers {
		add(kind+".header."+header.Header, header.Field)
	}
	add(kind+".parts", api.Parts)
	if api.Body != nil {
		add(kind+".body", api.Body(verifier.Denial{Status: 401, Reason: verifier.Invalid, Code: "7", Message: "no"}))
	}
	add(kind+".message", api.Message(verifier.Missing))
	add(kind+".code", api.OwnCode(verifier.Missing))
}

// pemSize stands for PEM text in a line: its first line and how many blocks it has.
func pemSize(text string) string {
	if text == "" {
		return "none"
	}
	first, _, _ := strings.Cut(text, "\n")
	return fmt.Sprintf("%d block(s), %s", strings.Count(text, "-----BEGIN "), first)
}
