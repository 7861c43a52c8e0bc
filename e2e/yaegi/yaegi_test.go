// Package yaegi_test records how the interpreter in Traefik differs from the
// compiler, and which forms both run alike. The plugin's code avoids the
// differences. When one of them disappears, its test fails, and the lint rule
// against it can be removed.
package yaegi_test

import (
	"embed"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/traefik/yaegi/interp"
	"github.com/traefik/yaegi/stdlib"
	"github.com/upstreamauth/upstreamauth/e2e/yaegi/surprises"
)

//go:embed surprises/*.go
var sources embed.FS

const importPath = "example.com/surprises"

// panicked is the outcome of a program that panics.
const panicked = "a panic"

// compiled runs a program as the compiler made it.
func compiled(name string) (outcome string) {
	defer caught(&outcome)
	return surprises.Programs[name]()
}

// interpreted runs a program as Traefik would. The error is about loading.
func interpreted(t testing.TB, name string, stderr io.Writer) (outcome string, err error) {
	t.Helper()
	run, err := load(t, name, stderr)
	if err != nil {
		return "", err
	}
	defer caught(&outcome)
	return run(), nil
}

// load imports the one file that a program stands in.
func load(t testing.TB, name string, stderr io.Writer) (run func() string, err error) {
	t.Helper()
	// The interpreter logs and panics over sources that it does not understand.
	log.SetOutput(io.Discard)
	defer log.SetOutput(os.Stderr)
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("loading panicked: %v", r)
		}
	}()
	i := interp.New(interp.Options{GoPath: goPath(t, name), Stdout: stderr, Stderr: stderr})
	if err := i.Use(stdlib.Symbols); err != nil {
		return nil, err
	}
	if _, err := i.Eval(fmt.Sprintf("import %q", importPath)); err != nil {
		return nil, err
	}
	value, err := i.Eval("surprises." + name)
	if err != nil {
		return nil, err
	}
	return value.Interface().(func() string), nil
}

// goPath makes a GOPATH that holds the one file with this program.
func goPath(t testing.TB, name string) string {
	t.Helper()
	dir := t.TempDir()
	folder := filepath.Join(dir, "src", filepath.FromSlash(importPath))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	file, text := sourceOf(name)
	if file == "" {
		t.Fatalf("no file holds %s", name)
	}
	if err := os.WriteFile(filepath.Join(folder, file), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func sourceOf(name string) (file, text string) {
	entries, _ := sources.ReadDir("surprises")
	for _, entry := range entries {
		content, _ := sources.ReadFile("surprises/" + entry.Name())
		if strings.Contains(string(content), "\nfunc "+name+"() ") {
			return entry.Name(), string(content)
		}
	}
	return "", ""
}

func caught(outcome *string) {
	if recover() != nil {
		*outcome = panicked
	}
}
