package demo

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"sort"
	"strings"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
	"gopkg.in/yaml.v3"
)

// Secrets are the operator's own, as a configuration gives them: a value, or env:
// and a name.
type Secrets struct{ ApplicationKey, Login, Session string }

// NewBackend starts a backend that shows the request that it received. Where addr
// is empty, it is a free port of 127.0.0.1.
func NewBackend(addr string) (*httptest.Server, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("opening the backend's socket: %w", err)
	}
	backend := &httptest.Server{Listener: listener, Config: &http.Server{Handler: http.HandlerFunc(show)}}
	backend.Start()
	return backend, nil
}

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

// Routes is Traefik's dynamic configuration: a route for each API, one that takes
// two kinds of credentials, one with sessions, and the logins of two APIs. They are
// served by every entrypoint of Traefik, or by the one that is named.
func Routes(apis *upstreams.Demo, backend string, s Secrets, entryPoint ...string) map[string]any {
	panel := map[string]any{"api": "ippanel", "url": apis.IPPanel.URL, "loginSecret": s.Login}
	key := map[string]any{"api": "thammasat", "url": apis.Thammasat.URL}
	routes := map[string]map[string]any{
		"university": {"applicationKey": key},
		"account":    {"basic": map[string]any{"api": "thammasat", "url": apis.Thammasat.URL, "applicationKey": s.ApplicationKey}},
		"panel":      {"bearer": panel},
		"courier":    {"bearer": map[string]any{"api": "bts", "url": apis.BTS.URL, "path": upstreams.BTSStatusPath, "loginSecret": s.Login}},
		"service":    {"bearer": map[string]any{"api": "webservice", "url": apis.WebService.URL, "path": apis.WebService.Path()}},
		"both":       {"bearer": panel, "applicationKey": key},
		"site": {"bearer": panel, "session": map[string]any{
			"secret": s.Session, "path": "/site/enter", "redirect": "/site/", "logout": "/site/leave",
		}},
	}
	routers, middlewares := map[string]any{}, map[string]any{}
	route := func(name, path, service string, config map[string]any) {
		middlewares[name] = map[string]any{"plugin": map[string]any{"upstreamauth": config}}
		router := map[string]any{"rule": "PathPrefix(`" + path + "`)", "middlewares": []string{name}, "service": service}
		if len(entryPoint) > 0 {
			router["entryPoints"] = entryPoint
		}
		routers[name] = router
	}
	services := map[string]any{"backend": serviceOf(backend)}
	for name, config := range routes {
		route(name, "/"+name, "backend", config)
	}
	for name, login := range map[string]struct{ api, url, path string }{
		"panel-login":   {"ippanel", apis.IPPanel.URL, "/v1/api/acl/auth/"},
		"courier-login": {"bts", apis.BTS.URL, "/auth/"},
	} {
		block := map[string]any{"api": login.api, "url": login.url, "loginSecret": s.Login}
		route(name, login.path, name, map[string]any{"mode": "issuer", "bearer": block})
		services[name] = serviceOf(strings.TrimSuffix(login.url, "/v1"))
	}
	return map[string]any{"http": map[string]any{"routers": routers, "middlewares": middlewares, "services": services}}
}

func serviceOf(address string) map[string]any {
	return map[string]any{"loadBalancer": map[string]any{"servers": []any{map[string]any{"url": address}}}}
}

// File is the routes as a file for Traefik's file provider, which runs it as a Go
// template before it reads it.
func File(routes map[string]any) ([]byte, error) {
	text, err := yaml.Marshal(routes)
	if err != nil {
		return nil, err
	}
	return []byte(strings.ReplaceAll(string(text), "{{", "{{`{{`}}")), nil
}
