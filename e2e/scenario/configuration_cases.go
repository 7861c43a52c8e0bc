package scenario

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/config/configtest"
	"github.com/upstreamauth/upstreamauth/e2e/stage"
)

// faultBody is the response to every request on a route with a fault.
const faultBody = `{"status":"error","message":"configuration fault","code":500}`

// EnvOpener starts a level with an environment.
type EnvOpener func(backend string, environment []string) (Level, error)

// Configurations runs testdata/config on one level: a configuration without a
// fault protects its route; one with faults closes it, and all of them are logged
// at once. typed says whether the level delivers typed values unchanged, as
// Kubernetes does and files do not; own, whether it takes an environment.
func Configurations(t *testing.T, open EnvOpener, typed, own bool) {
	var together, variables []configtest.Case
	for i, c := range configurations(t) {
		if c.Provider == "kubernetes" && !typed {
			continue
		}
		if len(c.Env)+len(c.Files) == 0 {
			together = append(together, c)
		} else if renamed, shares := named(c, i); own && shares {
			variables = append(variables, renamed)
		} else if own {
			t.Run(c.Title(), func(t *testing.T) { runConfigurations(t, open, 0, []configtest.Case{c}) })
		}
	}
	if len(variables) > 0 {
		t.Run("cases with an environment", func(t *testing.T) { runConfigurations(t, open, 0, variables) })
	}
	for from := 0; from < len(together); from += maxTogether {
		some := together[from:min(from+maxTogether, len(together))]
		t.Run(fmt.Sprintf("cases without an environment, from %d", from), func(t *testing.T) { runConfigurations(t, open, from, some) })
	}
}

// maxTogether is how many configurations are served at once: a Traefik takes some
// seconds for them.
const maxTogether = 300

// folders is the variable that lists the folders whose files may be read.
const folders = "UPSTREAMAUTH_FILES"

// named returns a case whose variables have names that no other case uses, and whether it
// is one: proxies are the whole process's, and so are the folders of files, which only
// those cases share that have their files in folders of their own.
func named(c configtest.Case, n int) (configtest.Case, bool) {
	text, err := json.Marshal(c)
	if err != nil || strings.Contains(string(text), "file:") && !strings.HasPrefix(c.Env[folders], os.TempDir()) || strings.Contains(string(text), "env:"+folders) {
		return c, false
	}
	for name := range c.Env {
		if name == folders {
			continue
		}
		if strings.HasSuffix(strings.ToUpper(name), "_PROXY") {
			return c, false
		}
		text = regexp.MustCompile(`\b`+regexp.QuoteMeta(name)+`\b`).ReplaceAll(text, fmt.Appendf(nil, "%s_%d", name, n))
	}
	renamed := configtest.Case{File: c.File}
	err = json.Unmarshal(text, &renamed)
	return renamed, err == nil
}

func runConfigurations(t *testing.T, open EnvOpener, from int, cases []configtest.Case) {
	backend := NewBackend(nil)
	defer backend.Close()
	level, err := open(backend.URL, environmentOf(cases))
	if err != nil {
		t.Fatal(err)
	}
	defer level.Close()
	h := NewHarness(t, level, backend)
	routes := Routes{}
	for i, c := range cases {
		routes[fmt.Sprint("case", from+i)] = c.Config
	}
	h.Serve(routes)
	logged := faultsByMiddleware(h.Logs())
	for i, c := range cases {
		name := fmt.Sprint("case", from+i)
		r := h.Get(name)
		expectEqual(t, c.Title()+": faults in the log", append([]string{}, logged[name]...), append([]string{}, c.Faults...))
		if len(c.Faults) > 0 {
			expectEqual(t, c.Title()+": body", r.Body, faultBody)
			expectEqual(t, c.Title()+": status", r.Status, 500)
		} else if r.Status != 401 && r.Status != 200 {
			t.Errorf("%s: status %d, want 401, or 200 where anonymous requests may pass", c.Title(), r.Status)
		}
	}
	for _, line := range strings.Split(h.Logs(), "\n") {
		if strings.Contains(line, "MARKER") && strings.Contains(line, "configuration fault") {
			t.Errorf("a secret in the log: %s", line)
		}
	}
}

// faultsByMiddleware reads the configuration faults out of a log.
func faultsByMiddleware(log string) map[string][]string {
	logged := map[string][]string{}
	for _, entry := range entriesOf(log, "configuration fault", "") {
		name, _, _ := strings.Cut(fmt.Sprint(entry["middleware"]), "@")
		logged[name] = append(logged[name], fmt.Sprint(entry["detail"]))
	}
	return logged
}

func environmentOf(cases []configtest.Case) []string {
	variables := map[string]string{}
	for _, c := range cases {
		for name, value := range c.Env {
			if before := variables[name]; name == folders && before != "" && value != "" {
				value = before + ":" + value
			}
			variables[name] = value
		}
	}
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		lines = append(lines, name+"="+variables[name])
	}
	return lines
}

func configurations(t testing.TB) []configtest.Case {
	t.Helper()
	root, err := stage.Root()
	if err != nil {
		t.Fatal(err)
	}
	return configtest.Cases(t, filepath.Join(root, "testdata", "config"))
}
