package repository

import (
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/stage"
	"golang.org/x/mod/semver"
)

func TestContributing(t *testing.T) {
	text := string(read(t, filepath.Join(root(t), "CONTRIBUTING.md")))

	t.Run("every target that it names is in the Makefile", func(t *testing.T) {
		targets := makeTargets(t)
		named := regexp.MustCompile("`make ([a-z-]+)").FindAllStringSubmatch(text, -1)
		if len(named) < 10 {
			t.Errorf("it names %d", len(named))
		}
		for _, match := range named {
			if !slices.Contains(targets, match[1]) {
				t.Errorf("the Makefile has no target %s", match[1])
			}
		}
	})

	t.Run("every path that it names is there", func(t *testing.T) {
		named := regexp.MustCompile("`(\\.?[a-z0-9]+(?:/[A-Za-z0-9._-]*)+)`").FindAllStringSubmatch(text, -1)
		if len(named) < 20 {
			t.Errorf("it names %d", len(named))
		}
		for _, match := range named {
			if _, err := os.Stat(filepath.Join(root(t), filepath.FromSlash(match[1]))); err != nil && match[1] != "vendor/" && !strings.HasPrefix(match[1], "dist/") { // both are made
				t.Error(err)
			}
		}
	})

	t.Run("every room of the plugin is in its table", func(t *testing.T) {
		rooms := column(t, text, "room")
		for _, room := range packages(t) {
			if !slices.Contains(rooms, "`"+room+"/`") {
				t.Errorf("%s has no row", room)
			}
		}
	})

	t.Run("the glossary is in order, a line each, no word twice", func(t *testing.T) {
		words := column(t, text, "word")
		if len(words) < 50 {
			t.Errorf("it has %d words", len(words))
		}
		for i := 1; i < len(words); i++ {
			if strings.ToLower(words[i-1]) >= strings.ToLower(words[i]) {
				t.Errorf("%s stands before %s", words[i-1], words[i])
			}
		}
	})
}

// column lists the first cells of the table whose first column has the name.
func column(t *testing.T, text, name string) []string {
	t.Helper()
	_, table, found := strings.Cut(text, "\n| "+name+" |")
	if !found {
		t.Fatalf("there is no table of a %s each", name)
	}
	table, _, _ = strings.Cut(table, "\n\n")
	var cells []string
	for _, line := range strings.Split(strings.TrimSpace(table), "\n")[2:] {
		cells = append(cells, strings.TrimSpace(strings.Split(line, "|")[1]))
	}
	return cells
}

// packages lists the plugin's, without the root and without helpers of tests.
func packages(t *testing.T) []string {
	t.Helper()
	list := exec.Command("go", "list", "./...")
	list.Dir = root(t)
	list.Env = append(os.Environ(), "GOWORK=off")
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	var rooms []string
	for _, name := range strings.Fields(string(out)) {
		room := strings.TrimPrefix(strings.TrimPrefix(name, stage.Module), "/")
		if room != "" && !strings.HasSuffix(room, "test") {
			rooms = append(rooms, room)
		}
	}
	if len(rooms) < 2 {
		t.Fatalf("go list finds %q", rooms)
	}
	return rooms
}

func TestChangelog(t *testing.T) {
	text := string(read(t, filepath.Join(root(t), "CHANGELOG.md")))

	t.Run("it begins with what is not released, then come versions, the newest first", func(t *testing.T) {
		headings := regexp.MustCompile(`(?m)^## (.*)$`).FindAllStringSubmatch(text, -1)
		if len(headings) == 0 || headings[0][1] != "[Unreleased]" {
			t.Fatalf("the headings are %q", headings)
		}
		newer := ""
		for _, heading := range headings[1:] {
			match := regexp.MustCompile(`^\[([^\]]+)\] - \d{4}-\d{2}-\d{2}$`).FindStringSubmatch(heading[1])
			if match == nil || !semver.IsValid("v"+match[1]) {
				t.Errorf("%q is no version with its day", heading[1])
				continue
			}
			if newer != "" && semver.Compare("v"+match[1], newer) >= 0 {
				t.Errorf("%s stands below %s", match[1], newer)
			}
			newer = "v" + match[1]
		}
	})

	t.Run("its sections have the names of Keep a Changelog", func(t *testing.T) {
		known := []string{"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
		for _, heading := range regexp.MustCompile(`(?m)^### (.*)$`).FindAllStringSubmatch(text, -1) {
			if !slices.Contains(known, heading[1]) {
				t.Errorf("%q is none of %q", heading[1], known)
			}
		}
	})
}

var (
	mdLink    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	mdHeading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	notInSlug = regexp.MustCompile(`[^a-z0-9 _-]`)
)

func TestLinks(t *testing.T) {
	for _, name := range []string{"CONTRIBUTING.md", "CHANGELOG.md", ".github/pull_request_template.md"} {
		t.Run("those of "+name+" lead somewhere", func(t *testing.T) {
			for _, match := range mdLink.FindAllStringSubmatch(string(read(t, filepath.Join(root(t), name))), -1) {
				target, anchor, _ := strings.Cut(match[1], "#")
				if strings.Contains(target, "://") {
					continue
				}
				file := filepath.Join(root(t), path.Join(path.Dir(name), target))
				if target == "" {
					file = filepath.Join(root(t), name)
				}
				if _, err := os.Stat(file); err != nil {
					t.Error(err)
				} else if anchor != "" && !slices.Contains(anchors(string(read(t, file))), anchor) {
					t.Errorf("%s has no heading %s", target, anchor)
				}
			}
		})
	}
}

// anchors are what GitHub makes of a document's headings.
func anchors(text string) []string {
	var names []string
	for _, heading := range mdHeading.FindAllStringSubmatch(text, -1) {
		names = append(names, strings.ReplaceAll(notInSlug.ReplaceAllString(strings.ToLower(heading[1]), ""), " ", "-"))
	}
	return names
}

// What .editorconfig asks of an editor, for those that do not read it.
func TestFiles(t *testing.T) {
	list := exec.Command("git", "ls-files", "-z")
	list.Dir = root(t)
	out, err := list.Output()
	if err != nil {
		t.Skipf("not a git checkout: %v", err)
	}
	files := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	if len(files) < 100 {
		t.Fatalf("git lists %d files", len(files))
	}
	for _, name := range files {
		if slices.Contains([]string{".png", ".svg", ".txt"}, path.Ext(name)) || strings.Contains(name, "testdata/fuzz/") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(root(t), name))
		if err != nil {
			continue // deleted, and not yet committed
		}
		if len(text) > 0 && text[len(text)-1] != '\n' {
			t.Errorf("%s: no line end at the end", name)
		}
		if regexp.MustCompile(`(?m)[ \t\r]+$`).Match(text) {
			t.Errorf("%s: blanks at the end of a line, or CRLF", name)
		}
	}
}
