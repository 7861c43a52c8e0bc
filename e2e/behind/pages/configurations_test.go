package pages

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/upstreamauth/upstreamauth/e2e/examples"
	"github.com/upstreamauth/upstreamauth/e2e/traefik"
	"gopkg.in/yaml.v3"
)

// Every dynamic configuration for the file provider is served by a real Traefik:
// it takes the file, makes every router, and those of a gate answer 401 to a
// request without a credential.
func TestConfigurations(t *testing.T) {
	t.Run("each dynamic one is served, and denies a request without a credential", everyDynamicOne)
	t.Run("the newest and the oldest Traefik start with each static one", everyStaticOne)
	t.Run("the newest one starts with the option in its comments, too", everyStaticOneWithAliases)
}

func everyDynamicOne(t *testing.T) {
	blocks, err := examples.Blocks()
	if err != nil {
		t.Fatal(err)
	}
	secrets := t.TempDir()
	for _, name := range examples.Mounted() {
		if err := os.WriteFile(filepath.Join(secrets, name), []byte(examples.Secret), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	server, err := traefik.Start(traefik.Options{
		Env:      append(examples.Environment(), "UPSTREAMAUTH_FILES="+secrets),
		LogLevel: "ERROR",
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := server.Stop(); err != nil {
			t.Error(err)
		}
	}()
	served := 0
	for _, b := range blocks {
		top := decoded(t, b)
		if top["http"] == nil {
			continue
		}
		served++
		t.Run(b.Name, func(t *testing.T) {
			text := strings.ReplaceAll(b.Text, "/run/secrets/", secrets+"/")
			name := "page." + map[string]string{"yaml": "yml", "toml": "toml"}[b.Language]
			if err := server.Put(name, []byte(text)); err != nil {
				t.Fatal(err)
			}
			for router, rule := range routers(t, server, top) {
				if open[b.Name] == router {
					continue
				}
				denied(t, server, router, rule, isIssuer(top, router))
			}
			if err := server.Delete(name); err != nil {
				t.Fatal(err)
			}
		})
	}
	if served < 10 {
		t.Errorf("%d dynamic configurations; where are the others?", served)
	}
	if strings.Contains(server.Logs(), "configuration fault") {
		t.Error(server.Logs())
	}
}

// open are the routes without a gate, by the file: the page of the demo.
var open = map[string]string{"examples/demo/dynamic/demo.yml": "page"}

// decoded is a block's top; empty where it is no YAML or TOML.
func decoded(t *testing.T, b examples.Block) map[string]any {
	t.Helper()
	top := map[string]any{}
	var err error
	switch b.Language {
	case "yaml":
		err = yaml.Unmarshal([]byte(b.Text), &top)
	case "toml":
		_, err = toml.Decode(b.Text, &top)
	}
	if err != nil {
		t.Fatalf("%s: %v", b.Name, err)
	}
	return top
}

// routers are those of a configuration, by name, as Traefik tells that it serves
// them, with their rules.
func routers(t *testing.T, server *traefik.Server, top map[string]any) map[string]string {
	t.Helper()
	raw, err := server.RawData()
	if err != nil {
		t.Fatal(err)
	}
	running := struct {
		Routers map[string]struct {
			Status, Rule string
			Error        []string
		}
	}{}
	if err := json.Unmarshal(raw, &running); err != nil {
		t.Fatal(err)
	}
	rules := map[string]string{}
	written, _ := top["http"].(map[string]any)["routers"].(map[string]any)
	for name := range written {
		r := running.Routers[name+"@file"]
		if r.Status != "enabled" {
			t.Errorf("router %s: status %q %q", name, r.Status, r.Error)
			continue
		}
		rules[name] = r.Rule
	}
	if len(rules) == 0 {
		t.Error("no router is served")
	}
	return rules
}

// isIssuer tells whether a router's middleware is one of mode: issuer.
func isIssuer(top map[string]any, router string) bool {
	text := fmt.Sprint(top["http"].(map[string]any)["middlewares"].(map[string]any)[router])
	return strings.Contains(text, "mode:issuer")
}

var (
	hostRule = regexp.MustCompile("Host\\(`([^`]+)`\\)")
	pathRule = regexp.MustCompile("PathPrefix\\(`([^`]+)`\\)")
)

// denied sends a request that a router's rule fits, without a credential.
func denied(t *testing.T, server *traefik.Server, router, rule string, issuer bool) {
	t.Helper()
	path := "/"
	if found := pathRule.FindStringSubmatch(rule); found != nil {
		path = found[1]
	}
	request, err := http.NewRequest(http.MethodGet, server.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if found := hostRule.FindStringSubmatch(rule); found != nil {
		request.Host = found[1]
	}
	if issuer {
		return // it denies nothing, and leads to a real API
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if response.StatusCode != http.StatusUnauthorized || response.Header.Get("WWW-Authenticate") == "" {
		t.Errorf("router %s: status %d: %s", router, response.StatusCode, body)
	}
}
