// Package demo runs everything on one machine: a real Traefik with the plugin, the
// four emulated APIs, and a backend that shows the requests that it receives.
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

// Line is one request to paste, with the status that it gets.
type Line struct {
	Title  string
	Path   string
	Header string // empty: none
	Status int
	Note   string
}

// Start starts everything, and reports its progress. program is the path of the
// Traefik; if it is empty, the one that the tests use is started.
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

// show is the backend: it responds with the request that it received.
func show(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	request, err := httputil.DumpRequest(r, false)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	lines := strings.Split(strings.TrimSpace(string(request)), "\r\n")
	sort.Strings(lines[1:])
	fmt.Fprintf(w, "The backend received:\n%s\n", strings.Join(lines, "\n"))
}

// dynamic is Traefik's dynamic configuration: a route for each API, and one
// that takes two kinds of credentials.
func (d *Demo) dynamic() map[string]any {
	const loginSecret = "env:UPSTREAMAUTH_LOGIN_SECRET"
	panel := map[string]any{"api": "ippanel", "url": d.APIs.IPPanel.URL, "loginSecret": loginSecret}
	key := map[string]any{"api": "thammasat", "url": d.APIs.Thammasat.URL}
	routes := map[string]map[string]any{
		"university": {"applicationKey": key},
		"account":    {"basic": map[string]any{"api": "thammasat", "url": d.APIs.Thammasat.URL, "applicationKey": "env:UPSTREAMAUTH_TU_KEY"}},
		"panel":      {"bearer": panel},
		"courier":    {"bearer": map[string]any{"api": "bts", "url": d.APIs.BTS.URL, "path": upstreams.BTSStatusPath, "loginSecret": loginSecret}},
		"service":    {"bearer": map[string]any{"api": "webservice", "url": d.APIs.WebService.URL, "path": d.APIs.WebService.Path()}},
		"both":       {"bearer": panel, "applicationKey": key},
		"site": {"bearer": panel, "session": map[string]any{
			"secret": "env:UPSTREAMAUTH_SESSION", "path": "/site/enter", "redirect": "/site/", "logout": "/site/leave",
		}},
	}
	routers, middlewares := map[string]any{}, map[string]any{}
	for name, config := range routes {
		middlewares[name] = map[string]any{"plugin": map[string]any{"upstreamauth": config}}
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
		block := map[string]any{"api": login.api, "url": login.url, "loginSecret": loginSecret}
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
		{"a wrong key", "/university", "Application-Key: never-issued", 403, "the API's own error"},
		{"no key", "/university", "", 401, "no call"},
		{"a student's account", "/account", account(s.Password), 200, "identity headers, percent-encoded"},
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
