package config

import (
	"crypto/tls"
	"crypto/x509"
	"strings"

	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

var tlsKeys = []string{"ca", "cert", "key", "serverName", "insecureSkipVerify"}

// tls reads how the upstream's certificate is checked, and the client certificate
// that is shown to it. ca, cert and key are PEM text, env:NAME or file:/path. PEM is
// parsed here, so that text that is not PEM is a fault of the configuration and not
// an outage at the first request. address is the block's url.
func (s *section) tls(key, address string) transport.TLS {
	inner := s.block(key, keySet{keys: tlsKeys})
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
		inner.fault("ca", "holds no certificate; allowed: PEM text, file:/path or env:NAME")
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
			inner.fault("cert", "not a certificate that belongs to key; allowed: PEM text, file:/path or env:NAME")
		}
	}
	if !isHost(read.ServerName, "") && read.ServerName != "" {
		inner.notAllowed("serverName", read.ServerName, "a host's name")
	}
	return read
}
