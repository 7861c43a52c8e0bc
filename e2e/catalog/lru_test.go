package catalog_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/traefik/yaegi/interp"
	"github.com/traefik/yaegi/stdlib"
)

const lru = "github.com/hashicorp/golang-lru/v2"

// The plugin stays with golang-lru v1 because the interpreter does not load v2:
// its generic types refer to each other.
func TestGolangLRU(t *testing.T) {
	for _, path := range []string{lru, lru + "/simplelru"} {
		t.Run("v2 still does not load: "+path, func(t *testing.T) {
			out := loadInChild(t, path)
			if strings.Contains(out, "it loads") {
				t.Errorf("%s loads now: switch the cache to it, and drop v1", path)
			}
		})
	}

	// The same way of loading takes what can be loaded: it is v2 that fails
	// here, and not the test.
	t.Run("v1 loads", func(t *testing.T) {
		if out := loadInChild(t, "github.com/hashicorp/golang-lru/simplelru"); !strings.Contains(out, "it loads") {
			t.Errorf("simplelru of v1 does not load:\n%s", out)
		}
	})
}

const (
	childPath   = "UPSTREAMAUTH_CATALOG_IMPORT"
	childGoPath = "UPSTREAMAUTH_CATALOG_GOPATH"
)

// loadInChild tries an import in a process of its own: the interpreter may run
// out of stack, which nothing can recover.
func loadInChild(t *testing.T, path string) string {
	t.Helper()
	goPath := t.TempDir()
	module := lru
	if !strings.HasPrefix(path, lru) {
		module = "github.com/hashicorp/golang-lru"
	}
	copyModule(t, module, filepath.Join(goPath, "src", filepath.FromSlash(module)))

	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestChildImport$", "-test.v")
	cmd.Env = append(os.Environ(), childPath+"="+path, childGoPath+"="+goPath)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	t.Logf("%v: %.300s", err, out)
	return string(out)
}

func TestChildImport(t *testing.T) {
	path := os.Getenv(childPath)
	if path == "" {
		t.Skip("not a child")
	}
	debug.SetMaxStack(64 << 20)
	i := interp.New(interp.Options{GoPath: os.Getenv(childGoPath)})
	if err := i.Use(stdlib.Symbols); err != nil {
		t.Fatal(err)
	}
	program := fmt.Sprintf("package main\nimport lru %q\nfunc Try() int { %s }", path, use(path))
	if _, err := i.Eval(program); err != nil {
		t.Fatal(err)
	}
	value, err := i.Eval("main.Try")
	if err != nil {
		t.Fatal(err)
	}
	if got := value.Interface().(func() int)(); got != 2 {
		t.Fatalf("it holds %d of 2", got)
	}
	fmt.Println("it loads")
}

// use puts three things into space for two.
func use(path string) string {
	const steps = "c.Add(1, 1); c.Add(2, 2); c.Add(3, 3); return c.Len()"
	switch path {
	case lru:
		return "c, _ := lru.New[int, int](2); " + steps
	case lru + "/simplelru":
		return "c, _ := lru.NewLRU[int, int](2, nil); " + steps
	}
	return "c, _ := lru.NewLRU(2, nil); " + steps
}

// copyModule copies a module's sources, without tests, from the module cache.
func copyModule(t *testing.T, module, target string) {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	source := strings.TrimSpace(string(out))
	if err != nil || source == "" {
		t.Fatalf("go list -m %s: %v", module, err)
	}
	err = filepath.WalkDir(source, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		rel, err := filepath.Rel(source, path)
		if err != nil {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(target, rel)), 0o755); err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(target, rel), text, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}
