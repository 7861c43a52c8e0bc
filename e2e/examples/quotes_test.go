package examples

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestQuotes(t *testing.T) {
	t.Run("each text in a table of symptoms or events is one that the plugin writes", quotedTexts)
	t.Run("each part of a log line's detail is one that the plugin writes", quotedLines)
	t.Run("each reason is listed", listedReasons)
}

func quotedTexts(t *testing.T) {
	pages, err := Pages()
	if err != nil {
		t.Fatal(err)
	}
	sources := pluginSources(t)
	for _, c := range []struct {
		page, column string
		literal      bool // the whole of a Go text, and not a part of one
		least        int
	}{
		{"docs/troubleshooting.md", "| the line says |", false, 16},
		{"docs/operations.md", "| `event` |", true, 12},
	} {
		page, err := Find(pages, c.page)
		if err != nil {
			t.Fatal(err)
		}
		quoted := firstCells(page, c.column)
		if len(quoted) < c.least {
			t.Errorf("%s quotes %d texts below %q; where are the others?", c.page, len(quoted), c.column)
		}
		for _, text := range quoted {
			part := text
			if c.literal {
				part = `"` + text + `"`
			}
			if !strings.Contains(sources, part) {
				t.Errorf("%s quotes %q, which the plugin does not write", c.page, text)
			}
		}
	}
}

// whose is what stands before the detail of an upstream: its block, its API and its address.
// betweenTexts stands between the texts of the plugin in a detail.
var (
	whose        = regexp.MustCompile(`^(?:bearer|applicationKey|basic) \((\w+)\), ((?:GET|POST) https://\S+): `)
	betweenTexts = regexp.MustCompile(`: |\d+h\d+m\d+s more`)
)

// quotedLine is a line of the log on a page.
type quotedLine struct{ Event, Detail, API, Address string }

// withoutWhose returns the detail without what stands before it, and whether that is right: it
// names the same API and address as the line's own values, and is missing only where a line is
// about one request, or about no upstream.
func (l quotedLine) withoutWhose() (detail string, right bool) {
	found := whose.FindStringSubmatch(l.Detail)
	if found == nil {
		return l.Detail, l.API == "" || l.Event == "trace" || l.Event == "refused"
	}
	return l.Detail[len(found[0]):], found[1] == l.API && found[2] == l.Address
}

func quotedLines(t *testing.T) {
	pages, err := Pages()
	if err != nil {
		t.Fatal(err)
	}
	sources := pluginSources(t)
	shown := 0
	for _, page := range pages {
		for _, b := range page.Blocks() {
			line := quotedLine{}
			if b.Language != "json" || json.Unmarshal([]byte(b.Text), &line) != nil || line.Event == "" {
				continue
			}
			shown++
			detail, right := line.withoutWhose()
			if !right {
				t.Errorf("%s: the detail is not about the line's own API (%s) and address (%s): %s", b.Name, line.API, line.Address, line.Detail)
			}
			for _, part := range append(betweenTexts.Split(detail, -1), `"`+line.Event+`"`) {
				if !strings.Contains(sources, part) {
					t.Errorf("%s shows %q, which the plugin does not write", b.Name, part)
				}
			}
		}
	}
	if shown == 0 {
		t.Error("no page shows a line of the log")
	}
}

func TestQuotedLine(t *testing.T) {
	const about = "bearer (bts), GET https://bts.example/v1/orders/statuses: "
	for _, c := range []struct {
		line   quotedLine
		detail string
		right  bool
	}{
		{quotedLine{"outage", about + "no route to host", "bts", "GET https://bts.example/v1/orders/statuses"}, "no route to host", true},
		{quotedLine{"outage", about + "no route to host", "ippanel", "GET https://bts.example/v1/orders/statuses"}, "no route to host", false},
		{quotedLine{"outage", about + "no route to host", "bts", "GET https://bts.example/v1"}, "no route to host", false},
		{quotedLine{"outage", "no route to host", "bts", "GET https://bts.example/v1/orders/statuses"}, "no route to host", false},
		{quotedLine{"trace", "prebuilt", "bts", "GET https://bts.example/v1/orders/statuses"}, "prebuilt", true},
		{quotedLine{"internal", "a panic", "", ""}, "a panic", true},
	} {
		if detail, right := c.line.withoutWhose(); detail != c.detail || right != c.right {
			t.Errorf("%+v: %q, %t", c.line, detail, right)
		}
	}
}

// The reason "configuration" is none of a denial's, but of a closed route.
func listedReasons(t *testing.T) {
	pages, err := Pages()
	if err != nil {
		t.Fatal(err)
	}
	page, err := Find(pages, "docs/configuration.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(page.Text, "`reason` is ")
	found := regexp.MustCompile(`\bReason\s+= "(\w+)"`).FindAllStringSubmatch(pluginSources(t), -1)
	if len(found) < 12 {
		t.Fatalf("%d reasons in the plugin's sources; where are the others?", len(found))
	}
	for _, reason := range found {
		if reason[1] != "configuration" && !strings.Contains(list, "`"+reason[1]+"`") {
			t.Errorf("%s does not list the reason %s", page.Name, reason[1])
		}
	}
}

// firstCells are the texts in code of the first column of a page's tables with
// that heading.
func firstCells(page Page, heading string) []string {
	var texts []string
	table := false
	for _, line := range strings.Split(page.Prose(), "\n") {
		if strings.HasPrefix(line, heading) {
			table = true
			continue
		}
		table = table && strings.HasPrefix(line, "|")
		if !table {
			continue
		}
		cell := strings.Split(line, "|")[1]
		for _, span := range codeSpan.FindAllString(cell, -1) {
			texts = append(texts, strings.Trim(span, "`"))
		}
	}
	return texts
}

// pluginSources are the plugin's Go files without tests, as one text.
func pluginSources(t *testing.T) string {
	t.Helper()
	var all strings.Builder
	root := root(t)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() && (name == "e2e" || name == "dist" || name == "vendor" || strings.HasPrefix(name, ".") && path != root) {
			return fs.SkipDir
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		all.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all.String()
}
