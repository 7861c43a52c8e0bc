package repository

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rhysd/actionlint"
	"github.com/upstreamauth/upstreamauth/e2e/stage"
	"gopkg.in/yaml.v3"
)

// workflow is what is looked at beside actionlint's own rules.
type workflow struct {
	Permissions map[string]string
	Concurrency struct{ Group string }
	Jobs        map[string]struct {
		Permissions    map[string]string
		TimeoutMinutes int `yaml:"timeout-minutes"`
		Steps          []struct {
			Uses string
			Run  string
			With map[string]any
		}
	}
}

func TestWorkflows(t *testing.T) {
	files := glob(t, ".github/workflows/*.yml")
	if len(files) != 2 {
		t.Fatalf("%d workflows, want ci and release", len(files))
	}
	targets := makeTargets(t)

	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			for _, complaint := range lint(t, file) {
				t.Error(complaint)
			}

			var w workflow
			if err := yaml.Unmarshal(read(t, file), &w); err != nil {
				t.Fatal(err)
			}
			if len(w.Permissions) != 1 || w.Permissions["contents"] != "read" {
				t.Errorf("permissions are %v, want to read contents and no more", w.Permissions)
			}
			if w.Concurrency.Group == "" {
				t.Error("nothing says which runs exclude each other")
			}
			for name, job := range w.Jobs {
				if job.TimeoutMinutes == 0 {
					t.Errorf("%s: no timeout-minutes", name)
				}
				for _, step := range job.Steps {
					action, version, _ := strings.Cut(step.Uses, "@")
					if step.Uses != "" && !regexp.MustCompile(`^v\d+$`).MatchString(version) {
						t.Errorf("%s: %s is not pinned to a major version", name, step.Uses)
					}
					if action == "actions/checkout" && step.With["persist-credentials"] != false {
						t.Errorf("%s: the checkout leaves the job's token in the working tree", name)
					}
					for _, target := range targetsIn(step.Run) {
						if !slices.Contains(targets, target) {
							t.Errorf("%s: the Makefile has no target %s", name, target)
						}
						if job.Permissions["contents"] == "write" {
							t.Errorf("%s: a job that may write runs make %s", name, target)
						}
					}
				}
			}
		})
	}

	t.Run("ci runs what a developer runs", func(t *testing.T) {
		text := string(read(t, filepath.Join(root(t), ".github", "workflows", "ci.yml")))
		if got := targetsIn(text); !slices.Equal(got, []string{"lint", "unit", "test"}) {
			t.Errorf("it runs make %v", got)
		}
	})
}

// lint runs actionlint, without the programs that it would look for.
func lint(t *testing.T, file string) []string {
	t.Helper()
	linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{})
	if err != nil {
		t.Fatal(err)
	}
	faults, err := linter.Lint(file, read(t, file), nil)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, fault := range faults {
		told = append(told, fault.Error())
	}
	return told
}

// The linter is one that finds things.
func TestLint(t *testing.T) {
	file := filepath.Join(t.TempDir(), "wrong.yml")
	text := "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: echo ${{ github.nothing }}\n      - uses: actions/checkout@v1\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	told := strings.Join(lint(t, file), "\n")
	for _, want := range []string{`"nothing" is not defined`, "too old"} {
		if !strings.Contains(told, want) {
			t.Errorf("nothing says %q:\n%s", want, told)
		}
	}
}

// targetsIn lists the targets that lines of shell give to make.
func targetsIn(text string) []string {
	var targets []string
	for _, line := range strings.Split(text, "\n") {
		line = strings.TrimPrefix(strings.TrimSpace(line), "- run: ")
		if rest, isMake := strings.CutPrefix(line, "make "); isMake {
			target, _, _ := strings.Cut(rest, " ")
			targets = append(targets, target)
		}
	}
	return targets
}

func makeTargets(t *testing.T) []string {
	t.Helper()
	var targets []string
	for _, match := range regexp.MustCompile(`(?m)^([a-z-]+):`).FindAllSubmatch(read(t, filepath.Join(root(t), "Makefile")), -1) {
		targets = append(targets, string(match[1]))
	}
	return targets
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root(t), filepath.FromSlash(pattern)))
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := stage.Root()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
