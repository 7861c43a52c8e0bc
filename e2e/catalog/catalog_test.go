// Package catalog_test holds what Traefik's plugin catalog asks of a plugin
// before it lists it: what must be in the repository, and that the plugin
// loads and builds a handler from its own testData, in the interpreter, with
// nothing but the standard library's symbols.
package catalog_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/interpreted"
	"github.com/upstreamauth/upstreamauth/e2e/stage"
	"golang.org/x/mod/modfile"
	"gopkg.in/yaml.v3"
)

// patience is how long the catalog lets a plugin load and build a handler.
const patience = 10 * time.Second

func TestTheManifestSaysWhatTheCatalogAsks(t *testing.T) {
	manifest := map[string]any{}
	if err := yaml.Unmarshal(read(t, ".traefik.yml"), &manifest); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"displayName", "type", "import", "summary"} {
		if text, ok := manifest[key].(string); !ok || strings.TrimSpace(text) == "" {
			t.Errorf("%s: %v", key, manifest[key])
		}
	}
	if manifest["type"] != "middleware" {
		t.Errorf("type: %v", manifest["type"])
	}
	if manifest["import"] != stage.Module {
		t.Errorf("import: %v, want %s", manifest["import"], stage.Module)
	}
	if data, ok := manifest["testData"].(map[string]any); !ok || len(data) == 0 {
		t.Errorf("testData: %v", manifest["testData"])
	}
	for key := range manifest {
		switch key {
		case "displayName", "type", "import", "basePkg", "summary", "testData", "iconPath", "bannerPath", "runtime", "compatibility":
		default:
			t.Errorf("%s: a key that the catalog does not know", key)
		}
	}
	for _, key := range []string{"iconPath", "bannerPath"} {
		if path, ok := manifest[key].(string); ok {
			read(t, path)
		}
	}
}

func TestTheReadmeAndTheLicenceAreThere(t *testing.T) {
	for _, name := range []string{"readme.md", "LICENSE"} {
		if len(read(t, name)) == 0 {
			t.Errorf("%s is empty", name)
		}
	}
}

// The interpreter's own modules must not be vendored into what it interprets.
func TestTheRootModuleRequiresNothingOfTraefiks(t *testing.T) {
	file, err := modfile.Parse("go.mod", read(t, "go.mod"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if file.Module.Mod.Path != stage.Module {
		t.Errorf("module %s, want %s", file.Module.Mod.Path, stage.Module)
	}
	for _, require := range file.Require {
		if strings.Contains(require.Mod.Path, "traefik/") {
			t.Errorf("it requires %s", require.Mod.Path)
		}
	}
	if len(file.Replace)+len(file.Exclude) > 0 {
		t.Error("the catalog builds without replace and exclude")
	}
}

func TestThePluginLoadsAndGuardsWithItsTestData(t *testing.T) {
	goPath := t.TempDir()
	if err := stage.Plugin(goPath); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	plugin, err := interpreted.Load(goPath, interpreted.Options{})
	if err != nil {
		t.Fatal(err)
	}

	reached := false
	next := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true })
	before := takeStock(t)
	handler, err := plugin.New(context.Background(), next, plugin.Manifest().TestData, "catalog")
	if err != nil {
		t.Fatal(err)
	}
	if after := takeStock(t); after != before {
		t.Errorf("New left %+v, before it was %+v", after, before)
	}
	if took := time.Since(start); took > patience {
		t.Errorf("it took %s", took)
	}

	// testData is a true configuration: the handler is the gate, which asks
	// for a credential, and not the one that refuses a faulty configuration.
	reply := httptest.NewRecorder()
	handler.ServeHTTP(reply, httptest.NewRequest(http.MethodGet, "/", nil))
	if reply.Code != http.StatusUnauthorized || reply.Header().Get("WWW-Authenticate") == "" {
		t.Errorf("without a credential: %d %v %s", reply.Code, reply.Header(), reply.Body)
	}
	if !json.Valid(reply.Body.Bytes()) {
		t.Errorf("no JSON: %s", reply.Body)
	}
	if reached {
		t.Error("the backend was reached without a credential")
	}
	if after := takeStock(t); after != before {
		t.Errorf("a request without a credential left %+v, before it was %+v", after, before)
	}
}

// stock is what New must leave as it was: it starts nothing and opens nothing.
type stock struct {
	goroutines int
	files      int // sockets among them; -1 where nobody can tell
}

func takeStock(t *testing.T) stock {
	t.Helper()
	// Goroutines that are about to end are none of New's.
	time.Sleep(20 * time.Millisecond)
	taken := stock{goroutines: runtime.NumGoroutine(), files: -1}
	if entries, err := os.ReadDir("/proc/self/fd"); err == nil {
		taken.files = len(entries)
	}
	return taken
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	root, err := stage.Root()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return text
}
