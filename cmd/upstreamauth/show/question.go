package show

import (
	"encoding/base64"
	"fmt"
	"io"
	"sort"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/gate"
	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// sends writes the question that is sent about a credential. All of it is what an answer
// is kept under.
func sends(w io.Writer, b *gate.Block, p *page) {
	fmt.Fprintf(w, "\n  What is sent about a credential of %s, and an answer is kept under:\n\n", b.Upstream.Kind)
	for _, line := range Question(b) {
		fmt.Fprintln(w, "    "+line)
	}
	more := []string{"the api", "tls", "canary", "cache.epoch"}
	if b.Upstream.Probe != nil {
		more = append(more, "probe")
	}
	if p.written(string(b.Upstream.Kind), "loginSecret") != nil {
		more = append(more, "loginSecret")
	}
	fmt.Fprintf(w, "\n    and %s\n", strings.Join(more, ", "))
}

// stand are the credential of a shown question.
var stand = verifier.Credential{Token: "TOKEN", User: "USER", Password: "PASSWORD"}

// Question is the request that is sent, with stand-ins for the credential.
func Question(b *gate.Block) []string {
	s := b.Upstream
	c := stand
	c.Kind = s.Kind
	if s.Kind == verifier.Basic {
		c.Token = ""
		s.Key = masked
	}
	if s.Probe != nil {
		probe := *s.Probe
		probe.Password = masked
		s.Probe = &probe
	}
	var parts []string
	for _, part := range b.API.Parts {
		parts = append(parts, strings.ToUpper(part))
	}
	c.Parts = verifier.JoinParts(parts)
	return describe(b.API.Request(c, s), s.Target)
}

func describe(r transport.Request, t transport.Target) []string {
	path := t.Path
	if r.Path != "" {
		path = r.Path
	}
	lines := []string{t.Method + " " + t.URL + path}
	if t.Host != "" {
		lines = append(lines, "Host: "+t.Host)
	}
	var names []string
	for name := range r.Header {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		for _, value := range r.Header[name] {
			lines = append(lines, name+": "+plain(name, value))
		}
	}
	for _, h := range t.Headers {
		lines = append(lines, h.Name+": "+masked)
	}
	if r.Body == "" {
		return lines
	}
	kind := r.ContentType
	if kind == "" {
		kind = "application/json"
	}
	if len(r.Header["Content-Type"]) == 0 {
		lines = append(lines, "Content-Type: "+kind)
	}
	return append(lines, "", r.Body)
}

// plain is a header's value as it is shown: an account is decoded, and what may be a
// secret of the operator's own is masked.
func plain(name, value string) string {
	encoded, basic := strings.CutPrefix(value, "Basic ")
	decoded, err := base64.StdEncoding.DecodeString(encoded)
	if basic && err == nil {
		user, password, _ := strings.Cut(string(decoded), ":")
		if password != stand.Password {
			password = masked
		}
		return "Basic base64(" + user + ":" + password + ")"
	}
	for _, part := range []string{stand.Token, stand.User, stand.Password} {
		if strings.Contains(value, part) {
			return value
		}
	}
	if isSensitive(name) {
		return masked
	}
	return value
}

// short is a duration as people write it.
func short(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

func rate(r verifier.Rate) string { return fmt.Sprintf("%d/%s", r.Calls, short(r.Period)) }
