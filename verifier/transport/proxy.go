package transport

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/upstreamauth/upstreamauth/version"
)

// proxy is the way out that the operator names. To an https upstream it opens a tunnel
// (CONNECT), through which the plugin speaks TLS with the upstream itself; requests to an
// http upstream it reads.
type proxy struct {
	url     *url.URL
	address string      // host and port
	config  *tls.Config // of the connection to it; nil: plain
}

// newProxy returns the proxy of a target; nil where it has none.
func newProxy(t Target) (*proxy, error) {
	if t.Proxy == "" {
		return nil, nil
	}
	address, err := url.Parse(t.Proxy)
	if err != nil {
		return nil, errors.New("the proxy's address does not parse") // not quoted: it may hold a password
	}
	p := &proxy{url: address}
	port := address.Port()
	if port == "" {
		port = portOf(address)
	}
	p.address = net.JoinHostPort(address.Hostname(), port)
	if address.Scheme != "https" {
		return p, nil
	}
	p.config = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: address.Hostname()}
	if t.TLS.CA == "" {
		return p, nil
	}
	roots, err := x509.SystemCertPool() // a copy
	if err != nil {
		roots = x509.NewCertPool()
	}
	roots.AppendCertsFromPEM([]byte(t.TLS.CA))
	p.config.RootCAs = roots
	return p, nil
}

// isSecure tells whether the connection to the proxy is one of TLS. Such a connection is
// for one request: whether part of another response has come (hasPart) cannot be seen
// through two layers of TLS.
func (p *proxy) isSecure() bool {
	return p != nil && p.config != nil
}

// credentials is the value of Proxy-Authorization; empty where the proxy asks for none.
func (p *proxy) credentials() string {
	if p == nil || p.url.User == nil {
		return ""
	}
	password, _ := p.url.User.Password()
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(p.url.User.Username()+":"+password))
}

// dial opens a connection to the proxy; through it, if it is to be a tunnel, one to an
// address.
func (p *proxy) dial(ctx context.Context, dialer *net.Dialer, address string, tunnel bool) (net.Conn, error) {
	conn, err := dialer.DialContext(ctx, "tcp", p.address)
	if err != nil {
		return nil, fmt.Errorf(atProxy+"%w", err)
	}
	if p.config != nil {
		secured, err := handshake(ctx, conn, p.config)
		if err != nil {
			_ = conn.Close()
			return nil, fmt.Errorf(atProxy+inHandshake+"%w", err)
		}
		conn = secured
	}
	if !tunnel {
		return conn, nil
	}
	deadline, _ := ctx.Deadline()
	_ = conn.SetDeadline(deadline)
	err = p.connect(conn, address)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	_ = conn.SetDeadline(time.Time{})
	return conn, nil
}

// connect asks for a tunnel (RFC 9110, 9.3.6).
func (p *proxy) connect(conn net.Conn, address string) error {
	ask := &http.Request{
		Method: http.MethodConnect, URL: &url.URL{Opaque: address}, Host: address,
		Header: http.Header{"User-Agent": {"upstreamauth/" + version.Version}},
	}
	known := p.credentials()
	if known != "" {
		ask.Header.Set("Proxy-Authorization", known)
	}
	err := ask.Write(conn)
	if err != nil {
		return fmt.Errorf(atProxy+"%w", err)
	}
	in := bufio.NewReader(&io.LimitedReader{R: conn, N: maxResponse})
	response, err := http.ReadResponse(in, ask) //nolint:bodyclose // the connection goes on, or is closed
	if err != nil {
		return fmt.Errorf(atProxy+"%w", err)
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf(atProxy+"status %d", response.StatusCode)
	}
	if in.Buffered() > 0 {
		return errors.New(atProxy + "more than a response")
	}
	return nil
}
