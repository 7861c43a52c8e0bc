package examples

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/upstreamauth/upstreamauth"
	"github.com/upstreamauth/upstreamauth/e2e/interpreted"
	"github.com/upstreamauth/upstreamauth/e2e/stage"
	"github.com/upstreamauth/upstreamauth/version"
	"gopkg.in/yaml.v3"
)

func TestEveryExampleLoads(t *testing.T) {
	examples := filepath.Join(root(t), "examples")
	loaded := 0
	err := filepath.WalkDir(examples, func(path string, entry fs.DirEntry, err error) error {
		extension := filepath.Ext(path)
		if err != nil || entry.IsDir() || !strings.Contains(".yml .yaml .toml", extension) || extension == "" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(examples, path)
		t.Run(name, func(t *testing.T) { loaded += load(t, string(text), extension) })
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if loaded < 5 {
		t.Errorf("%d plugin blocks in all of examples/; where are the others?", loaded)
	}
}

func TestTheReadmesOwnBlocksLoad(t *testing.T) {
	loaded := 0
	for i, fence := range regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$").FindAllStringSubmatch(readme(t), -1) {
		if !strings.Contains(fence[1], "upstreamauth:") {
			continue
		}
		t.Run(fmt.Sprintf("block %d", i+1), func(t *testing.T) { loaded += load(t, fence[1], ".yaml") })
	}
	if loaded < 5 {
		t.Errorf("%d plugin blocks in all of the readme; where are the others?", loaded)
	}
}

// What the readme calls missing is refused, by that very reason.
func TestWhatIsNotInThisVersionIsRefused(t *testing.T) {
	_, after, _ := strings.Cut(readme(t), "\n## Not in this version\n")
	section, _, found := strings.Cut(after, "\n## ")
	if !found {
		t.Fatal("the readme has no section Not in this version")
	}
	const block = "bearer: {api: ippanel, url: https://edge.example"
	for word, text := range map[string]string{
		"shared": block + "}, shared: {address: redis}",
	} {
		if !strings.Contains(section, "`"+word+"`") {
			t.Errorf("the readme does not name %s", word)
		}
		var s settings
		if err := yaml.Unmarshal([]byte("{"+text+"}"), &s); err != nil {
			t.Fatal(err)
		}
		answer, log := ask(t, s, func() { t.Error("the backend was reached") })
		if answer.Code != http.StatusInternalServerError || !strings.Contains(log, "not available in this version") {
			t.Errorf("%s: status %d, log %q", word, answer.Code, log)
		}
	}
}

// load reads one file of any sort, and returns how many plugin blocks it holds.
func load(t *testing.T, text, extension string) int {
	t.Helper()
	top := map[string]any{}
	var err error
	if extension == ".toml" {
		_, err = toml.Decode(text, &top)
	} else {
		err = yaml.Unmarshal([]byte(text), &top) // of several documents, the first
	}
	if err != nil {
		t.Fatal(err)
	}

	var blocks []block
	switch {
	case top["experimental"] != nil:
		declares(t, top)
		return 0
	case top["http"] != nil:
		blocks, err = fromFile(text, extension)
	case top["kind"] != nil:
		blocks, err = fromKubernetes(text)
	case top["services"] != nil:
		return composed(t, text)
	case top["upstreamauth"] != nil:
		const indent = "\n        "
		blocks, err = fromFile("http:\n  routers:\n    app: {middlewares: [gate]}\n  middlewares:\n    gate:\n      plugin:"+
			indent+strings.ReplaceAll(strings.TrimSpace(text), "\n", indent)+"\n", ".yaml")
	default:
		t.Fatal("nobody knows what this file is")
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range blocks {
		guards(t, b)
	}
	return len(blocks)
}

// composed reads a Compose file: the labels of its services, if they have any.
func composed(t *testing.T, text string) int {
	t.Helper()
	file := struct {
		Services map[string]struct{ Labels map[string]string }
	}{}
	if err := yaml.Unmarshal([]byte(text), &file); err != nil {
		t.Fatal(err)
	}
	count := 0
	for name, s := range file.Services {
		if len(s.Labels) == 0 {
			continue
		}
		blocks, err := fromLabels(s.Labels)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, b := range blocks {
			guards(t, b)
		}
		count += len(blocks)
	}
	return count
}

// declares checks a static configuration: it says where the plugin is, and
// that Traefik does not start without it.
func declares(t *testing.T, static map[string]any) {
	t.Helper()
	experimental, _ := static["experimental"].(map[string]any)
	if experimental["abortOnPluginFailure"] != true {
		t.Error("no abortOnPluginFailure beside the plugin")
	}
	for _, sort := range []string{"plugins", "localPlugins"} {
		plugins, _ := experimental[sort].(map[string]any)
		declared, there := plugins["upstreamauth"].(map[string]any)
		if !there {
			continue
		}
		if declared["moduleName"] != stage.Module {
			t.Errorf("moduleName is %v", declared["moduleName"])
		}
		if sort == "plugins" && declared["version"] != "v"+version.Version {
			t.Errorf("version is %v, the plugin says %s", declared["version"], version.Version)
		}
		return
	}
	t.Error("the plugin is not declared")
}

// guards checks that a block makes a gate, and not the handler that refuses
// everything because of faults.
func guards(t *testing.T, b block) {
	t.Helper()
	if b.plugin != "upstreamauth" {
		t.Errorf("%s: the plugin %s is declared nowhere", b.middleware, b.plugin)
	}
	passed := false
	answer, log := ask(t, b.settings, func() { passed = true })
	if log != "" {
		t.Errorf("%s: %s", b.middleware, log)
	}
	if issuer := b.settings["mode"] == "issuer"; issuer || passed {
		if issuer != passed {
			t.Errorf("%s: without a credential: the backend was reached: %t", b.middleware, passed)
		}
		return
	}
	if answer.Code != http.StatusUnauthorized || answer.Header().Get("WWW-Authenticate") == "" {
		t.Errorf("%s: without a credential: status %d: %s", b.middleware, answer.Code, answer.Body)
	}
}

// ask makes a handler of a block, as Traefik does, and sends it a request
// without a credential; reached is called if that gets to the backend.
func ask(t *testing.T, s settings, reached func()) (*httptest.ResponseRecorder, string) {
	t.Helper()
	secrets := t.TempDir()
	if err := mount(s, secrets); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"UPSTREAMAUTH_FILES": secrets, "UPSTREAMAUTH_TU_KEY": "a-key",
		"UPSTREAMAUTH_LOGIN_SECRET": "sixteen bytes at least", "UPSTREAMAUTH_SESSION": "thirty-two bytes are the very least"}
	lookup := func(name string) (string, bool) {
		value, there := env[name]
		return value, there
	}
	config := upstreamauth.CreateConfig()
	if err := interpreted.Decode(s, config); err != nil {
		t.Fatal(err)
	}
	backend := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		reached()
	})
	var log bytes.Buffer
	process := upstreamauth.NewRuntime(time.Now(), time.Since, lookup, &log)
	handler := process.Handler(context.Background(), backend, config, "gate@file")
	answer := httptest.NewRecorder()
	handler.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "http://app.example.com/", nil))
	return answer, log.String()
}

// mount puts a file into folder for each one below /run/secrets that a block
// refers to, and makes the block refer to that.
func mount(s settings, folder string) error {
	const mounted = "file:/run/secrets/"
	return replace(s, func(value string) (string, error) {
		if !strings.HasPrefix(value, mounted) {
			return value, nil
		}
		path := filepath.Join(folder, filepath.Base(value))
		return "file:" + path, os.WriteFile(path, []byte("a-secret\n"), 0o600)
	})
}

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(t), "readme.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := stage.Root()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
