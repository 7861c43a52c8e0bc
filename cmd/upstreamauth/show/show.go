// Package show answers one question: what does a configuration mean, with all that it
// does not say?
package show

import (
	"fmt"
	"io"
	"net/http"
	"sort"
	"strconv"
	"strings"

	"github.com/upstreamauth/upstreamauth/config"
	"github.com/upstreamauth/upstreamauth/gate"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// masked is what stands for a secret.
const masked = "***"

// page writes settings as YAML, a key a line.
type page struct {
	w      io.Writer
	raw    map[string]any
	indent int
}

// Settings writes the settings of a block with all defaults. Secrets are masked; raw is
// the block as it was written, of which their references are shown.
func Settings(w io.Writer, s *config.Settings, raw map[string]any) {
	p := &page{w: w, raw: raw}
	if s.Issuer != nil {
		p.line("mode", "issuer")
		p.open("bearer")
		p.line("api", s.Issuer.API.Name)
		p.line("url", s.Issuer.URL)
		p.line("loginSecret", p.secret("bearer", "loginSecret"))
		p.indent--
		p.shared(s.Issuer.Shared)
		p.line("log", s.Log)
		p.inRedis(s.Issuer.Shared, true)
		return
	}
	if s.Status != nil {
		p.status(s)
		return
	}
	p.line("mode", "protect")
	for _, block := range s.Gate.Blocks {
		p.credential(block)
	}
	p.gate(&s.Gate)
	p.session(s)
	p.shared(s.Gate.Shared)
	p.line("log", s.Log)
	for _, block := range s.Gate.Blocks {
		sends(w, block, p)
	}
	p.inRedis(s.Gate.Shared, p.written("bearer", "loginSecret") != nil)
}

func (p *page) line(key string, value any) {
	text := fmt.Sprint(orNone(fmt.Sprint(value) != "", value))
	fmt.Fprintf(p.w, "  %s%s: %s\n", strings.Repeat("  ", p.indent), key, text)
}

func (p *page) open(key string) {
	fmt.Fprintf(p.w, "  %s%s:\n", strings.Repeat("  ", p.indent), key)
	p.indent++
}

// credential writes one credential block.
func (p *page) credential(b *gate.Block) {
	kind := string(b.Upstream.Kind)
	t := b.Upstream.Target
	p.open(kind)
	p.line("api", b.API.Name)
	p.line("url", t.URL)
	p.line("path", t.Path)
	p.line("method", t.Method)
	p.line("lifetime", short(b.Lifetime))
	p.line("revalidate", orNone(b.Revalidate > 0, short(b.Revalidate)))
	p.line("timeout", short(b.Timeout))
	p.line("budget", orNone(b.Budget.Calls > 0, rate(b.Budget)))
	p.line("keepAlive", !t.SingleUse)
	if b.Pattern != nil {
		p.line("pattern", p.written(kind, "pattern"))
	}
	for _, key := range []string{"header", "scheme", "cookie", "query"} {
		if written := p.written(kind, key); written != nil {
			p.line(key, written)
		}
	}
	if len(t.Headers) > 0 {
		p.open("headers")
		for _, h := range t.Headers {
			p.line(h.Name, p.shown(kind, "headers", h.Name))
		}
		p.indent--
	}
	if t.Host != "" {
		p.line("host", t.Host)
	}
	if t.Proxy != "" || p.written(kind, "proxy") != nil {
		p.line("proxy", p.secret(kind, "proxy"))
	}
	p.own(b)
	p.indent--
}

// own writes the keys that not every block has.
func (p *page) own(b *gate.Block) {
	kind := string(b.Upstream.Kind)
	t := b.Upstream.Target
	switch b.Upstream.Kind {
	case verifier.Bearer:
		p.line("loginSecret", p.secret(kind, "loginSecret"))
	case verifier.Basic:
		p.line("applicationKey", p.secret(kind, "applicationKey"))
	case verifier.ApplicationKey:
		p.line("account", b.Upstream.Account)
		if b.Upstream.Probe != nil {
			p.open("probe")
			p.line("username", b.Upstream.Probe.User)
			p.line("password", p.secret(kind, "probe", "password"))
			p.indent--
		}
	}
	if custom := p.written(kind, "custom"); custom != nil {
		p.open("custom")
		p.block(custom)
		p.indent--
	}
	if p.written(kind, "tls") != nil {
		p.open("tls")
		for _, key := range []string{"ca", "cert", "key"} {
			p.line(key, p.secret(kind, "tls", key))
		}
		p.line("serverName", t.TLS.ServerName)
		p.line("insecureSkipVerify", t.TLS.InsecureSkipVerify)
		p.indent--
	}
}

func orNone(is bool, value any) any {
	if is {
		return value
	}
	return "none"
}

// gate writes what the credential blocks share.
func (p *page) gate(o *gate.Options) {
	p.open("cache")
	p.line("size", o.CacheSize)
	p.line("negativeLifetime", short(o.NegativeLifetime))
	p.line("negativeSize", o.NegativeSize)
	p.line("epoch", o.Epoch)
	p.indent--
	p.open("limits")
	p.line("perClient", rate(o.PerClient))
	p.line("clientDepth", o.ClientDepth)
	p.indent--
	p.open("identity")
	p.line("prefix", o.Prefix)
	p.open("headers")
	for _, line := range headers(o) {
		p.line(line[0], line[1])
	}
	p.indent--
	if len(o.Require) > 0 {
		p.open("require")
		for _, r := range o.Require {
			p.line(r.Field, "["+strings.Join(r.Allowed, ", ")+"]")
		}
		p.indent--
	}
	p.indent--
	p.line("forwardCredential", o.ForwardCredential)
	p.line("optional", o.Optional)
	p.line("preflight", o.Preflight)
	p.open("errors")
	format := "upstream"
	if o.Problem {
		format = "problem"
	}
	p.line("format", format)
	p.line("unavailable", o.Unavailable)
	var codes []string
	for code := range o.Statuses {
		codes = append(codes, code)
	}
	sort.Strings(codes)
	if len(codes) > 0 {
		p.open("statuses")
		for _, code := range codes {
			p.line(strconv.Quote(code), o.Statuses[code])
		}
		p.indent--
	}
	p.indent--
	p.line("canary", o.Blocks[0].Upstream.Canary)
}

// headers are the identity headers that are set, and their fields.
func headers(o *gate.Options) [][2]string {
	var lines [][2]string
	seen := map[string]bool{}
	add := func(header, field string) {
		if !seen[header] {
			seen[header] = true
			lines = append(lines, [2]string{http.CanonicalHeaderKey(header), field})
		}
	}
	for _, h := range o.Headers {
		add(h.Header, h.Field)
	}
	if o.Headers == nil {
		for _, block := range o.Blocks {
			for _, h := range block.API.Headers {
				add(o.Prefix+h.Header, h.Field)
			}
		}
	}
	return lines
}

func (p *page) session(s *config.Settings) {
	o := s.Session
	if o == nil {
		return
	}
	p.open("session")
	p.line("secret", p.secret("session", "secret"))
	p.line("cookie", o.Cookie)
	p.line("domain", o.Domain)
	p.line("path", o.Path)
	p.line("parameter", o.Parameter)
	p.line("redirect", o.Redirect)
	p.line("return", o.Return)
	p.line("login", o.Login)
	p.line("logout", o.Logout)
	p.line("logoutRedirect", o.LogoutRedirect)
	p.line("secure", always(o.SecureAlways))
	p.line("sameSite", map[bool]string{true: "strict", false: "lax"}[o.SameSiteStrict])
	p.line("origins", "["+strings.Join(o.Origins, ", ")+"]")
	p.indent--
}
