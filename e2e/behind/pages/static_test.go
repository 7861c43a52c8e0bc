package pages

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/ending"
	"github.com/upstreamauth/upstreamauth/e2e/examples"
	"github.com/upstreamauth/upstreamauth/e2e/stage"
	"github.com/upstreamauth/upstreamauth/e2e/traefik"
	"github.com/upstreamauth/upstreamauth/e2e/traefik/binary"
	"golang.org/x/mod/semver"
	"gopkg.in/yaml.v3"
)

// started is what Traefik logs when it has taken its static configuration and
// loaded its plugins.
const started = "Starting provider aggregator"

// The oldest and the newest Traefik that are tested start with every static
// configuration as it is written, with what they log at level INFO and ports of
// their own added.
func everyStaticOne(t *testing.T) {
	for _, program := range programs(t) {
		t.Run(filepath.Base(program), func(t *testing.T) { everyOneOn(t, program, func(text string) string { return text }) })
	}
}

// aliases is the option that the pages offer to newer Traefiks, in comments.
var aliases = regexp.MustCompile(`(?m)^( *)# ( *)(.*?(?:http:|aliasHeadersStrategy.*?))( +#.*)?$`)

// So does the newest with the option that is in comments there.
func everyStaticOneWithAliases(t *testing.T) {
	programs := programs(t)
	newest := programs[0]
	if semver.Compare(versionOf(t, newest), "v3.7.12") < 0 {
		t.Skip("this Traefik does not know the option")
	}
	changed := 0
	everyOneOn(t, newest, func(text string) string {
		if !strings.Contains(text, "aliasHeadersStrategy") {
			return "" // which has started already
		}
		changed++
		with := aliases.ReplaceAllString(text, "$1$2$3")
		if regexp.MustCompile(`# *(- --.*)?aliasHeadersStrategy`).MatchString(with) {
			t.Errorf("the option stays in comments:\n%s", with)
		}
		return with
	})
	if changed < 6 {
		t.Errorf("%d offer the option", changed)
	}
}

// programs are the Traefiks of the tests, the newest first.
func programs(t *testing.T) []string {
	t.Helper()
	newest, err := traefik.Binary()
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv(binary.Variable) != "" {
		return []string{newest}
	}
	oldest, err := binary.Find(binary.Oldest)
	if err != nil {
		t.Fatal(err)
	}
	return []string{newest, oldest}
}

// everyOneOn starts the program with each static configuration as change makes it;
// an empty one is passed over.
func everyOneOn(t *testing.T, program string, change func(text string) string) {
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
	count := 0
	for _, b := range blocks {
		top := decoded(t, b)
		if top["experimental"] == nil && top["accessLog"] == nil && top["additionalArguments"] == nil {
			continue
		}
		count++
		if b.Text = change(b.Text); b.Text == "" {
			continue
		}
		t.Run(b.Name, func(t *testing.T) {
			top := decoded(t, b)
			arguments := flags(top["additionalArguments"])
			if top["additionalArguments"] == nil {
				arguments = fileOf(t, top, dir)
			}
			log := filepath.Join(t.TempDir(), "log")
			if !starts(t, program, dir, arguments, log) {
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
func flags(list any) []string {
	arguments := []string{"--entryPoints.websecure.address=127.0.0.1:0", "--log.level=INFO", "--log.noColor=true"}
	flags, _ := list.([]any)
	for _, flag := range flags {
		arguments = append(arguments, flag.(string))
	}
	return arguments
}

// fileOf writes an adapted static configuration, and returns the flag for it.
func fileOf(t *testing.T, top map[string]any, dir string) []string {
	t.Helper()
	adapt(top, dir)
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
func adapt(top map[string]any, dir string) {
	top["log"] = map[string]any{"level": "INFO", "noColor": true}
	top["global"] = map[string]any{"checkNewVersion": false, "sendAnonymousUsage": false}
	points, _ := top["entryPoints"].(map[string]any)
	if points == nil {
		top["entryPoints"] = map[string]any{"web": map[string]any{"address": "127.0.0.1:0"}}
	}
	for _, point := range points {
		point.(map[string]any)["address"] = "127.0.0.1:0"
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
	ended, err := ending.Start(command)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = command.Process.Kill()
		<-ended
	}()
	for deadline := time.Now().Add(3 * time.Minute); time.Now().Before(deadline); {
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
