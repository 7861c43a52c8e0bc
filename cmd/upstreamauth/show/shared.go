package show

import (
	"fmt"
	"strings"

	"github.com/upstreamauth/upstreamauth/cache/shared"
	"github.com/upstreamauth/upstreamauth/config"
)

// shared writes the memory that is shared with other Traefiks.
func (p *page) shared(o *shared.Options) {
	if o == nil {
		return
	}
	p.open("shared")
	p.open("redis")
	p.line("endpoints", "["+strings.Join(o.Redis.Endpoints, ", ")+"]")
	p.line("master", o.Redis.Master)
	p.line("username", o.Redis.Username)
	p.line("password", p.secret("shared", "redis", "password"))
	p.line("db", o.Redis.DB)
	if o.Redis.TLS == nil {
		p.line("tls", "none")
	} else {
		p.open("tls")
		for _, key := range []string{"ca", "cert", "key"} {
			p.line(key, p.secret("shared", "redis", "tls", key))
		}
		p.line("serverName", o.Redis.TLS.ServerName)
		p.indent--
	}
	p.indent--
	p.line("secret", p.secret("shared", "secret"))
	p.line("timeout", short(o.Redis.Timeout))
	p.line("local", short(o.Local))
	p.line("prefix", o.Prefix)
	p.line("budget", o.Budget)
	p.indent--
}

// inRedis writes what lies in the memory of a route, and for how long.
func (p *page) inRedis(o *shared.Options, logins bool) {
	if o == nil {
		return
	}
	rows := [][2]string{
		{":{..}:e:…", "who was allowed, with the identity: until the entry ends"},
		{":{..}:t:…", "that a credential was denied or has ended: 11 minutes; u: that a token has: until its end"},
		{":{..}:b:…", "that a token is barred: until its end"},
	}
	if logins {
		rows = append(rows, [2]string{":{..}:l:…", "that a login issued a token: until its end; r: that a refresh token is barred"})
	}
	if o.Budget {
		rows = append(rows, [2]string{":{..}:q:…", "how many calls there were: for the period of the budget"})
	}
	rows = append(rows, [2]string{":forgotten", "the last 10,000 logouts, denials and logins, for the others"})
	fmt.Fprintf(p.w, "\n  What lies in Redis. Names are digests under the secret, values are encrypted under it (but counts):\n\n")
	for _, row := range rows {
		fmt.Fprintf(p.w, "    %s%s  %s\n", o.Prefix, row[0], row[1])
	}
}

// always is how a configuration says when a cookie is Secure.
func always(set bool) string {
	if set {
		return "always"
	}
	return "auto"
}

// status writes the settings of mode: status.
func (p *page) status(s *config.Settings) {
	p.line("mode", "status")
	p.open("status")
	p.line("token", p.secret("status", "token"))
	p.line("secure", always(s.Status.SecureAlways))
	p.indent--
	p.open("limits")
	p.line("perClient", rate(s.Status.PerClient))
	p.line("clientDepth", s.Status.ClientDepth)
	p.indent--
	p.line("log", s.Log)
}
