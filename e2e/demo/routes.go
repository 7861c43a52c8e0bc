package demo

import (
	"strings"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
	"gopkg.in/yaml.v3"
)

// Secrets are the operator's own, as a configuration gives them: a value, or env:
// and a name. Status is for the page alone.
type Secrets struct{ ApplicationKey, Login, Session, Status string }

// FromEnvironment are the secrets by the names of variables, which Environment sets.
var FromEnvironment = Secrets{
	ApplicationKey: "env:UPSTREAMAUTH_TU_KEY", Login: "env:UPSTREAMAUTH_LOGIN_SECRET",
	Session: "env:UPSTREAMAUTH_SESSION", Status: "env:UPSTREAMAUTH_STATUS",
}

// Environment is what Traefik's environment has for FromEnvironment.
func Environment(values Secrets) []string {
	return []string{
		"UPSTREAMAUTH_TU_KEY=" + values.ApplicationKey, "UPSTREAMAUTH_LOGIN_SECRET=" + values.Login,
		"UPSTREAMAUTH_SESSION=" + values.Session, "UPSTREAMAUTH_STATUS=" + values.Status,
	}
}

// Places are the addresses that Traefik asks and leads to. Without a Page there is
// none, and no status route.
type Places struct{ Thammasat, IPPanel, BTS, WebService, Backend, Page string }

// PlacesOf are those of servers of this process.
func PlacesOf(apis *upstreams.Demo, backend, page string) Places {
	return Places{apis.Thammasat.URL, apis.IPPanel.URL, apis.BTS.URL, apis.WebService.URL, backend, page}
}

// webServicePath is what the web service's gate calls.
const webServicePath = "/api/user/info"

// Routes is Traefik's dynamic configuration: a route for each API, one that takes
// two kinds of credentials, one with sessions, the logins of two APIs; with a page,
// that, and the operator's status. They are served by every entrypoint of Traefik, or
// by the one that is named.
func Routes(p Places, s Secrets, entryPoint ...string) map[string]any {
	panel := map[string]any{"api": "ippanel", "url": p.IPPanel, "loginSecret": s.Login}
	key := map[string]any{"api": "thammasat", "url": p.Thammasat}
	session := map[string]any{"secret": s.Session, "path": "/site/enter", "redirect": "/site/", "logout": "/site/leave"}
	routes := map[string]map[string]any{
		"university": {"applicationKey": key},
		"account":    {"basic": map[string]any{"api": "thammasat", "url": p.Thammasat, "applicationKey": s.ApplicationKey}},
		"panel":      {"bearer": panel},
		"courier":    {"bearer": map[string]any{"api": "bts", "url": p.BTS, "path": upstreams.BTSStatusPath, "loginSecret": s.Login}},
		"service":    {"bearer": map[string]any{"api": "webservice", "url": p.WebService, "path": webServicePath}},
		"both":       {"bearer": panel, "applicationKey": key},
		"site":       {"bearer": panel, "session": session},
	}
	c := configuration{entryPoint, map[string]any{}, map[string]any{}, map[string]any{"backend": serviceOf(p.Backend)}}
	for name, block := range routes {
		c.guard(name, "PathPrefix(`/"+name+"`)", "backend", block)
	}
	for name, login := range map[string]struct{ api, url, path string }{
		"panel-login":   {"ippanel", p.IPPanel, "/v1/api/acl/auth/"},
		"courier-login": {"bts", p.BTS, "/auth/"},
	} {
		block := map[string]any{"api": login.api, "url": login.url, "loginSecret": s.Login}
		c.services[name] = serviceOf(strings.TrimSuffix(login.url, "/v1"))
		c.guard(name, "PathPrefix(`"+login.path+"`)", name, map[string]any{"mode": "issuer", "bearer": block})
	}
	if p.Page != "" {
		session["login"], session["return"], session["logoutRedirect"] = "/demo/login?to={return}", "to", "/"
		c.guard("operator", "PathPrefix(`/operator`)", "page", map[string]any{"mode": "status", "status": map[string]any{"token": s.Status}})
		// No more than the page itself: an open route that took every path would answer
		// in the place of a guarded one that is missing.
		c.route("page", "Path(`/`) || PathPrefix(`/demo/`)", "page")
		c.services["page"] = serviceOf(p.Page)
	}
	return map[string]any{"http": map[string]any{"routers": c.routers, "middlewares": c.middlewares, "services": c.services}}
}

// configuration is a dynamic one in the making.
type configuration struct {
	entryPoint                     []string
	routers, middlewares, services map[string]any
}

// guard adds a route with a gate of the same name.
func (c configuration) guard(name, rule, service string, block map[string]any) {
	c.middlewares[name] = map[string]any{"plugin": map[string]any{"upstreamauth": block}}
	c.route(name, rule, service)["middlewares"] = []string{name}
}

func (c configuration) route(name, rule, service string) map[string]any {
	router := map[string]any{"rule": rule, "service": service}
	if len(c.entryPoint) > 0 {
		router["entryPoints"] = c.entryPoint
	}
	c.routers[name] = router
	return router
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
