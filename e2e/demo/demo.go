// Package demo is the whole of it on one machine: a real Traefik with the
// plugin, the four emulated APIs, and a backend that shows what it got.
package demo

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"sort"
	"strings"

	"github.com/upstreamauth/upstreamauth/e2e/traefik"
	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Demo is running until Close.
type Demo struct {
	Traefik *traefik.Server
	APIs    *upstreams.Demo
	backend *httptest.Server
}

// Line is one request to paste, and what it is to give.
type Line struct {
	Title  string
	Path   string
	Header string // empty: none
	Status int
	Note   string
}

// Start starts everything, with the Traefik at the path program, or the one that
// tests use where it is empty. What it says while it does goes to progress.
func Start(progress io.Writer, program string) (*Demo, error) {
	fmt.Fprintln(progress, "starting the four emulated APIs and a backend")
	apis, err := upstreams.NewDemo(upstreams.DemoOptions{})
	if err != nil {
		return nil, err
	}
	d := &Demo{APIs: apis, backend: httptest.NewServer(http.HandlerFunc(show))}
	fmt.Fprintln(progress, "starting Traefik with the plugin (a few seconds)")
	d.Traefik, err = traefik.Start(traefik.Options{
		Program:  program,
		LogLevel: "ERROR",
		Env: []string{
			"UPSTREAMAUTH_TU_KEY=" + apis.Secrets.ApplicationKey,
			"UPSTREAMAUTH_LOGIN_SECRET=" + apis.Secrets.ApplicationKey + apis.Secrets.ApplicationKey,
			"UPSTREAMAUTH_SESSION=" + apis.Secrets.ApplicationKey + apis.Secrets.ApplicationKey,
		},
	})
	if err != nil {
		d.Close()
		return nil, err
	}
	if err := d.Traefik.Apply("demo", d.dynamic()); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// Close ends everything that Start started.
func (d *Demo) Close() {
	if d.Traefik != nil {
		_ = d.Traefik.Stop()
	}
	d.backend.Close()
	d.APIs.Close()
}

// show is the backend: it answers with the request as it got it.
func show(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	request, err := httputil.DumpRequest(r, false)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	lines := strings.Split(strings.TrimSpace(string(request)), "\r\n")
	sort.Strings(lines[1:])
	fmt.Fprintf(w, "The backend got:\n%s\n", strings.Join(lines, "\n"))
}

// dynamic is Traefik's dynamic configuration: a route for each API, and one
// that takes two kinds of credentials.
func (d *Demo) dynamic() map[string]any {
	const word = "env:UPSTREAMAUTH_LOGIN_SECRET"
	panel := map[string]any{"api": "ippanel", "url": d.APIs.IPPanel.URL, "loginSecret": word}
	key := map[string]any{"api": "thammasat", "url": d.APIs.Thammasat.URL}
	gates := map[string]map[string]any{
		"university": {"applicationKey": key},
		"account":    {"basic": map[string]any{"api": "thammasat", "url": d.APIs.Thammasat.URL, "applicationKey": "env:UPSTREAMAUTH_TU_KEY"}},
		"panel":      {"bearer": panel},
		"courier":    {"bearer": map[string]any{"api": "bts", "url": d.APIs.BTS.URL, "path": upstreams.BTSStatusPath, "loginSecret": word}},
		"service":    {"bearer": map[string]any{"api": "webservice", "url": d.APIs.WebService.URL, "path": d.APIs.WebService.Path()}},
		"both":       {"bearer": panel, "applicationKey": key},
		"site": {"bearer": panel, "session": map[string]any{
			"secret": "env:UPSTREAMAUTH_SESSION", "path": "/site/enter", "redirect": "/site/", "logout": "/site/leave",
		}},
	}
	routers, middlewares := map[string]any{}, map[string]any{}
	for name, gate := range gates {
		middlewares[name] = map[string]any{"plugin": map[string]any{"upstreamauth": gate}}
		routers[name] = map[string]any{
			"rule": "PathPrefix(`/" + name + "`)", "middlewares": []string{name},
			"service": "backend", "entryPoints": []string{"web"},
		}
	}
	services := map[string]any{"backend": serviceOf(d.backend.URL)}
	for name, login := range map[string]struct{ api, url, path string }{
		"panel-login":   {"ippanel", d.APIs.IPPanel.URL, "/v1/api/acl/auth/"},
		"courier-login": {"bts", d.APIs.BTS.URL, "/auth/"},
	} {
		block := map[string]any{"api": login.api, "url": login.url, "loginSecret": word}
		middlewares[name] = map[string]any{"plugin": map[string]any{"upstreamauth": map[string]any{"mode": "issuer", "bearer": block}}}
		routers[name] = map[string]any{
			"rule": "PathPrefix(`" + login.path + "`)", "middlewares": []string{name},
			"service": name, "entryPoints": []string{"web"},
		}
		services[name] = serviceOf(strings.TrimSuffix(login.url, "/v1"))
	}
	return map[string]any{"http": map[string]any{"routers": routers, "middlewares": middlewares, "services": services}}
}

func serviceOf(address string) map[string]any {
	return map[string]any{"loadBalancer": map[string]any{"servers": []any{map[string]any{"url": address}}}}
}

// Lines are the requests to try, in the order in which they make sense.
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
		{"an application key of the university", "/university", key, 200, "asks the API"},
		{"the same key again", "/university", key, 200, "from cache: no call"},
		{"a wrong key", "/university", "Application-Key: nobody-issued-this", 403, "the API's own words"},
		{"no key", "/university", "", 401, "no call"},
		{"a student's account", "/account", account(s.Password), 200, "who it is, percent-encoded"},
		{"a wrong password", "/account", account("wrong"), 401, ""},
		{"a token of the SMS panel", "/panel", panel, 200, "good for 10 hours"},
		{"a wrong token", "/panel", "Authorization: Bearer 00000000000000000000000000000000", 401, ""},
		{"a courier's JWT", "/courier", courier, 200, "good for 24 hours, claims as headers"},
		{"a token of the web service", "/service", service, 200, ""},
		{"a token it does not know", "/service", "Authorization: Bearer unknown", 401, ""},
		{"either of two kinds", "/both", panel, 200, "from cache: /panel has asked"},
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

// Calls tells how often each API was asked so far.
func (d *Demo) Calls() map[string]int {
	return map[string]int{
		"thammasat": d.APIs.Thammasat.Calls(), "ippanel": d.APIs.IPPanel.Calls(),
		"bts": d.APIs.BTS.Calls(), "webservice": d.APIs.WebService.Calls(),
	}
}
