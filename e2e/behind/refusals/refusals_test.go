// Package refusals shows behind Traefik what needs clients of their own: its access log
// of clients that leave, uploads over HTTP/2, and calls of gRPC.
package refusals

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/net/http2"

	"github.com/upstreamauth/upstreamauth/e2e/traefik"
	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// site is a Traefik with an access log, and an SMS panel for its route.
type site struct {
	t      *testing.T
	server *traefik.Server
	api    *upstreams.IPPanel
	log    string
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, api: upstreams.NewIPPanel(upstreams.IPPanelOptions{}), log: filepath.Join(t.TempDir(), "access.log")}
	t.Cleanup(s.api.Close)
	s.api.AddUser(upstreams.PanelUser{UserName: "ali"})
	server, err := traefik.Start(traefik.Options{LogLevel: "ERROR", Static: map[string]any{
		"accessLog": map[string]any{"filePath": s.log, "format": "json"},
		"metrics":   map[string]any{"prometheus": map[string]any{}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	s.server = server
	t.Cleanup(func() { _ = server.Stop() })
	return s
}

// serve has a route for each block, at <name>.example.com; packed has middlewares before it. backend may be an address of h2c.
func (s *site) serve(backend string, blocks map[string]map[string]any) {
	s.t.Helper()
	routers := map[string]any{}
	middlewares := map[string]any{"compress": map[string]any{"compress": map[string]any{}}, "retry": map[string]any{"retry": map[string]any{"attempts": 2}}}
	for name, block := range blocks {
		middlewares[name] = map[string]any{"plugin": map[string]any{"upstreamauth": block}}
		chain := []string{name}
		if name == "packed" {
			chain = []string{"compress", "retry", name}
		}
		routers[name] = map[string]any{
			"rule": fmt.Sprintf("Host(`%s.example.com`)", name), "middlewares": chain, "service": "app", "entryPoints": []string{"web"},
		}
	}
	if err := s.server.Apply("refusals", map[string]any{"http": map[string]any{
		"routers": routers, "middlewares": middlewares,
		"services": map[string]any{"app": map[string]any{"loadBalancer": map[string]any{"servers": []any{map[string]any{"url": backend}}}}},
	}}); err != nil {
		s.t.Fatal(err)
	}
}

// block is a route's block for tokens of the panel, with further keys.
func (s *site) block(more map[string]any) map[string]any {
	block := map[string]any{"bearer": map[string]any{"api": "ippanel", "url": s.api.URL, "timeout": "60s"}}
	for key, value := range more {
		block[key] = value
	}
	return block
}

func backend(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(server.Close)
	return server.URL
}

// statuses counts the lines that the access log has so far by route and status.
func (s *site) statuses() map[string]int {
	s.t.Helper()
	file, err := os.Open(s.log)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	counts := map[string]int{}
	for lines := bufio.NewReader(file); ; {
		text, err := lines.ReadBytes('\n')
		if err != nil { // what is left is no whole line yet
			return counts
		}
		line := struct {
			RequestHost, RequestProtocol string
			DownstreamStatus             int
		}{}
		if err := json.Unmarshal(text, &line); err != nil {
			s.t.Fatal(err)
		}
		if name, ours := strings.CutSuffix(line.RequestHost, ".example.com"); ours {
			counts[fmt.Sprint(name, " ", line.RequestProtocol, " ", line.DownstreamStatus)]++
		}
	}
}

// clients are one of HTTP/1.1 and one of HTTP/2, without TLS.
func clients() map[string]*http.Client {
	return map[string]*http.Client{
		"HTTP/1.1": {Transport: &http.Transport{}},
		"HTTP/2.0": {Transport: &http2.Transport{
			AllowHTTP: true,
			DialTLSContext: func(ctx context.Context, network, address string, _ *tls.Config) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, network, address)
			},
		}},
	}
}
