package repository

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestRooms(t *testing.T) {
	for _, page := range []string{"CONTRIBUTING.md", "docs/architecture.md"} {
		t.Run(page+" asks what the package comments ask", func(t *testing.T) {
			questions := roomQuestions(string(read(t, filepath.Join(root(t), filepath.FromSlash(page)))))
			compared := 0
			for _, room := range packages(t) {
				asked := packageComment(t, room)
				if !strings.Contains(asked, "?") {
					continue // its comment asks nothing
				}
				compared++
				if question := questions[room]; question == "" || !strings.Contains(asked, question) {
					t.Errorf("%s: the page asks %q, and the package comment %q", room, question, asked)
				}
			}
			if compared < 8 {
				t.Errorf("only %d rooms have a question", compared)
			}
		})
	}

	t.Run("the tree of docs/architecture.md is the repository's", func(t *testing.T) {
		_, tree, found := strings.Cut(string(read(t, filepath.Join(root(t), "docs", "architecture.md"))), "```text\n")
		tree, _, closed := strings.Cut(tree, "```")
		if !found || !closed {
			t.Fatal("there is no tree")
		}
		listed := listedFiles(tree)
		there := repositoryFiles(t)
		for _, name := range there {
			if !slices.Contains(listed, name) {
				t.Errorf("the tree lacks %s", name)
			}
		}
		for _, name := range listed {
			if !slices.Contains(there, name) {
				t.Errorf("the tree has %s, which is not there", name)
			}
		}
	})

	t.Run("e2e/doc.go names every folder of e2e and every command", func(t *testing.T) {
		text := string(read(t, filepath.Join(root(t), "e2e", "doc.go")))
		names := append(folders(t, "e2e"), folders(t, "e2e/cmd")...)
		for _, name := range names {
			short := strings.TrimPrefix(strings.TrimSuffix(name, "/"), "e2e/")
			if short != "cmd" && !regexp.MustCompile(`(?m)^//.*\b`+regexp.QuoteMeta(short)+`[,:]`).MatchString(text) {
				t.Errorf("it does not name %s", short)
			}
		}
	})
}

// roomQuestions reads the table of rooms of a page: the question of each, in
// lower case, from what may precede it ("`mode: protect`:") to its mark.
func roomQuestions(page string) map[string]string {
	questions := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z/]+)/` \\| (?:`mode: [a-z]+`: )?([^|?]*\\?)").FindAllStringSubmatch(page, -1) {
		questions[row[1]] = strings.ToLower(row[2])
	}
	return questions
}

// packageComment is that of a room, on one line and in lower case.
func packageComment(t *testing.T, room string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root(t), filepath.FromSlash(room), "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.PackageClauseOnly|parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if file.Doc != nil && !strings.HasSuffix(name, "_test.go") {
			return strings.ToLower(strings.Join(strings.Fields(file.Doc.Text()), " "))
		}
	}
	t.Errorf("%s has no package comment", room)
	return ""
}

// listedFiles reads a tree: a line of names, or a folder and, after a gap, what
// is in it, which indented lines continue. Another gap leads to a remark.
func listedFiles(tree string) []string {
	var names []string
	parent := ""
	for _, line := range strings.Split(strings.TrimSuffix(tree, "\n"), "\n") {
		parts := regexp.MustCompile(` {2,}`).Split(line, -1)
		if parts[0] != "" {
			names = append(names, strings.Fields(parts[0])...)
			parent = parts[0]
		}
		if len(parts) > 1 {
			for _, name := range strings.Fields(parts[1]) {
				names = append(names, parent+name)
			}
		}
	}
	return names
}

// repositoryFiles are the Go files at the root and the folders there, each with
// the folders in it.
func repositoryFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root(t), "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		names = append(names, filepath.Base(file))
	}
	for _, folder := range folders(t, "") {
		names = append(names, folder)
		names = append(names, folders(t, folder)...)
	}
	return names
}

// folders lists those in a folder of the repository, by their paths with a final
// slash; without hidden ones, made ones, and data of tests beside code.
func folders(t *testing.T, in string) []string {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(root(t), filepath.FromSlash(in)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range entries {
		name := entry.Name()
		made := slices.Contains([]string{"dist", "vendor", "plugins-local", "node_modules"}, name)
		if !entry.IsDir() || strings.HasPrefix(name, ".") || made || (name == "testdata" && in != "") {
			continue
		}
		inside, err := os.ReadDir(filepath.Join(root(t), filepath.FromSlash(in), name))
		if err != nil {
			t.Fatal(err)
		}
		if len(inside) == 0 {
			continue // git does not know it
		}
		prefix := strings.TrimSuffix(in, "/")
		if prefix != "" {
			prefix += "/"
		}
		names = append(names, prefix+name+"/")
	}
	return names
}
