package examples

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/upstreamauth/upstreamauth/e2e/stage"
)

// Each link to a file of the project, and each anchor, leads somewhere.
func linksLead(t *testing.T) {
	pages, err := Pages()
	if err != nil {
		t.Fatal(err)
	}
	root := root(t)
	anchors := map[string]map[string]bool{}
	for _, page := range pages {
		anchors[page.Name] = slugs(page)
	}
	count := 0
	for _, page := range pages {
		for _, target := range links(page) {
			file, anchor, inside := resolve(page.Name, target)
			if !inside {
				continue
			}
			count++
			if _, err := os.Stat(filepath.Join(root, filepath.FromSlash(file))); err != nil {
				t.Errorf("%s: %s: there is no such file", page.Name, target)
				continue
			}
			if anchor != "" && !anchors[file][anchor] {
				t.Errorf("%s: %s: there is no such heading", page.Name, target)
			}
		}
	}
	if count < 100 {
		t.Errorf("%d links in all pages; where are the others?", count)
	}
}

var link = regexp.MustCompile(`\[[^\]]*\]\(([^)\s]+)\)`)

// links are the targets of a page's links and images.
func links(page Page) []string {
	text := codeSpan.ReplaceAllString(page.Prose(), "")
	var targets []string
	for _, found := range link.FindAllStringSubmatch(text, -1) {
		targets = append(targets, found[1])
	}
	return targets
}

// resolve returns the file and the heading that a link on a page leads to, if
// it leads to a file of the project.
func resolve(page, target string) (file, anchor string, inside bool) {
	file, anchor, _ = strings.Cut(target, "#")
	for _, base := range []string{
		"https://" + stage.Module + "/blob/main/",
		strings.Replace("https://"+stage.Module+"/main/", "github.com", "raw.githubusercontent.com", 1),
	} {
		if rest, ours := strings.CutPrefix(file, base); ours {
			return rest, anchor, true
		}
	}
	if strings.Contains(file, ":") {
		return "", "", false
	}
	if file == "" {
		return page, anchor, true
	}
	return path.Join(path.Dir(page), file), anchor, true
}

// slugs are the anchors that GitHub gives to a page's headings.
func slugs(page Page) map[string]bool {
	found := map[string]bool{}
	for _, line := range strings.Split(page.Prose(), "\n") {
		heading := strings.TrimLeft(line, "#")
		if heading == line || !strings.HasPrefix(heading, " ") {
			continue
		}
		found[slug(heading)] = true
	}
	return found
}

func slug(heading string) string {
	text := link.ReplaceAllStringFunc(strings.TrimSpace(heading), func(l string) string {
		return l[1:strings.Index(l, "]")]
	})
	var b strings.Builder
	for _, c := range strings.ToLower(text) {
		switch {
		case c == ' ':
			b.WriteByte('-')
		case c == '-' || c == '_' || unicode.IsLetter(c) || unicode.IsDigit(c):
			b.WriteRune(c)
		}
	}
	return b.String()
}
