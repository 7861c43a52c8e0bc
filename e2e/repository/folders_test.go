package repository

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/examples"
)

// oddFolder is a name that make, a shell or Go would take apart where a path is not
// quoted.
const oddFolder = `it's a "folder" #1, 100% $(HOME) ${HOME} $HOME & co; (ü) [a-z]* ~! =>`

// copied is a copy of the checkout's sources, in a folder of that name.
func copied(t *testing.T, name string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name, "upstreamauth")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	copying := exec.Command("sh", "-c", `tar -c --exclude=./.git --exclude=./dist --exclude=./vendor . | (cd "$0" && tar -x)`, dir)
	copying.Dir = root(t)
	if out, err := copying.CombinedOutput(); err != nil {
		t.Fatalf("copying the tree: %v\n%s", err, out)
	}
	return dir
}

// shell runs commands in a folder.
func shell(t *testing.T, dir, commands string, environment ...string) string {
	t.Helper()
	cmd := exec.Command("sh", "-e", "-c", commands)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "MAKEFLAGS=", "MAKELEVEL=", "MAKEOVERRIDES=", "GOFLAGS=-buildvcs=false")
	cmd.Env = append(cmd.Env, environment...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v\n%s", commands, err, out)
	}
	return string(out)
}

// stub is a program that says its name, where it is and what it is given.
func stub(t *testing.T, path, script string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
}

func TestFolders(t *testing.T) {
	linter := "golangci-lint-" + regexp.MustCompile(`(?m)^LINTER_VERSION := (\S+)$`).FindStringSubmatch(string(read(t, filepath.Join(root(t), "Makefile"))))[1]
	t.Run("make works in a folder of any name", func(t *testing.T) {
		dir := copied(t, oddFolder)
		// The cache, the home and the Traefik that is named lie there, too.
		cache := "XDG_CACHE_HOME=" + filepath.Join(dir, "dist", "my cache")
		home := "HOME=" + os.Getenv("HOME")
		stub(t, filepath.Join(dir, "dist", "my cache", "upstreamauth", linter), `echo "linter: $*"`)
		stub(t, filepath.Join(dir, "dist", "a $b", "traefik"), `echo "Version:      3.7.13"; echo "Codename: x"`)

		if out := shell(t, dir, "make help"); !strings.Contains(out, "make demo") {
			t.Errorf("make help says %s", out)
		}
		if out := shell(t, dir, "make fmt", cache, home); !strings.Contains(out, "linter: fmt") {
			t.Errorf("make fmt says %s", out)
		}
		for _, named := range []string{"make traefik TRAEFIK='./dist/a $b/traefik'", `TRAEFIK="$(pwd)/dist/a \$b/traefik" make traefik`} {
			if out := shell(t, dir, named, home); !strings.Contains(out, filepath.Join(dir, "dist", "a $b", "traefik")) {
				t.Errorf("%s says %s", named, out)
			}
		}
		shell(t, dir, "make dist && test -s dist/upstreamauth.tar.gz && test -x dist/bin/dist")
		shell(t, dir, "go vet . && go test ./version && go -C e2e build -o ../dist/bin/ ./cmd/demo ./cmd/upstreams")
		shell(t, dir, "make -n unit lint check test demo attack bench fuzz traefik traefik-oldest chromium shells redis release catalog >/dev/null")
		shell(t, dir, "make clean && test ! -e dist")
	})

	for _, name := range []string{`a\b`, "a\nb"} {
		t.Run(fmt.Sprintf("make refuses a folder that the go command cannot work in: %q", name), func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), name)
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "Makefile"), read(t, filepath.Join(root(t), "Makefile")), 0o600); err != nil {
				t.Fatal(err)
			}
			cmd := exec.Command("make", "dist")
			cmd.Dir = dir
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "Move the checkout to another one") {
				t.Errorf("%v: %s", err, out)
			}
		})
	}

	t.Run("no recipe holds the folder's path, and no target is named by one", func(t *testing.T) {
		fine := regexp.MustCompile(`^(override TRAEFIK :=|ifneq |\$\(error )`)
		for line := range strings.Lines(string(read(t, filepath.Join(root(t), "Makefile")))) {
			if strings.Contains(line, "$(CURDIR)") && !fine.MatchString(line) ||
				strings.Contains(line, "$(abspath") || strings.Contains(line, "MAKEFILE_LIST") {
				t.Errorf("%s", line)
			}
		}
	})
}

// The lines that unpack the plugin are run as they stand, after two archives of
// different versions were made, and twice.
func TestUnpacking(t *testing.T) {
	dir := copied(t, "my folder")
	shell(t, dir, "git init -q . && git -c user.name=x -c user.email=x@example.com commit -q --allow-empty -m x && git tag v0.0.1-first && make dist")
	shell(t, dir, "git tag -d v0.0.1-first >/dev/null && git tag v0.0.1-second && make dist")
	if all, _ := filepath.Glob(filepath.Join(dir, "dist", "*.tar.gz")); len(all) != 2 {
		t.Errorf("the archives are %v", all)
	}
	pages, err := examples.Pages()
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, page := range pages {
		for _, b := range page.Blocks() {
			if b.Language != "sh" || !strings.Contains(b.Text, "tar -x") {
				continue
			}
			found++
			t.Run("it works after a second make dist, and once more: "+b.Name, func(t *testing.T) {
				at, tree := dir, "plugins-local"
				var commands []string
				for line := range strings.Lines(b.Text) {
					if regexp.MustCompile(`^(make|mkdir|rm|tar) `).MatchString(line) {
						commands = append(commands, line)
					}
				}
				switch page.Name {
				case "readme.md":
					tree = filepath.Join("dist", "try", "plugins-local")
				case "examples/readme.md":
					at = filepath.Join(dir, "examples", "compose")
				}
				for range 2 {
					shell(t, at, strings.Join(commands, ""))
				}
				module := filepath.Join(at, tree, "src", "github.com", "upstreamauth", "upstreamauth")
				for _, file := range []string{"plugin.go", "vendor/modules.txt"} {
					if _, err := os.Stat(filepath.Join(module, file)); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	if found < 3 {
		t.Errorf("%d blocks unpack it", found)
	}
}
