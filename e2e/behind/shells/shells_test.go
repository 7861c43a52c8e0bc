package shells

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/demo"
	"github.com/upstreamauth/upstreamauth/e2e/examples"
)

// interactive are the shells as a user has them before them: zsh, for one, knows
// comments in scripts only, and bash and zsh take ! for something else.
var interactive = [][]string{
	{"bash", "--norc", "-i"},
	{"zsh", "-f", "-i"},
	{"fish", "--no-config", "-i"},
	{"dash", "-i"},
}

// paste gives a shell the text, as if it were typed, and returns what it wrote.
func paste(t *testing.T, shell []string, text, dir string, environment ...string) (stdout, stderr string) {
	t.Helper()
	program, err := exec.LookPath(shell[0])
	if err != nil {
		t.Fatalf("no %s on the PATH; `make shells` gets Debian's", shell[0])
	}
	cmd := exec.Command(program, shell[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	cmd.Env = append(cmd.Env, environment...)
	cmd.Stdin = strings.NewReader(text)
	var out, said strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &said
	_ = cmd.Run() // the status of the last command
	return out.String(), said.String()
}

// stubs is a folder with programs that do nothing but write down how they were
// called, into the file that RECORD names.
func stubs(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	// In one write, since the commands of a pipe run at once.
	const stub = "#!/bin/sh\ncall=\"${0##*/}\"\nfor word; do call=\"$call|$word\"; done\nprintf '%s\\n' \"$call\" >>\"$RECORD\"\n"
	for _, name := range strings.Fields("git make mkdir rm tar traefik curl docker grep head sed go cat apt-get command printenv fuser rsvg-convert upstreamauth redis-cli openssl kubectl helm jq") {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(stub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

var changesFolder = regexp.MustCompile(`(?m)^cd (\S+)$`)

// recorded pastes the text where all programs are stubs, and returns how they were
// called, and the files that were written.
func recorded(t *testing.T, shell []string, text, stubs string) string {
	t.Helper()
	dir, record := t.TempDir(), filepath.Join(t.TempDir(), "record")
	folder := dir
	for _, match := range changesFolder.FindAllStringSubmatch(text, -1) {
		folder = filepath.Join(folder, match[1])
	}
	if err := os.MkdirAll(filepath.Join(folder, "secrets"), 0o755); err != nil {
		t.Fatal(err)
	}
	_, said := paste(t, shell, text, dir, "PATH="+stubs, "RECORD="+record)
	calls, err := os.ReadFile(record)
	if err != nil {
		t.Fatalf("%s calls nothing: %s", shell[0], said)
	}
	// The commands of a pipe begin in any order. An interactive fish asks whether grep
	// knows colours, and uses them.
	result := sorted(strings.NewReplacer("grep|--color=auto|\n", "", "grep|--color=auto|", "grep|").Replace(string(calls)))
	err = filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() || strings.HasPrefix(path, filepath.Join(dir, ".")) {
			return err
		}
		content, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		result += fmt.Sprintf("== %s\n%s", name, content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// same pastes the text into every shell; a script of bash says what is meant.
func same(t *testing.T, text, stubs string) {
	t.Helper()
	want := recorded(t, []string{"bash", "--norc", "-e"}, text, stubs)
	for _, shell := range interactive {
		if got := recorded(t, shell, text, stubs); got != want {
			t.Errorf("%s does\n%s\nwanted\n%s\nof\n%s", shell[0], got, want, text)
		}
	}
}

var (
	// span is a command in the midst of a text, and commented one in the head of an example.
	span      = regexp.MustCompile("`((?:make|go|curl|git|docker|apt-get|mkdir|tar|cat|traefik|upstreamauth) [^`\n…]+)`")
	commented = regexp.MustCompile(`(?m)^#   ((?:make|go|curl|git|docker|mkdir|tar|cat) .*)$`)
)

func TestPages(t *testing.T) {
	pages, err := examples.Pages()
	if err != nil {
		t.Fatal(err)
	}
	stubs := stubs(t)
	blocks := 0
	for _, page := range pages {
		for _, b := range page.Blocks() {
			if b.Language != "sh" {
				continue
			}
			blocks++
			t.Run("each shell runs a block of commands as it is meant: "+b.Name, func(t *testing.T) { same(t, b.Text, stubs) })
		}
		commands := ""
		for _, match := range span.FindAllStringSubmatch(page.Prose(), -1) {
			commands += match[1] + "\n"
		}
		if commands != "" {
			t.Run("each shell runs the commands in the text as they are meant: "+page.Name, func(t *testing.T) { same(t, commands, stubs) })
		}
	}
	if blocks < 5 {
		t.Errorf("%d blocks; where are the others?", blocks)
	}
}

func TestExamples(t *testing.T) {
	blocks, err := examples.Blocks()
	if err != nil {
		t.Fatal(err)
	}
	stubs := stubs(t)
	for _, b := range blocks {
		commands := ""
		for _, match := range commented.FindAllStringSubmatch(b.Text, -1) {
			commands += match[1] + "\n"
		}
		if commands != "" {
			t.Run("each shell runs the commands in its comments as they are meant: "+b.Name, func(t *testing.T) { same(t, commands, stubs) })
		}
	}
}

// answered is a status, as curl -i shows it, or alone on a line.
var answered = regexp.MustCompile(`HTTP/1\.1 (\d{3})|(?m)(?:^|\})(\d{3})$`)

func TestDemo(t *testing.T) {
	d, err := demo.Start(t.Context(), io.Discard, demo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var want []string
	for _, l := range d.Lines() {
		want = append(want, fmt.Sprint(l.Status))
	}
	for _, j := range d.Journeys() {
		want = append(want, j.Statuses...)
	}
	for _, shell := range interactive {
		t.Run("all that it prints is pasted at once, and gets what it promises: "+shell[0], func(t *testing.T) {
			out, said := paste(t, shell, d.Paste(), t.TempDir())
			var got []string
			for _, match := range answered.FindAllStringSubmatch(out, -1) {
				got = append(got, match[1]+match[2])
			}
			if strings.Join(got, " ") != strings.Join(want, " ") {
				t.Errorf("%v, wanted %v; it said\n%s", got, want, said)
			}
		})
	}
	t.Run("no line needs a comment, a variable, or a file that is not there yet", func(t *testing.T) {
		for line := range strings.Lines(d.Paste()) {
			if line = strings.TrimSpace(line); line != "" && !regexp.MustCompile(`^(: '[^']*'$|curl |sed )`).MatchString(line) || strings.Contains(line, "$") {
				t.Errorf("%s", line)
			}
		}
	})
}

func sorted(lines string) string {
	all := strings.SplitAfter(lines, "\n")
	slices.Sort(all)
	return strings.Join(all, "")
}
