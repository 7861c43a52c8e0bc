package transport

import (
	"crypto/x509"
	"errors"
	"strings"
)

// isCertificate tells whether an error is about the server's certificate, by its type:
// its text quotes the certificate, which may hold any word.
func isCertificate(err error) bool {
	var name x509.HostnameError
	var authority x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var roots x509.SystemRootsError
	return errors.As(err, &name) || errors.As(err, &authority) || errors.As(err, &invalid) || errors.As(err, &roots)
}

// isAlert tells whether an error is what the server says of a connection (RFC 8446, 6).
func isAlert(err error) bool {
	return strings.Contains(err.Error(), "remote error")
}

// certificateCause names what is wrong with the server's certificate.
func certificateCause(err error) cause {
	var name x509.HostnameError
	var authority x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &name):
		return cause{text: "TLS: its certificate is for another name", advice: "correct the host of $url, or name in $tls.serverName what the certificate is for", settings: true}
	case errors.As(err, &authority) && strings.Contains(authority.Error(), "SHA1"):
		return cause{text: "TLS: its certificate is signed with SHA-1", advice: "the server needs another certificate: no key allows this one", settings: true}
	case errors.As(err, &authority):
		return cause{text: "TLS: its certificate is signed by an unknown authority", advice: "put the authority's certificate into $tls.ca; if it is a public one, the server does not send the certificates between", settings: true}
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && strings.Contains(invalid.Detail, "is before"):
		return cause{text: "TLS: its certificate is not valid yet", advice: "the clock of Traefik's machine, or the server's certificate; no key of the configuration", settings: true}
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return cause{text: "TLS: its certificate has expired", advice: "the server needs a new one (or Traefik's machine the right time); if it is your own authority's, renew it in $tls.ca too", settings: true}
	case errors.As(err, &invalid) && invalid.Reason == x509.IncompatibleUsage:
		return cause{text: "TLS: its certificate is none of a server", advice: "the server needs one for server authentication", settings: true}
	case errors.As(err, &invalid):
		return cause{text: "TLS: its certificate, or one of its authorities, breaks the rules of X.509", advice: "the server needs another certificate, or $tls.ca another authority", settings: true}
	}
	return cause{text: "TLS: the system's authorities cannot be read", advice: "install them on Traefik's machine (ca-certificates), or put the authority's certificate into $tls.ca", settings: true}
}

// handshakeCause names the cause of a failed handshake that is not the server's
// certificate. A remote error is what the server says about us.
func handshakeCause(text string, late bool) cause {
	remote := strings.Contains(text, "remote error") // isAlert
	switch {
	case late:
		return cause{text: "TLS: the handshake did not end in time", advice: "a larger $timeout if the server is slow; or the port of $url does not speak TLS (write http://)"}
	case strings.Contains(text, "does not look like a TLS handshake") || strings.Contains(text, "gave HTTP response to HTTPS"):
		return cause{text: "TLS: its port answers without TLS", advice: "write http:// in $url, or name the port for https", settings: true}
	case strings.Contains(text, "protocol version"):
		return cause{text: "TLS: it supports no TLS 1.2 or newer", advice: "the server has to offer TLS 1.2 or 1.3, no key allows less; or correct the port of $url", settings: true}
	case strings.Contains(text, "application protocol"):
		return cause{text: "TLS: it speaks none of the versions of HTTP that are offered", advice: "leave $keepAlive: false out, with which HTTP/1.1 alone is offered; or correct the port of $url", settings: true}
	case remote && strings.Contains(text, "unrecognized name"):
		return cause{text: "TLS: it does not know the name that it is asked for", advice: "correct the host of $url, or $tls.serverName", settings: true}
	case remote && (strings.Contains(text, "certificate required") || strings.Contains(text, "bad certificate") || strings.Contains(text, "certificate unobtainable")):
		return cause{text: "TLS: it requires a client certificate", advice: "correct $tls.cert and $tls.key", settings: true}
	case remote && (strings.Contains(text, "certificate") || strings.Contains(text, "access denied")):
		return cause{text: "TLS: it refuses the client certificate", advice: "correct $tls.cert and $tls.key: the certificate has ended, or is of an authority that the server does not know", settings: true}
	case remote && (strings.Contains(text, "handshake failure") || strings.Contains(text, "insufficient security")):
		return cause{text: "TLS: it finds nothing in common with TLS 1.2 or 1.3 as the plugin offers them", advice: "the server has to offer TLS 1.2 or 1.3 with ciphers of today; or it requires a client certificate: $tls.cert and $tls.key", settings: true}
	case strings.Contains(text, "EOF") || strings.Contains(text, "reset") || strings.Contains(text, "broken pipe"):
		return cause{text: "TLS: the connection was closed within the handshake", advice: "if it goes on: a firewall on the way, a server that is older than TLS 1.2, or a port of $url that does not speak TLS (write http://)"}
	}
	return cause{text: "TLS: no secure connection", advice: "try openssl s_client with the host and the port of $url from Traefik's machine; the keys are $url and $tls"}
}
