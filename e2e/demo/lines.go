package demo

import (
	"encoding/base64"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// The credentials that the demo gives out as wrong ones.
const (
	wrongKey     = "never-issued"
	wrongToken   = "00000000000000000000000000000000"
	wrongService = "unknown"
	wrongAccount = "wrong" // the password
)

// Line is one request to paste, with the status that it gets.
type Line struct {
	Title  string
	Path   string
	Header string // empty: none
	Status int
	Note   string
}

// Lines are the requests to try, in this order.
func (d *Demo) Lines() []Line {
	s := d.APIs.Secrets
	key := "Application-Key: " + s.ApplicationKey
	panel := "Authorization: Bearer " + d.APIs.IPPanel.IssueToken(upstreams.DemoDirect)
	courier := "Authorization: Bearer " + d.APIs.BTS.IssueToken(upstreams.DemoCourier)
	service := "Authorization: Bearer " + s.ServiceToken
	return []Line{
		{"an Application-Key of the TU account API", "/university", key, 200, "one call to the API"},
		{"the same key again", "/university", key, 200, "from the cache: no call"},
		{"a wrong key", "/university", "Application-Key: " + wrongKey, 403, "an error of the API"},
		{"no key", "/university", "", 401, "no call"},
		{"the account of a student", "/account", account(s.Password), 200, "identity headers, percent-encoded"},
		{"a wrong password", "/account", account(wrongAccount), 401, ""},
		{"a token of the SMS panel", "/panel", panel, 200, "valid for 10 hours"},
		{"a wrong token", "/panel", "Authorization: Bearer " + wrongToken, 401, ""},
		{"a JWT of the courier API", "/courier", courier, 200, "valid for 24 hours, claims as headers"},
		{"a token of the web service", "/service", service, 200, ""},
		{"an unknown token", "/service", "Authorization: Bearer " + wrongService, 401, ""},
		{"a route of two kinds", "/both", panel, 200, "from the cache of /panel: no call"},
		{"two spaces in the header", "/panel", "Authorization: Bearer  x", 400, "no call"},
	}
}

// account is the header of the student's.
func account(password string) string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(upstreams.DemoStudent+":"+password))
}

// Curl is a line as a command.
func (d *Demo) Curl(l Line) string {
	if l.Header == "" {
		return "curl -i " + d.URL + l.Path
	}
	return "curl -i -H '" + l.Header + "' " + d.URL + l.Path
}

// Calls is the number of calls to each API so far.
func (d *Demo) Calls() map[string]int {
	return map[string]int{
		"thammasat": d.APIs.Thammasat.Calls(), "ippanel": d.APIs.IPPanel.Calls(),
		"bts": d.APIs.BTS.Calls(), "webservice": d.APIs.WebService.Calls(),
	}
}
