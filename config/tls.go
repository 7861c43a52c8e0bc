package config

import (
	"crypto/tls"
	"crypto/x509"
	"strings"

	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

var tlsKeys = []string{"ca", "cert", "key", "serverName", "insecureSkipVerify"}

// tls reads how the upstream is recognized, and how Traefik shows itself to
// it. PEM is parsed here, so that a certificate that is none is a fault of the
// configuration and not of the first request. Address is the block's url.
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
		if err != nil { // its text is not told: it speaks of the key
			inner.fault("cert", "and key are no certificate and its key; allowed: PEM text, file:/path or env:NAME")
		}
	}
	if !isHost(read.ServerName, "") && read.ServerName != "" {
		inner.notAllowed("serverName", read.ServerName, "a host's name")
	}
	return read
}
