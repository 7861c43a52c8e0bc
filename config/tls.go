package config

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/upstreamauth/upstreamauth/config/place"
	"github.com/upstreamauth/upstreamauth/gate"
	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

var tlsKeys = []string{"ca", "cert", "key", "serverName", "insecureSkipVerify"}

// tls reads how the upstream's certificate is checked, and the client certificate
// that is shown to it. ca, cert and key are PEM text, env:NAME or file:/path. PEM is
// parsed here, so that text that is not PEM is a fault of the configuration and not
// an outage at the first request. address is the block's url; empty: it has none. keys are
// all those of tlsKeys, or some.
func (s *section) tls(key, address string, keys keySet) transport.TLS {
	inner := s.block(key, keys)
	if inner == nil {
		return transport.TLS{}
	}
	if strings.HasPrefix(address, "http://") {
		s.fault(key, "needs an https url")
	}
	read := transport.TLS{
		CA:                 inner.document("ca"),
		Cert:               inner.document("cert"),
		Key:                inner.secret("key"),
		ServerName:         inner.text("serverName"),
		InsecureSkipVerify: inner.boolean("insecureSkipVerify", false),
	}
	if read.CA != "" && !x509.NewCertPool().AppendCertsFromPEM([]byte(read.CA)) {
		inner.secretFault("ca", "holds no certificate; allowed: PEM text, file:/path or env:NAME")
	} else if read.CA != "" && read.InsecureSkipVerify {
		inner.fault("insecureSkipVerify", "true is not allowed beside ca, against which nothing would be checked; keep one")
	}
	if inner.has("key") && !inner.has("cert") {
		inner.fault("cert", "required beside key")
	}
	if inner.has("cert") && !inner.has("key") {
		inner.fault("key", "required beside cert")
	}
	if read.Cert != "" && read.Key != "" {
		_, err := tls.X509KeyPair([]byte(read.Cert), []byte(read.Key))
		if err != nil { // not quoted: it can describe the private key
			of := ""
			if inner.source("key") != "" {
				of = " " + strings.TrimSuffix(inner.source("key"), ": ")
			}
			inner.secretFault("cert", "not a certificate that belongs to key"+of+"; allowed: PEM text, file:/path or env:NAME")
		}
	}
	if !isHost(read.ServerName, "") && read.ServerName != "" {
		inner.notAllowed("serverName", read.ServerName, "a host's name")
	}
	return read
}

const (
	maxFixed = 20 // headers

	allowedHost  = "a host's name or address, maybe with a port, such as api.example.com"
	allowedProxy = "http://host:port or https://host:port, with user:password@ before the host if the proxy asks for them, as a value, env:NAME or file:/path; or environment"
)

// way reads what else is said of the questions: fixed headers, the virtual host that is
// asked for, and the proxy that they go through.
func (s *section) way(target *transport.Target) {
	target.Headers = s.fixedHeaders("headers")
	target.Host = s.host("host")
	target.Proxy = s.proxy("proxy", target.URL)
	if target.Host != "" && target.Proxy != "" && strings.HasPrefix(target.URL, "http://") {
		s.fault("host", "not beside a proxy with an http url: the proxy asks for the host of url")
	}
}

// fixedHeaders reads headers that every question has, in the order of their names.
func (s *section) fixedHeaders(key string) []transport.Header {
	inner := s.table(key)
	if inner == nil {
		return nil
	}
	if len(inner.names) > maxFixed {
		s.fault(key, strconv.Itoa(len(inner.names))+" headers; allowed: at most "+strconv.Itoa(maxFixed))
		return nil
	}
	var all []transport.Header
	written := map[string]bool{}
	for _, name := range inner.names {
		canonical := http.CanonicalHeaderKey(name)
		problem := place.FixedDefect(name, canonical)
		if unquotedKey(name) {
			problem = quoteTheCode
		}
		if problem == "" && written[canonical] {
			problem = "written twice, in another case; keep one"
		}
		if problem != "" {
			inner.fault(name, problem)
			continue
		}
		written[canonical] = true
		h := transport.Header{Name: canonical, Value: inner.text(name)}
		h.Secret = strings.HasPrefix(h.Value, "env:") || strings.HasPrefix(h.Value, "file:")
		if h.Secret {
			h.Value = inner.secret(name)
		}
		if mistake := mistakenReference(inner.text(name)); mistake != "" && !h.Secret {
			inner.fault(name, mistake)
		} else if !inner.has(name) {
			inner.fault(name, "must not be empty")
		} else if len(h.Value) > verifier.MaxCredential || strings.Trim(h.Value, verifier.VisibleASCII+" ") != "" || strings.TrimSpace(h.Value) != h.Value {
			inner.secretFault(name, "must be one line of visible ASCII, at most 8 KiB")
		}
		all = append(all, h)
	}
	return all
}

// host reads a host that is asked for in place of that of url.
func (s *section) host(key string) string {
	value := strings.ToLower(s.literal(key))
	if value == "" {
		return ""
	}
	parsed, err := url.Parse("http://" + value)
	if err != nil || parsed.Host != value || !verifier.IsVisibleASCII(value) || addressDefect(parsed, value) != "" {
		s.notAllowed(key, redacted(value), allowedHost)
		return ""
	}
	return value
}

// proxy reads the address of the way out; empty: there is none. address is the block's
// url. No fault names the value, which may hold a password.
func (s *section) proxy(key, address string) string {
	if s.text(key) == "environment" {
		return s.environmentProxy(key, address)
	}
	if !s.has(key) {
		return ""
	}
	value := s.secret(key)
	if value != "" && !isProxy(value) {
		s.secretFault(key, "not allowed; allowed: "+allowedProxy)
		return ""
	}
	return strings.TrimSuffix(value, "/")
}

func isProxy(value string) bool {
	parsed, err := url.Parse(value)
	if err != nil || !verifier.IsVisibleASCII(value) {
		return false
	}
	parsed.User = nil
	return strings.Trim(parsed.Path, "/") == "" && addressDefect(parsed, parsed.String()) == "" && !strings.ContainsAny(value, "?#")
}

// environmentProxy is the proxy that the environment names for an address, as other
// programs read it: HTTPS_PROXY or HTTP_PROXY, unless NO_PROXY names the host.
func (s *section) environmentProxy(key, address string) string {
	name := "HTTPS_PROXY"
	if strings.HasPrefix(address, "http://") {
		name = "HTTP_PROXY"
	}
	value := s.reader.variable(name)
	parsed, err := url.Parse(address)
	if value == "" || err != nil || place.IsDirect(parsed.Hostname(), parsed.Port(), s.reader.variable("NO_PROXY")) {
		return ""
	}
	if !strings.Contains(value, "://") {
		value = "http://" + value
	}
	if !isProxy(value) {
		s.fault(key, "environment: "+name+" of Traefik's environment is no address of an http or https proxy")
		return ""
	}
	return strings.TrimSuffix(value, "/")
}

// variable is one of the environment's by its name in upper or in lower case.
func (r *reader) variable(name string) string {
	value, _ := r.lookup(name)
	if value == "" {
		value, _ = r.lookup(strings.ToLower(name))
	}
	return strings.TrimSpace(value)
}

// place reads where the token of a block is, and how a whole one looks.
func (s *section) place(block *gate.Block) {
	kind := block.Upstream.Kind
	if kind == verifier.Basic {
		for _, key := range place.Keys {
			if s.isWritten(key) {
				s.fault(key, "not a key of basic: an account comes as Authorization: Basic alone")
			}
		}
		return
	}
	written := s.text("pattern")
	block.Pattern = place.Pattern(written)
	if block.Pattern == nil {
		s.notAllowed("pattern", written, place.AllowedPattern)
	}
	if written == "" {
		block.Pattern = nil
	}
	if !s.has("header") && !s.isWritten("scheme") && !s.has("cookie") && !s.has("query") {
		return
	}
	words, bare, wrong, allowed := place.Schemes(s.list("scheme"))
	if wrong != "" {
		s.notAllowed("scheme", wrong, allowed)
	} else if allowed != "" {
		s.fault("scheme", allowed+"; allowed: "+place.AllowedScheme)
	}
	block.Place = place.Default(kind, s.credentialHeader("header"), words, bare, block.API != nil && block.API.BareToken)
	block.Place.Cookie = s.name("cookie", "")
	block.Place.Query = s.name("query", "")
}

// credentialHeader reads the header of a credential; empty: the kind's own.
func (s *section) credentialHeader(key string) string {
	value := s.literal(key)
	if value == "" {
		return ""
	}
	if !place.IsHeader(value) {
		s.notAllowed(key, value, place.AllowedHeader)
		return ""
	}
	canonical := http.CanonicalHeaderKey(value)
	why := reservedFor(canonical)
	if why != "" && canonical != "Authorization" && canonical != verifier.KeyHeader {
		s.notAllowed(key, value, "Authorization, or a header of the credential's own; this is one that "+why)
		return ""
	}
	return canonical
}
