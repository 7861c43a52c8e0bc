package traefik

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

func TestMark(t *testing.T) {
	t.Run("it is added to any configuration", func(t *testing.T) {
		for name, text := range map[string]string{
			"empty":              "",
			"a comment":          "# nothing yet\n",
			"null":               "~\n",
			"without http":       "tcp: {routers: {}}\n",
			"http is null":       "http:\n",
			"routers are null":   "http:\n  routers:\n",
			"in flow style":      "http: {routers: {a: {rule: \"Path(`/`)\"}}, middlewares: {}}\n",
			"through an alias":   "x: &x {routers: {}}\nhttp: *x\n",
			"marked once before": "http: {routers: {applied-file: {rule: x}}}\n",
		} {
			marked, err := mark([]byte(text), "file", 42)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}

			var got struct {
				HTTP struct {
					Routers     map[string]struct{ Rule string }
					Middlewares map[string]struct {
						Headers struct {
							CustomResponseHeaders map[string]string `yaml:"customResponseHeaders"`
						}
					}
				}
			}
			if err := yaml.Unmarshal(marked, &got); err != nil {
				t.Errorf("%s: %v\n%s", name, err, marked)
				continue
			}
			if rule := got.HTTP.Routers["applied-file"].Rule; rule != "Host(`file.applied.invalid`)" {
				t.Errorf("%s: the router's rule is %q", name, rule)
			}
			if version := got.HTTP.Middlewares["applied-file"].Headers.CustomResponseHeaders[markHeader]; version != "42" {
				t.Errorf("%s: the version is %q", name, version)
			}
		}
	})

	t.Run("it changes nothing else", func(t *testing.T) {
		text := `http:
    middlewares:
        gate:
            plugin:
                upstreamauth:
                    a: "true"
                    b: 'no'
                    c: 0x1F
                    d: 2026-01-02
                    e: {}
                    f: []
                    g: ~
                    h: ""
                    i: 1_000
                    j: !!str 5
                    l: 9007199254740993
                    m: null
`
		marked, err := mark([]byte(text), "file", 1)
		if err != nil {
			t.Fatal(err)
		}

		// Every line but the added ones, in the order they had.
		rest := string(marked)
		for _, line := range strings.SplitAfter(text, "\n") {
			_, after, found := strings.Cut(rest, line)
			if !found {
				t.Fatalf("%q is gone or changed in\n%s", line, marked)
			}
			rest = after
		}
	})

	t.Run("a file that is no configuration is not marked", func(t *testing.T) {
		for _, text := range []string{"- a\n- list\n", "text\n", "http: text\n", "http: [a]\n"} {
			if _, err := mark([]byte(text), "file", 1); !errors.Is(err, errNotABlock) {
				t.Errorf("%q: %v", text, err)
			}
		}
		if _, err := mark([]byte("a: b: c\n"), "file", 1); err == nil {
			t.Error("broken YAML was marked")
		}
	})
}

func TestStatic(t *testing.T) {
	t.Run("more settings override the static configuration", func(t *testing.T) {
		base := map[string]any{"log": map[string]any{"level": "DEBUG", "noColor": true}, "api": map[string]any{"insecure": true}}
		more := map[string]any{"log": map[string]any{"level": "ERROR"}, "accessLog": map[string]any{}, "api": false}

		got := overlay(base, more)
		want := map[string]any{
			"log":       map[string]any{"level": "ERROR", "noColor": true},
			"accessLog": map[string]any{},
			"api":       false,
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if base["log"].(map[string]any)["level"] != "DEBUG" {
			t.Error("the base was changed")
		}
	})
}
