package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// ran is what the program did.
type ran struct {
	end      int
	out, err string
}

// play runs the program in a folder of its own with these files.
func play(t *testing.T, files map[string]string, stdin string, arguments ...string) ran {
	t.Helper()
	t.Chdir(t.TempDir())
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var out, failure bytes.Buffer
	end := run(arguments, streams{in: strings.NewReader(stdin), out: &out, err: &failure})
	return ran{end, out.String(), failure.String()}
}

func (r ran) want(t *testing.T, end int, parts ...string) {
	t.Helper()
	if r.end != end {
		t.Errorf("it ends with %d, want %d", r.end, end)
	}
	for _, part := range parts {
		if !strings.Contains(r.out+r.err, part) {
			t.Errorf("nothing says %q", part)
		}
	}
	if t.Failed() {
		t.Logf("%s%s", r.out, r.err)
	}
}

const gateYAML = `http:
  routers:
    app:
      rule: Host(` + "`a.example`" + `)
      middlewares: [gate]
      service: app
  middlewares:
    gate:
      plugin:
        upstreamauth:
          bearer:
            api: ippanel
            url: https://edge.example
            lifetme: 1h
`

var valid = strings.Replace(gateYAML, "            lifetme: 1h\n", "", 1)

func TestCheck(t *testing.T) {
	fault := `bearer.lifetme: unknown key; did you mean "lifetime"?`

	t.Run("a fault has its file, its line, its middleware and its key", func(t *testing.T) {
		r := play(t, map[string]string{"d.yml": gateYAML}, "", "check", "d.yml")
		r.want(t, 1)
		if r.out != "d.yml:14: gate: "+fault+"\n" {
			t.Errorf("it says %q", r.out)
		}
	})
	t.Run("standard input, in YAML and in TOML", func(t *testing.T) {
		play(t, nil, gateYAML, "check", "-").want(t, 1, "-:14: gate: "+fault)
		inTOML := "[http.middlewares.gate.plugin.upstreamauth.bearer]\napi = \"ippanel\"\nurl = \"https://e.example\"\nlifetme = \"1h\"\n"
		play(t, nil, inTOML, "check", "-").want(t, 1, "-:4: gate: "+fault)
	})
	t.Run("JSON", func(t *testing.T) {
		r := play(t, map[string]string{"d.yml": gateYAML}, "", "check", "-format", "json", "d.yml")
		var found []map[string]any
		if err := json.Unmarshal([]byte(r.out), &found); err != nil || len(found) != 1 || found[0]["line"] != 14.0 || found[0]["key"] != "bearer.lifetme" {
			t.Errorf("%v: %s", err, r.out)
		}
		if r := play(t, map[string]string{"d.yml": valid}, "", "check", "-format=json", "d.yml"); r.out != "[]\n" || r.end != 0 {
			t.Errorf("without faults it is %q", r.out)
		}
	})
	t.Run("annotations of GitHub", func(t *testing.T) {
		r := play(t, map[string]string{"a,b%.yml": gateYAML}, "", "check", "-format", "github", "a,b%.yml")
		if r.out != "::error file=a%2Cb%25.yml,line=14,title=upstreamauth::gate: "+fault+"\n" {
			t.Error(r.out)
		}
	})
	t.Run("nothing wrong, unreadable files, and wrong use", func(t *testing.T) {
		play(t, map[string]string{"d.yml": valid}, "", "check", "d.yml").want(t, 0, "1 middlewares of the plugin upstreamauth in 1 files")
		play(t, nil, "", "check", "none.yml").want(t, 2, "none.yml: no such file")
		play(t, map[string]string{"d.yml": "http: ["}, "", "check", "d.yml").want(t, 2, "d.yml: ")
		play(t, map[string]string{"d.yml": "a: 1"}, "", "check", "d.yml").want(t, 2, "holds neither")
		play(t, nil, "", "check").want(t, 2)
		play(t, nil, "", "chekc").want(t, 2)
		play(t, nil, "", "check", "-format", "xml", "x").want(t, 2)
	})
	t.Run("another name of the plugin", func(t *testing.T) {
		text := strings.Replace(gateYAML, "upstreamauth:", "door:", 1)
		play(t, map[string]string{"d.yml": text}, "", "check", "-plugin", "door", "d.yml").want(t, 1, fault)
		play(t, map[string]string{"d.yml": text}, "", "check", "d.yml").want(t, 0, "0 middlewares")
	})
	t.Run("labels and manifests", func(t *testing.T) {
		labels := "services:\n  app:\n    labels:\n      - traefik.http.routers.a.middlewares=gate\n      - traefik.http.middlewares.gate.plugin.upstreamauth.bearer.api=ippanel\n" +
			"      - traefik.http.middlewares.gate.plugin.upstreamauth.bearer.url=https://e.example\n      - traefik.http.middlewares.gate.plugin.upstreamauth.bearer.lifetme=1h\n"
		play(t, map[string]string{"c.yml": labels}, "", "check", "c.yml").want(t, 1, "c.yml:7: gate: "+fault)
		manifest := "apiVersion: traefik.io/v1alpha1\nkind: Middleware\nmetadata: {name: gate, namespace: app}\nspec:\n  plugin:\n    upstreamauth:\n      bearer:\n" +
			"        api: ippanel\n        url: https://e.example\n        lifetme: 1h\n        loginSecret: urn:k8s:secret:a:b\n"
		play(t, map[string]string{"m.yml": manifest}, "", "check", "m.yml").want(t, 1, "m.yml:10: app-gate: "+fault)
	})
}

func TestCheckSecrets(t *testing.T) {
	text := strings.Replace(valid, "            api: ippanel\n", "            api: ippanel\n            loginSecret: env:UPSTREAMAUTH_LOGIN_MARKER\n", 1)
	t.Run("they are not read", func(t *testing.T) {
		play(t, map[string]string{"d.yml": text}, "", "check", "d.yml").want(t, 0)
	})
	t.Run("they are, where that is said", func(t *testing.T) {
		play(t, map[string]string{"d.yml": text}, "", "check", "-secrets", "d.yml").want(t, 1, "the environment variable is not set")
		t.Setenv("UPSTREAMAUTH_LOGIN_MARKER", "a secret that is long enough")
		play(t, map[string]string{"d.yml": text}, "", "check", "-secrets", "d.yml").want(t, 0)
	})
	t.Run("nothing is said of what a template or Compose takes from elsewhere", func(t *testing.T) {
		template := strings.Replace(text, "env:UPSTREAMAUTH_LOGIN_MARKER", `{{ env "X" }}`, 1)
		play(t, map[string]string{"d.yml": template}, "", "check", "d.yml").want(t, 0)
		compose := "services:\n  app:\n    labels:\n      traefik.http.middlewares.gate.plugin.upstreamauth.bearer.api: ippanel\n      traefik.http.middlewares.gate.plugin.upstreamauth.bearer.url: ${ADDRESS}\n"
		play(t, map[string]string{"c.yml": compose}, "", "check", "c.yml").want(t, 0)
	})
	t.Run("templates are rendered with sprig", func(t *testing.T) {
		template := "{{ $api := \"IPPANEL\" | lower }}" + strings.Replace(valid, "api: ippanel", `api: {{ $api }}x`, 1)
		play(t, map[string]string{"d.yml": template}, "", "check", "d.yml").want(t, 1, `d.yml:12: gate: bearer.api: "ippanelx" is not allowed`)
	})
}

func TestTraps(t *testing.T) {
	open := "    all:\n      rule: PathPrefix(`/`)\n      service: app\n"
	with := func(more string) string { return strings.Replace(valid, "  routers:\n", "  routers:\n"+more, 1) }

	t.Run("a catch-all beside a protected router", func(t *testing.T) {
		play(t, map[string]string{"d.yml": with(open)}, "", "check", "d.yml").want(t, 1, "d.yml:3: router all: rule: matches what the router app protects")
		same := strings.Replace(open, "PathPrefix(`/`)", "(Host(`a.example`)) || Host(`b.example`)", 1)
		play(t, map[string]string{"d.yml": with(same)}, "", "check", "d.yml").want(t, 1, "router all: rule:")
	})
	t.Run("routers that match other requests are none", func(t *testing.T) {
		for _, rule := range []string{"Host(`b.example`)", "Host(`a.example`) && PathPrefix(`/health`)", "PathPrefix(`/`) && Method(`GET`)"} {
			play(t, map[string]string{"d.yml": with(strings.Replace(open, "PathPrefix(`/`)", rule, 1))}, "", "check", "d.yml").want(t, 0)
		}
		elsewhere := with(open + "      entryPoints: [internal]\n")
		elsewhere = strings.Replace(elsewhere, "      middlewares: [gate]\n", "      middlewares: [gate]\n      entryPoints: [web]\n", 1)
		play(t, map[string]string{"d.yml": elsewhere}, "", "check", "d.yml").want(t, 0)
		chained := with(strings.Replace(open, "      service", "      middlewares: [chain]\n      service", 1)) + "    chain:\n      chain:\n        middlewares: [gate]\n"
		play(t, map[string]string{"d.yml": chained}, "", "check", "d.yml").want(t, 0)
	})
	t.Run("a middleware that no router uses, also across files", func(t *testing.T) {
		unused := strings.Replace(valid, "      middlewares: [gate]\n", "", 1)
		play(t, map[string]string{"d.yml": unused}, "", "check", "d.yml").want(t, 1, "d.yml:7: gate: no router uses it")
		labels := "services:\n  app:\n    labels:\n      traefik.http.routers.b.middlewares: gate@file\n"
		play(t, map[string]string{"d.yml": unused, "c.yml": labels}, "", "check", "d.yml", "c.yml").want(t, 0)
	})
	t.Run("a misspelt name", func(t *testing.T) {
		play(t, map[string]string{"d.yml": strings.Replace(valid, "[gate]", "[gat]", 1)}, "", "check", "d.yml").want(t, 1, `router app: middlewares: "gat" is not there`)
	})
	t.Run("a static configuration", func(t *testing.T) {
		static := "experimental:\n  plugins:\n    upstreamauth:\n      moduleName: github.com/upstreamauth/upstreamauth\n"
		play(t, map[string]string{"s.yml": static, "d.yml": valid}, "", "check", "-static", "s.yml", "d.yml").want(t, 1, "s.yml: static: experimental.abortOnPluginFailure: ")
		play(t, map[string]string{"s.yml": static + "  abortOnPluginFailure: true\n"}, "", "check", "-static", "s.yml").want(t, 0)
		play(t, map[string]string{"s.yml": "log: {level: INFO}\n"}, "", "check", "-static", "s.yml").want(t, 1, "the plugin is not declared")
		arguments := "additionalArguments:\n  - --experimental.plugins.upstreamauth.modulename=github.com/upstreamauth/upstreamauth\n"
		play(t, map[string]string{"h.yml": arguments}, "", "check", "h.yml").want(t, 1, "abortOnPluginFailure")
		play(t, map[string]string{"h.yml": arguments + "  - --experimental.abortonpluginfailure\n"}, "", "check", "h.yml").want(t, 0)
	})
}

const yes = "HTTP/1.1 100 Continue\r\n\r\nHTTP/2 200 \r\ncontent-type: application/json\r\ncontent-length: 9999\r\n\r\n" +
	`{"status":"success","code":200,"message":"ok","data":{"user_id":7,"user_name":"anna"}}`

func TestTry(t *testing.T) {
	t.Run("a reply of a built-in api", func(t *testing.T) {
		play(t, map[string]string{"d.yml": valid, "r": "HTTP/1.1 500 Oops\r\n\r\n"}, "", "try", "-middleware", "gate", "d.yml", "r").
			want(t, 0, "no answer", "the client gets: 500", "the backend gets: nothing", "not remembered")
		play(t, map[string]string{"d.yml": valid, "r": "no reply"}, "", "try", "d.yml", "r").want(t, 2, "save it by curl -i")
	})
	custom := strings.Replace(valid, "api: ippanel\n", "api: custom\n            path: /me\n            custom:\n              identity: {fields: {user: data.user_name}}\n"+
		"              replies:\n              - {status: 200, when: status is success, then: allow}\n              - {status: 401, then: deny}\n", 1)
	t.Run("a reply of a described api", func(t *testing.T) {
		play(t, map[string]string{"d.yml": custom, "r": yes}, "", "try", "d.yml", "r").
			want(t, 0, "custom.replies[0]: fits", "passes to the backend", "X-Auth-User: anna", "the entry ends: 20")
		play(t, map[string]string{"d.yml": custom}, strings.Replace(yes, "success", "error", 1), "try", "d.yml", "-").
			want(t, 1, "does not hold: status is success", "has another status", "none fits", "the client gets: 500")
	})
}

func TestAsk(t *testing.T) {
	var (
		mu    sync.Mutex
		asked []string
	)
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked = append(asked, r.Header.Get("Authorization"))
		mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		if r.Header.Get("Authorization") != "Bearer right-MARKER" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		_, _ = w.Write([]byte(`{"user":"anna"}`))
	}))
	t.Cleanup(api.Close)
	text := strings.Replace(valid, "api: ippanel\n            url: https://edge.example\n", "api: custom\n            path: /me\n            timeout: 60s\n            url: "+api.URL+"\n            custom: {identity: {fields: {user: user}}}\n", 1)

	play(t, map[string]string{"d.yml": text}, "", "ask", "d.yml").want(t, 2, "set UPSTREAMAUTH_TOKEN")
	t.Run("the canary comes first", func(t *testing.T) {
		t.Setenv("UPSTREAMAUTH_TOKEN", "right-MARKER")
		r := play(t, map[string]string{"d.yml": text}, "", "ask", "d.yml")
		r.want(t, 0, "a made-up credential: denied (HTTP 401", "X-Auth-User: anna")
		mu.Lock()
		defer mu.Unlock()
		if len(asked) < 2 || asked[0] == "Bearer right-MARKER" || strings.Contains(r.out+r.err, "MARKER") {
			t.Errorf("asked about %q", asked)
		}
	})
}

func TestSchema(t *testing.T) {
	for _, arguments := range [][]string{{"schema"}, {"schema", "-file"}} {
		r := play(t, nil, "", arguments...)
		made := map[string]any{}
		if err := json.Unmarshal([]byte(r.out), &made); err != nil || made["$schema"] == nil || r.end != 0 {
			t.Errorf("%v: %v", arguments, err)
		}
	}
}
