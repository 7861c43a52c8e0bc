package status

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/scenario"
	"github.com/upstreamauth/upstreamauth/e2e/traefik"
	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

const (
	token = "the operator's token of this test"
	good  = scenario.Marker + "good-key"
)

// site is a Traefik with some gates, one of them with a fault, and a status route below
// /ops/.
type site struct {
	t       *testing.T
	server  *traefik.Server
	web     *upstreams.WebService
	keys    *upstreams.Thammasat
	backend *httptest.Server
	tokens  []string
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, web: upstreams.NewWebService(upstreams.WebServiceOptions{}), keys: upstreams.NewThammasat(upstreams.ThammasatOptions{})}
	t.Cleanup(s.web.Close)
	t.Cleanup(s.keys.Close)
	s.keys.AddKey(good)
	for _, user := range []string{"sara", "navid", "mina"} {
		s.tokens = append(s.tokens, s.web.IssueToken(upstreams.User{UserName: scenario.Marker + user}))
	}
	s.backend = upstreams.NewHTTPServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, "served") }))
	t.Cleanup(s.backend.Close)
	server, err := traefik.Start(traefik.Options{Env: append(scenario.Environment(), "UPSTREAMAUTH_STATUS="+token), LogLevel: "ERROR"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop() })
	s.server = server
	s.apply(0)
	return s
}

// apply configures the gates, with further ones that have a fault.
func (s *site) apply(faulty int) {
	s.t.Helper()
	plugin := func(config map[string]any) map[string]any {
		return map[string]any{"plugin": map[string]any{"upstreamauth": config}}
	}
	middlewares := map[string]any{
		"panel":  plugin(map[string]any{"bearer": map[string]any{"api": "webservice", "url": s.web.URL, "path": s.web.Path(), "budget": "500/1h"}}),
		"campus": plugin(map[string]any{"applicationKey": map[string]any{"api": "thammasat", "url": s.keys.URL}}),
		"status": plugin(map[string]any{"mode": "status", "status": map[string]any{"token": "env:UPSTREAMAUTH_STATUS"}}),
	}
	routers := map[string]any{}
	for i := range faulty {
		middlewares[fmt.Sprint("broken-", i)] = plugin(map[string]any{"mode": "<img src=x onerror=alert(1)>", "bearer": map[string]any{"api": "ippanel", "url": "https://api.example"}})
	}
	for name := range middlewares {
		rule := "Host(`" + name + ".localhost`)"
		if name == "status" {
			rule = "PathPrefix(`/ops`)"
		}
		routers[name] = map[string]any{"rule": rule, "middlewares": []any{name}, "service": "backend", "entryPoints": []string{"web"}}
	}
	if err := s.server.Apply("site", map[string]any{"http": map[string]any{
		"routers": routers, "middlewares": middlewares,
		"services": map[string]any{"backend": map[string]any{"loadBalancer": map[string]any{"servers": []any{map[string]any{"url": s.backend.URL}}}}},
	}}); err != nil {
		s.t.Fatal(err)
	}
}

// ask sends a request to a gate, and compares the status.
func (s *site) ask(want int, gate string, lines ...string) {
	s.t.Helper()
	if got := s.status(gate, lines...); got != want {
		s.t.Errorf("%s: %d, want %d", gate, got, want)
	}
}

func (s *site) status(gate string, lines ...string) int {
	s.t.Helper()
	r, err := http.NewRequest(http.MethodGet, s.server.URL+"/", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Host = gate + ".localhost"
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Add(name, value)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode
}

// framing is a page of another origin that frames the status page, posts by itself that a
// token be forgotten, and tries to read what is shown.
func framing(page, token string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, `<!doctype html><iframe src="%[1]s"></iframe><script>
		(async()=>{
			let read="no";
			await fetch("%[1]sforget",{method:"POST",mode:"no-cors",credentials:"include",body:JSON.stringify({bearer:%[2]q})}).catch(()=>0);
			try{read=(await fetch("%[1]sstatus",{credentials:"include"})).status}catch(e){}
			await new Promise(r=>document.readyState=="complete"?r():addEventListener("load",r));
			const p=document.createElement("p");p.id="done";p.textContent="read "+read;document.body.append(p)
		})()</script>`, page, token)
	})
}

// use sends requests of every sort.
func (s *site) use() {
	s.t.Helper()
	for i := range 40 {
		s.ask(200, "panel", "Authorization: Bearer "+s.tokens[i%len(s.tokens)])
		if i%5 == 0 {
			s.ask(401, "panel", fmt.Sprint("Authorization: Bearer unknown-", i%10))
		}
	}
	s.ask(401, "panel")
	for range 8 {
		s.ask(200, "campus", "Application-Key: "+good)
	}
}
