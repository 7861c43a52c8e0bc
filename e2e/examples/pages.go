package examples

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/upstreamauth/upstreamauth/e2e/stage"
)

// Page is one Markdown file.
type Page struct {
	Name string // below the project's root, with slashes
	Text string
}

// Block is one text that a user may copy: a fenced block of a page, a file that
// such a block writes, or a file below examples/.
type Block struct {
	Name     string // page and line, or the file's path
	Language string // yaml, toml, sh …
	Text     string
}

// skipped are folders that hold no pages or examples of ours.
var skipped = []string{".git", "dist", "vendor", "node_modules", "plugins-local", "secrets"}

// Pages are all Markdown files of the project, in a fixed order.
func Pages() ([]Page, error) {
	var pages []Page
	err := files("", func(name string, text []byte) {
		if strings.HasSuffix(name, ".md") {
			pages = append(pages, Page{Name: name, Text: string(text)})
		}
	})
	return pages, err
}

// Find returns the page of that name.
func Find(pages []Page, name string) (Page, error) {
	i := slices.IndexFunc(pages, func(p Page) bool { return p.Name == name })
	if i < 0 {
		return Page{}, fmt.Errorf("there is no page %s", name)
	}
	return pages[i], nil
}

// Blocks are the blocks of all pages, and the files below examples/.
func Blocks() ([]Block, error) {
	pages, err := Pages()
	if err != nil {
		return nil, err
	}
	var blocks []Block
	for _, page := range pages {
		blocks = append(blocks, page.Blocks()...)
	}
	err = files("examples", func(name string, text []byte) {
		if language := languageOf(name); language != "" {
			blocks = append(blocks, Block{Name: name, Language: language, Text: string(text)})
		}
	})
	return blocks, err
}

var (
	fence   = regexp.MustCompile("(?ms)^```([^\n`]*)\n(.*?)^```$")
	written = regexp.MustCompile(`(?m)^echo '([^']*)' > (\S+)$`)
)

// Blocks are the fenced blocks of a page, each followed by the files that it
// writes.
func (p Page) Blocks() []Block {
	var blocks []Block
	for _, at := range fence.FindAllStringSubmatchIndex(p.Text, -1) {
		line := 1 + strings.Count(p.Text[:at[0]], "\n")
		b := Block{Name: fmt.Sprintf("%s:%d", p.Name, line), Language: p.Text[at[2]:at[3]], Text: p.Text[at[4]:at[5]]}
		blocks = append(blocks, b)
		for _, file := range written.FindAllStringSubmatch(b.Text, -1) {
			blocks = append(blocks, Block{Name: b.Name + ":" + file[2], Language: languageOf(file[2]), Text: file[1] + "\n"})
		}
	}
	return blocks
}

// Prose is a page's text without its fenced blocks.
func (p Page) Prose() string { return fence.ReplaceAllString(p.Text, "") }

func languageOf(file string) string {
	switch filepath.Ext(file) {
	case ".yml", ".yaml":
		return "yaml"
	case ".toml":
		return "toml"
	}
	return ""
}

// files calls visit for each file below a folder of the project, by its path
// below the project's root.
func files(folder string, visit func(name string, text []byte)) error {
	root, err := stage.Root()
	if err != nil {
		return err
	}
	return filepath.WalkDir(filepath.Join(root, folder), func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && slices.Contains(skipped, entry.Name()) {
			return fs.SkipDir
		}
		if !entry.Type().IsRegular() {
			return nil
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		if !strings.HasSuffix(name, ".md") && languageOf(name) == "" {
			return nil
		}
		text, err := os.ReadFile(path)
		visit(filepath.ToSlash(name), text)
		return err
	})
}

// Environment is what the configurations of the pages refer to by env:, as
// "NAME=value".
func Environment() []string {
	return []string{
		"UPSTREAMAUTH_TU_KEY=a-key",
		"UPSTREAMAUTH_LOGIN_SECRET=sixteen bytes at least",
		"UPSTREAMAUTH_SESSION=thirty-two bytes are the very least",
		"UPSTREAMAUTH_KEYS=a-secret-of-the-gate",
		"UPSTREAMAUTH_STATUS=sixteen bytes, or more",
		"UPSTREAMAUTH_REDIS=a-password",
		"UPSTREAMAUTH_SHARED=the thirty-two bytes that all Traefiks have",
	}
}

// Secret is what files hold that the configurations refer to: long enough for any of them.
const Secret = "a-secret-of-thirty-two-bytes-or-more\n"

// Mounted are the files below /run/secrets that the pages refer to.
func Mounted() []string {
	return []string{"tu_key", "shared", "session", "redis"}
}
