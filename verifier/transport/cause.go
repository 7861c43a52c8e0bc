package transport

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
)

// Where a call failed, of those that got no response.
const (
	Connecting = "connecting" // no connection was made, so nothing that was sent is to blame
	Broken     = "broken"     // the connection ended before a response
	Waiting    = "waiting"    // anything else: mostly, no response in time
	Unsent     = "unsent"     // too many calls were under way, so that it was not sent
)

// What begins the texts of errors of the handshake, whatever its own error says.
const inHandshake = "TLS handshake: "

// atProxy begins the texts of errors on the way to the upstream through a proxy.
const atProxy = "proxy: "

// Errors of connections that bring something else than an HTTP/1.1 response.
var (
	errHeaders   = errors.New("response headers exceeded")
	errNoHTTP    = errors.New("no HTTP")
	errHTTP2Only = errors.New("a frame of HTTP/2")
	errWantsTLS  = errors.New("a record of TLS")
)

// failedAt tells where a call failed.
func failedAt(err error) string {
	var dns *net.DNSError
	var op *net.OpError
	text := err.Error()
	switch {
	case strings.HasPrefix(text, atProxy):
		return Connecting
	case errors.As(err, &dns) || (errors.As(err, &op) && op.Op == "dial"):
		return Connecting
	case strings.Contains(text, "x509:") || strings.Contains(text, "tls:") || strings.Contains(text, "TLS handshake"):
		return Connecting
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) || strings.Contains(text, "timeout"):
		return Waiting
	case op != nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || strings.Contains(text, "server closed idle connection"):
		return Broken
	}
	return Waiting
}

// causeOf names the cause of an error. Many are recognized by their text, since they have
// no exported type.
func causeOf(err error) cause {
	var dns *net.DNSError
	var op *net.OpError
	text := err.Error()
	switch {
	case errors.Is(err, context.Canceled):
		return cause{text: "cancelled"}
	case strings.HasPrefix(text, atProxy) || strings.Contains(text, "proxyconnect"):
		return proxyCause(text, isLate(err))
	case errors.As(err, &dns):
		return nameCause(dns)
	case errors.As(err, &op) && op.Op == "dial":
		return dialCause(text, isLate(err))
	case isCertificate(err):
		return certificateCause(err)
	case strings.Contains(text, "TLS handshake") || strings.Contains(text, "tls:") || strings.Contains(text, "x509:") || strings.Contains(text, "gave HTTP response to HTTPS"):
		return handshakeCause(text, isLate(err))
	case isLate(err):
		return cause{text: "no response in time", advice: "a larger $timeout, if the API is that slow"}
	}
	return exchangeCause(err, text)
}

func isLate(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), "timeout")
}

// nameCause: the host of url was not found by its name.
func nameCause(dns *net.DNSError) cause {
	switch {
	case dns.IsNotFound:
		return cause{text: "its name does not resolve: there is no such host", advice: "correct the host of $url", settings: true}
	case dns.IsTimeout:
		return cause{text: "its name does not resolve: no answer of the name server in time", advice: "look at the name servers of Traefik's machine; they are not the API's"}
	}
	return cause{text: "its name does not resolve: the name server has failed", advice: "look at the name servers of Traefik's machine; they are not the API's"}
}

// dialCause: no connection was made.
func dialCause(text string, late bool) cause {
	switch {
	case late:
		return cause{text: "no connection in time", advice: "a firewall on the way, or correct the host and the port of $url"}
	case strings.Contains(text, "refused"):
		return cause{text: "connection refused", advice: "nothing listens there: is the API up? Otherwise correct the host and the port of $url"}
	case strings.Contains(text, "no route") || strings.Contains(text, "unreachable"):
		return cause{text: "no route to its address", advice: "the network of Traefik's machine, or correct the host of $url"}
	}
	return cause{text: "connection failed (dial)", advice: "the network of Traefik's machine, or correct $url"}
}

// exchangeCause: a connection was made, and brought no response.
func exchangeCause(err error, text string) cause {
	var op *net.OpError
	switch {
	case errors.Is(err, errHTTP2Only):
		return cause{text: "it speaks HTTP/2 alone", advice: "over a plain connection the plugin speaks HTTP/1.1: write https:// in $url if the API has it, or name its port for HTTP/1.1", settings: true}
	case errors.Is(err, errWantsTLS):
		return cause{text: "its port speaks TLS, and was asked without", advice: "write https:// in $url", settings: true}
	case errors.Is(err, errNoHTTP):
		return cause{text: "not understood as HTTP", advice: "another sort of server listens there: correct the host and the port of $url", settings: true}
	case errors.Is(err, errHeaders) || strings.Contains(text, "header list larger"):
		return cause{text: "its headers are over 64 KiB", advice: "correct $url or $path, if that is not the API"}
	case strings.Contains(text, "connection lost") || strings.Contains(text, "GOAWAY") || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return cause{text: "connection closed early", advice: "if it goes on: a firewall on the way, or the port of $url wants TLS (https), or speaks HTTP/2 alone (over TLS: leave $keepAlive: false out)"}
	case strings.Contains(text, "reset") || strings.Contains(text, "broken pipe"):
		return cause{text: "connection reset", advice: "if it goes on: a firewall on the way, or the port of $url wants TLS (https), or speaks HTTP/2 alone (over TLS: leave $keepAlive: false out)"}
	case errors.As(err, &op):
		return cause{text: fmt.Sprintf("connection failed (%s)", op.Op), advice: "the network of Traefik's machine"}
	}
	return cause{text: "not understood as HTTP", advice: "what answers there is no sound HTTP/1.1 server, or was cut off within its headers: correct the host and the port of $url, if it is not the API"}
}

// proxyCause names what went wrong on the way to the proxy, or at it.
func proxyCause(text string, late bool) cause {
	switch {
	case strings.Contains(text, "status 407"):
		return cause{text: "the proxy asks for a user and a password, or for others", advice: "write them into $proxy: http://user:password@host:port", settings: true}
	case strings.Contains(text, "status "):
		return cause{text: "the proxy opens no connection to it", advice: "the proxy's own rules and log, or correct $proxy or $url"}
	case strings.Contains(text, "no such host") || strings.Contains(text, "lookup "):
		return cause{text: "the proxy's name does not resolve", advice: "correct the host of $proxy", settings: true}
	case late:
		return cause{text: "no connection through the proxy in time", advice: "correct the host and the port of $proxy, if the proxy is up"}
	case strings.Contains(text, "refused"):
		return cause{text: "the proxy refuses connections", advice: "nothing listens there: is the proxy up? Otherwise correct the host and the port of $proxy"}
	case strings.Contains(text, "x509:") || strings.Contains(text, "tls:") || strings.Contains(text, inHandshake):
		return cause{text: "no TLS with the proxy", advice: "write http:// in $proxy if it speaks no TLS, or put its authority's certificate into $tls.ca", settings: true}
	}
	return cause{text: "no connection through the proxy", advice: "what answers there is no proxy for this, or was cut off: correct the host and the port of $proxy"}
}
