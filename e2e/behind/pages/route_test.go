package pages

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/traefik"
	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// route is a dynamic configuration: one router with these middlewares, of which
// "gate" is the plugin with a block for the panel at api, before a backend that
// answers everything with 200.
func route(t *testing.T, api string, gate, others map[string]any, order []string) map[string]any {
	t.Helper()
	backend := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(backend.Close)
	block := map[string]any{"bearer": map[string]any{"api": "ippanel", "url": api}}
	for key, value := range gate {
		block[key] = value
	}
	middlewares := map[string]any{"gate": map[string]any{"plugin": map[string]any{"upstreamauth": block}}}
	for name, middleware := range others {
		middlewares[name] = middleware
	}
	return map[string]any{"http": map[string]any{
		"routers": map[string]any{"app": map[string]any{
			"rule": "Host(`app.example.com`)", "middlewares": order, "service": "app", "entryPoints": []string{"web"},
		}},
		"middlewares": middlewares,
		"services":    map[string]any{"app": map[string]any{"loadBalancer": map[string]any{"servers": []any{map[string]any{"url": backend.URL}}}}},
	}}
}

// panel is an emulated IPPanel, and a valid token of its user ali.
func panel(t *testing.T) (api *upstreams.IPPanel, token string) {
	t.Helper()
	api = upstreams.NewIPPanel(upstreams.IPPanelOptions{})
	api.AddUser(upstreams.PanelUser{UserName: "ali"})
	return api, api.IssueToken("ali")
}

// status is what a request with a token is answered with. It also claims to be
// another user's.
func status(t *testing.T, server *traefik.Server, path, token string) int {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "app.example.com"
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("X-Auth-User", "forged")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	return response.StatusCode
}
