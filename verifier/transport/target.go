// Package transport makes HTTP calls to upstreams: one request, one response, no redirect
// followed, and nothing repeated but what a lost kept connection left without a response. It is the only package that opens connections, and
// knows neither an API nor what a response means.
package transport

import (
	"net"
	"net/url"
	"strconv"
)

// Target is what is called, and how its server is authenticated. All of it changes the
// answers, so all of it is part of the scope.
type Target struct {
	URL    string // normalized: no final slash, host in lower case
	Path   string
	Method string
	TLS    TLS

	Headers []Header // fixed ones of every request, in the order of their names
	Host    string   // the virtual host that is asked for; empty: that of URL
	Proxy   string   // an http or https address, maybe with a user and a password (secret); empty: none

	// SingleUse: each request gets a connection of its own, of HTTP/1.1. It changes no
	// answer that is the upstream's own, but which client asks.
	SingleUse bool
}

// Scope lists everything of a target that changes the answers; some of it is secret.
func (t Target) Scope() []string {
	scope := []string{
		t.URL, t.Path, t.Method,
		t.TLS.CA, t.TLS.Cert, t.TLS.Key, t.TLS.ServerName, strconv.FormatBool(t.TLS.InsecureSkipVerify),
		strconv.FormatBool(t.SingleUse), t.Host, t.Proxy, strconv.Itoa(len(t.Headers)),
	}
	for _, h := range t.Headers {
		scope = append(scope, h.Name, h.Value, strconv.FormatBool(h.Secret))
	}
	return scope
}

// Header is a fixed header of the operator's.
type Header struct {
	Name   string // in canonical spelling
	Value  string
	Secret bool // it came from a variable or a file
}

// Address is what is called, for the log: the method and the address with its port,
// without userinfo and query.
func (t Target) Address() string {
	address, err := url.Parse(t.URL + t.Path)
	if err != nil {
		return t.Method + " (an address that does not parse)"
	}
	return t.Method + " " + address.Scheme + "://" + net.JoinHostPort(address.Hostname(), portOf(address)) + address.EscapedPath()
}

// TLS is how the server of an https address is authenticated, and the client to it.
// Zero: by the system's roots, and without a client certificate.
type TLS struct {
	CA                 string // PEM; empty: the system's roots
	Cert               string // PEM
	Key                string // PEM; secret
	ServerName         string // in place of the address's host
	InsecureSkipVerify bool
}

// Authority is the host that is called, with its port unless that is the scheme's own.
func (t Target) Authority() string {
	address, err := url.Parse(t.URL)
	if err != nil {
		return ""
	}
	return address.Host
}
