package examples

import (
	"bytes"
	"context"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/BurntSushi/toml"
	"github.com/upstreamauth/upstreamauth"
	"github.com/upstreamauth/upstreamauth/e2e/interpreted"
	"gopkg.in/yaml.v3"
)

func TestBlocks(t *testing.T) {
	t.Run("each configuration is read as its provider reads it, and makes a gate", everyBlockLoads)
}

func everyBlockLoads(t *testing.T) {
	blocks, err := Blocks()
	if err != nil {
		t.Fatal(err)
	}
	loaded := map[string]int{} // plugin blocks, by the first part of the name
	for _, b := range blocks {
		if b.Language != "yaml" && b.Language != "toml" {
			continue
		}
		t.Run(b.Name, func(t *testing.T) {
			n, err := load(t, b)
			if err != nil {
				t.Fatal(err)
			}
			first, _, _ := strings.Cut(b.Name, "/")
			first, _, _ = strings.Cut(first, ":")
			loaded[first] += n
		})
	}
	for from, least := range map[string]int{"readme.md": 1, "docs": 8, "examples": 6} {
		if loaded[from] < least {
			t.Errorf("%d plugin blocks in %s; where are the others?", loaded[from], from)
		}
	}
}

// load reads one block of any sort, and returns how many plugin blocks it holds.
func load(t *testing.T, b Block) (int, error) {
	t.Helper()
	top := map[string]any{}
	var err error
	if b.Language == "toml" {
		_, err = toml.Decode(b.Text, &top)
	} else {
		err = yaml.Unmarshal([]byte(b.Text), &top) // of several documents, the first
	}
	if err != nil {
		return 0, err
	}
	extension := "." + b.Language

	var found []block
	switch {
	case top["http"] != nil:
		found, err = fromFile(b.Text, extension)
	case isStatic(top):
		return 0, fromStatic(b.Text, extension)
	case top["additionalArguments"] != nil:
		return 0, fromHelm(b.Text)
	case top["kind"] != nil:
		found, err = fromKubernetes(b.Text)
	case top["services"] != nil:
		found, err = fromCompose(b.Text)
	default:
		return 0, errors.New("neither static nor dynamic configuration, from `http:` down, nor a manifest, Compose or Helm file")
	}
	if err != nil {
		return 0, err
	}
	for _, one := range found {
		guards(t, one)
	}
	return len(found), nil
}

// guards checks that a block makes a gate, and not the handler that denies
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
	env := map[string]string{"UPSTREAMAUTH_FILES": secrets}
	for _, variable := range Environment() {
		name, value, _ := strings.Cut(variable, "=")
		env[name] = value
	}
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

// mount puts a file into folder for each one below /run/secrets and /etc/upstreamauth that
// a block refers to, and makes the block refer to that.
func mount(s settings, folder string) error {
	return replace(s, func(value string) (string, error) {
		if !strings.HasPrefix(value, "file:/run/secrets/") && !strings.HasPrefix(value, "file:/etc/upstreamauth/") {
			return value, nil
		}
		text := []byte(Secret)
		if strings.HasSuffix(value, ".crt") {
			server := httptest.NewTLSServer(http.NotFoundHandler())
			defer server.Close()
			text = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
		}
		path := filepath.Join(folder, filepath.Base(value))
		return "file:" + path, os.WriteFile(path, text, 0o600)
	})
}
