// Package transport makes one HTTP call to an upstream: one request, one response,
// nothing repeated, no redirect followed. It is the only room that opens connections.
package transport

import "strconv"

// Target is what is called, and how its server is recognized. All of it changes the
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

// TLS is how an https upstream is recognized. Zero: by the system's roots.
type TLS struct {
	CA                 string // PEM
	Cert               string // PEM
	Key                string // PEM; secret
	ServerName         string
	InsecureSkipVerify bool
}
