// Package transport makes HTTP calls to upstreams: one request, one response, nothing
// repeated, no redirect followed. It is the only package that opens connections, and
// knows neither an API nor what a response means.
package transport

import "strconv"

// Target is what is called, and how its server is authenticated. All of it changes the
// answers, so all of it is part of the scope.
type Target struct {
	URL    string // normalized: no final slash, host in lower case
	Path   string
	Method string
	TLS    TLS
}

// Scope lists everything of a target that changes the answers; some of it is secret.
func (t Target) Scope() []string {
	return []string{
		t.URL, t.Path, t.Method,
		t.TLS.CA, t.TLS.Cert, t.TLS.Key, t.TLS.ServerName, strconv.FormatBool(t.TLS.InsecureSkipVerify),
	}
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
