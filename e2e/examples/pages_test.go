package examples

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/stage"
)

// readers are the languages of fenced blocks, and whether another test reads
// what is in them: a block without a language, or in another, is not checked by
// anything.
var readers = map[string]bool{"yaml": true, "toml": true, "sh": true, "json": true, "text": false, "mermaid": false}

func TestPages(t *testing.T) {
	t.Run("each block has a reader, and each make target exists", readable)
	t.Run("each link and each anchor leads somewhere", linksLead)
	t.Run("the words are those of the field", wordsOfTheField)
	t.Run("the readme is short, and its links are absolute", readmeTravels)
}

func readable(t *testing.T) {
	pages, err := Pages()
	if err != nil {
		t.Fatal(err)
	}
	targets := makeTargets(t)
	for _, page := range pages {
		t.Run(page.Name, func(t *testing.T) {
			if strings.Count(page.Text, "```") != 2*len(fence.FindAllString(page.Text, -1)) {
				t.Error("a fence that is indented, or not closed")
			}
			for _, b := range page.Blocks() {
				if _, known := readers[b.Language]; !known {
					t.Errorf("%s: no test reads blocks of %q", b.Name, b.Language)
				}
				if b.Language == "json" && !json.Valid([]byte(b.Text)) {
					t.Errorf("%s: no JSON", b.Name)
				}
				if b.Language == "sh" {
					parses(t, b)
				}
			}
			for _, target := range mentioned(page) {
				if !targets[target] {
					t.Errorf("make %s: the Makefile has no such target", target)
				}
			}
		})
	}
}

// The plugin catalog and pkg.go.dev show the readme away from the repository:
// it is short, and its links are absolute.
func readmeTravels(t *testing.T) {
	pages, err := Pages()
	if err != nil {
		t.Fatal(err)
	}
	readme, err := Find(pages, "readme.md")
	if err != nil {
		t.Fatal(err)
	}
	if len(readme.Text) > 12<<10 {
		t.Errorf("%d bytes; at most 12 KiB", len(readme.Text))
	}
	for _, target := range links(readme) {
		if !strings.HasPrefix(target, "#") && !strings.HasPrefix(target, "https://") {
			t.Errorf("%s leads nowhere in the catalog", target)
		}
	}
}

// The words of the field, where others have crept in before.
func wordsOfTheField(t *testing.T) {
	others := regexp.MustCompile(`(?i)\b(nobody|somebody|anybody|whoever|vouch\w*|lets? in|a yes|wrong yes|wrong no|heals?|outranks?|junk|harmless|honou?r\w*)\b`)
	pages, err := Pages()
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		for _, word := range others.FindAllString(page.Text, -1) {
			t.Errorf("%s says %q", page.Name, word)
		}
	}
}

// parses has bash read a block without running it.
func parses(t *testing.T, b Block) {
	t.Helper()
	bash := exec.Command("bash", "-n")
	bash.Stdin = strings.NewReader(b.Text)
	if out, err := bash.CombinedOutput(); err != nil {
		t.Errorf("%s: %v\n%s", b.Name, err, out)
	}
}

var (
	codeSpan    = regexp.MustCompile("`[^`\n]+`")
	makeCommand = regexp.MustCompile(`(?m)^\s*(?:\$ )?make( .+)$`)
	makeTarget  = regexp.MustCompile(`^[a-z][a-z-]*$`)
)

// mentioned are the targets of the Makefile that a page names: in its shell
// blocks, and in code within its text.
func mentioned(page Page) []string {
	var commands []string
	for _, b := range page.Blocks() {
		if b.Language == "sh" {
			commands = append(commands, b.Text)
		}
	}
	for _, span := range codeSpan.FindAllString(page.Prose(), -1) {
		commands = append(commands, strings.Trim(span, "`"))
	}
	var targets []string
	for _, command := range commands {
		for _, found := range makeCommand.FindAllStringSubmatch(command, -1) {
			words := strings.Fields(found[1])
			if words[0] == "-C" {
				words = words[2:]
			}
			for _, word := range words {
				if !makeTarget.MatchString(word) {
					break // a variable, a comment, another command
				}
				targets = append(targets, word)
			}
		}
	}
	return targets
}

func makeTargets(t *testing.T) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root(t), "Makefile"))
	if err != nil {
		t.Fatal(err)
	}
	targets := map[string]bool{}
	for _, found := range regexp.MustCompile(`(?m)^([a-z][a-z-]*):`).FindAllStringSubmatch(string(text), -1) {
		targets[found[1]] = true
	}
	return targets
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := stage.Root()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}
