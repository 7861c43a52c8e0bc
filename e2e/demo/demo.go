// Package demo runs everything on one machine: a real Traefik with the plugin, the
// four emulated APIs, and a backend that shows the requests that it receives.
package demo

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/upstreamauth/upstreamauth/e2e/ending"
	"github.com/upstreamauth/upstreamauth/e2e/traefik"
	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Port is where the demo listens. Where another program has it, the next free one
// is taken.
const Port = 8090

// Demo is running until Close.
type Demo struct {
	Traefik *traefik.Server
	APIs    *upstreams.Demo
	backend *httptest.Server
	dir     string // where the journeys keep what they got
	remove  func()
}

// Options say how the demo is started.
type Options struct {
	// Program is the path of the Traefik; if it is empty, the one that the tests use is started.
	Program string
	// AnyPort has Traefik listen on a port that no other test is given, in the place of Port.
	AnyPort bool
	// Seen is told of each call to an API, one after the other. It may be nil.
	Seen func(upstreams.Seen)
}

// Line is one request to paste, with the status that it gets.
type Line struct {
	Title  string
	Path   string
	Header string // empty: none
	Status int
	Note   string
}

// Start starts everything, and reports its progress. The end of ctx ends the start,
// and nothing later.
func Start(ctx context.Context, progress io.Writer, o Options) (_ *Demo, err error) {
	fmt.Fprintln(progress, "starting the four emulated APIs and a backend")
	d := &Demo{}
	defer func() {
		if err != nil {
			d.Close()
		}
	}()
	if d.dir, d.remove, err = ending.Folder(plainFolder(), "upstreamauth-demo-"); err != nil {
		return nil, err
	}
	if d.APIs, err = upstreams.NewDemo(upstreams.DemoOptions{Seen: o.Seen}); err != nil {
		return nil, err
	}
	if d.backend, err = NewBackend(""); err != nil {
		return nil, err
	}
	fmt.Fprintln(progress, "starting Traefik with the plugin (a few seconds)")
	first := Port
	if o.AnyPort {
		first = 0
	}
	key := d.APIs.Secrets.ApplicationKey
	d.Traefik, err = traefik.Start(traefik.Options{
		Program:   o.Program,
		LogLevel:  "ERROR",
		Context:   ctx,
		FirstPort: first,
		Env: []string{
			"UPSTREAMAUTH_TU_KEY=" + key,
			"UPSTREAMAUTH_LOGIN_SECRET=" + key + key,
			"UPSTREAMAUTH_SESSION=" + key + key,
		},
	})
	if err != nil {
		return nil, err
	}
	if !o.AnyPort && !strings.HasSuffix(d.Traefik.URL, fmt.Sprint(":", Port)) {
		fmt.Fprintf(progress, "port %d is taken by another program, so this is %s\n", Port, d.Traefik.URL)
	}
	secrets := Secrets{ApplicationKey: "env:UPSTREAMAUTH_TU_KEY", Login: "env:UPSTREAMAUTH_LOGIN_SECRET", Session: "env:UPSTREAMAUTH_SESSION"}
	return d, d.Traefik.Apply("demo", Routes(d.APIs, d.backend.URL, secrets, "web"))
}

// Close ends everything that Start started.
func (d *Demo) Close() {
	if d.Traefik != nil {
		_ = d.Traefik.Stop()
	}
	if d.backend != nil {
		d.backend.Close()
	}
	if d.APIs != nil {
		d.APIs.Close()
	}
	if d.remove != nil {
		d.remove()
	}
}

var plain = regexp.MustCompile(`^[A-Za-z0-9/._-]+$`)

// plainFolder is the folder for temporary files; another one where its name would
// have to be quoted, since it stands in the commands to paste. Empty: the usual one.
func plainFolder() string {
	if folder := filepath.Join(string(filepath.Separator), "tmp"); !plain.MatchString(os.TempDir()) {
		return folder
	}
	return ""
}

// Lines are the requests to try, in this order.
func (d *Demo) Lines() []Line {
	s := d.APIs.Secrets
	key := "Application-Key: " + s.ApplicationKey
	account := func(password string) string {
		return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(upstreams.DemoStudent+":"+password))
	}
	panel := "Authorization: Bearer " + d.APIs.IPPanel.IssueToken(upstreams.DemoDirect)
	courier := "Authorization: Bearer " + d.APIs.BTS.IssueToken(upstreams.DemoCourier)
	service := "Authorization: Bearer " + s.ServiceToken
	return []Line{
		{"an Application-Key of the TU account API", "/university", key, 200, "one call to the API"},
		{"the same key again", "/university", key, 200, "from the cache: no call"},
		{"a wrong key", "/university", "Application-Key: never-issued", 403, "an error of the API"},
		{"no key", "/university", "", 401, "no call"},
		{"the account of a student", "/account", account(s.Password), 200, "identity headers, percent-encoded"},
		{"a wrong password", "/account", account("wrong"), 401, ""},
		{"a token of the SMS panel", "/panel", panel, 200, "valid for 10 hours"},
		{"a wrong token", "/panel", "Authorization: Bearer 00000000000000000000000000000000", 401, ""},
		{"a JWT of the courier API", "/courier", courier, 200, "valid for 24 hours, claims as headers"},
		{"a token of the web service", "/service", service, 200, ""},
		{"an unknown token", "/service", "Authorization: Bearer unknown", 401, ""},
		{"a route of two kinds", "/both", panel, 200, "from the cache of /panel: no call"},
		{"two spaces in the header", "/panel", "Authorization: Bearer  x", 400, "no call"},
	}
}

// Curl is a line as a command.
func (d *Demo) Curl(l Line) string {
	if l.Header == "" {
		return "curl -i " + d.Traefik.URL + l.Path
	}
	return "curl -i -H '" + l.Header + "' " + d.Traefik.URL + l.Path
}

// Calls is the number of calls to each API so far.
func (d *Demo) Calls() map[string]int {
	return map[string]int{
		"thammasat": d.APIs.Thammasat.Calls(), "ippanel": d.APIs.IPPanel.Calls(),
		"bts": d.APIs.BTS.Calls(), "webservice": d.APIs.WebService.Calls(),
	}
}
