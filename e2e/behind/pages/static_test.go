package pages

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/examples"
	"github.com/upstreamauth/upstreamauth/e2e/stage"
	"github.com/upstreamauth/upstreamauth/e2e/traefik"
	"golang.org/x/mod/semver"
	"gopkg.in/yaml.v3"
)

// started is what Traefik logs when it has taken its static configuration and
// loaded its plugins.
const started = "Starting provider aggregator"

// A real Traefik starts with every static configuration, with what it logs at
// level INFO and ports of its own added. An older one does so without the key
// that the pages say it does not know.
func everyStaticOne(t *testing.T) {
	blocks, err := examples.Blocks()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := stage.Plugin(filepath.Join(dir, "plugins-local")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "dynamic.yml"), nil, 0o600); err != nil { // which the quick start names
		t.Fatal(err)
	}
	binary, err := traefik.Binary()
	if err != nil {
		t.Fatal(err)
	}
	knowsAliases := semver.Compare(versionOf(t, binary), "v3.7.12") >= 0
	count := 0
	for _, b := range blocks {
		top := decoded(t, b)
		if top["experimental"] == nil && top["accessLog"] == nil && top["additionalArguments"] == nil {
			continue
		}
		count++
		t.Run(b.Name, func(t *testing.T) {
			arguments := flags(top["additionalArguments"], knowsAliases)
			if top["additionalArguments"] == nil {
				arguments = fileOf(t, top, dir, knowsAliases)
			}
			log := filepath.Join(t.TempDir(), "log")
			if !starts(t, binary, dir, arguments, log) {
				written, _ := os.ReadFile(log)
				t.Errorf("Traefik does not start:\n%s", written)
			}
		})
	}
	if count < 9 {
		t.Errorf("%d static configurations; where are the others?", count)
	}
}

// flags are those that Helm makes of a list of them, with what its chart adds.
func flags(list any, knowsAliases bool) []string {
	arguments := []string{"--entryPoints.websecure.address=127.0.0.1:0", "--log.level=INFO", "--log.noColor=true"}
	flags, _ := list.([]any)
	for _, flag := range flags {
		if text := flag.(string); knowsAliases || !strings.Contains(text, "aliasHeadersStrategy") {
			arguments = append(arguments, text)
		}
	}
	return arguments
}

// fileOf writes an adapted static configuration, and returns the flag for it.
func fileOf(t *testing.T, top map[string]any, dir string, knowsAliases bool) []string {
	t.Helper()
	adapt(top, dir, knowsAliases)
	text, err := yaml.Marshal(top)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "traefik.yml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"--configFile=" + file}
}

// adapt makes a static configuration fit for a test: ports that are free,
// folders that are there, no Docker.
func adapt(top map[string]any, dir string, knowsAliases bool) {
	top["log"] = map[string]any{"level": "INFO", "noColor": true}
	top["global"] = map[string]any{"checkNewVersion": false, "sendAnonymousUsage": false}
	points, _ := top["entryPoints"].(map[string]any)
	if points == nil {
		top["entryPoints"] = map[string]any{"web": map[string]any{"address": "127.0.0.1:0"}}
	}
	for _, point := range points {
		point := point.(map[string]any)
		point["address"] = "127.0.0.1:0"
		if http, _ := point["http"].(map[string]any); http != nil && !knowsAliases {
			delete(http, "aliasHeadersStrategy")
			if len(http) == 0 {
				delete(point, "http")
			}
		}
	}
	if providers, _ := top["providers"].(map[string]any); providers != nil {
		delete(providers, "docker")
		if file, _ := providers["file"].(map[string]any); file != nil && file["directory"] != nil {
			file["directory"] = dir
		}
		if len(providers) == 0 {
			delete(top, "providers")
		}
	}
}

// starts runs Traefik until it has started, or ended.
func starts(t *testing.T, binary, dir string, arguments []string, log string) bool {
	t.Helper()
	output, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	defer output.Close()
	command := exec.Command(binary, arguments...)
	command.Dir = dir
	command.Stdout, command.Stderr = output, output
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = command.Wait(); close(ended) }()
	defer func() {
		_ = command.Process.Kill()
		<-ended
	}()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); {
		text, err := os.ReadFile(log)
		if err == nil && strings.Contains(string(text), started) {
			return true
		}
		select {
		case <-ended:
			return false
		case <-time.After(20 * time.Millisecond):
		}
	}
	return false
}

var versionLine = regexp.MustCompile(`(?m)^Version:\s+v?(\S+)$`)

// versionOf is a Traefik's own word for its version; a development build has
// none, and counts as newest.
func versionOf(t *testing.T, binary string) string {
	t.Helper()
	out, err := exec.Command(binary, "version").Output()
	if err != nil {
		t.Fatal(err)
	}
	found := versionLine.FindSubmatch(out)
	if found == nil || !semver.IsValid("v"+string(found[1])) {
		return "v99.0.0"
	}
	return "v" + string(found[1])
}
