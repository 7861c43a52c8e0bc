package main

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"strings"
)

// named is a size and what has it.
type named struct {
	name string
	size int
}

// figures are those of one module.
type figures struct {
	rooms     map[string]bool // folders with Go files that are no tests
	files     []named         // lines of each, without tests
	functions []named         // lines of each, without tests
	lines     int             // that are not empty, without tests
	comments  int             // lines of those that hold nothing but a comment
	exported  []int           // letters of each exported name, without tests
	declared  []int           // letters of each declared name, the exported ones too
	tests     []named         // lines of each file of tests
	testNames []int           // letters of each test's name
}

// measure reads all Go files of a checkout: the plugin's, and those of e2e.
func measure(tree fs.FS) (plugin, e2e *figures, err error) {
	plugin, e2e = &figures{rooms: map[string]bool{}}, &figures{rooms: map[string]bool{}}
	err = fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			switch base := entry.Name(); {
			case base == "vendor", base == "testdata", base == "dist", base != "." && strings.HasPrefix(base, "."):
				return fs.SkipDir
			}
			return nil
		}
		if path.Ext(name) != ".go" {
			return nil
		}
		text, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		if strings.HasPrefix(name, "e2e/") {
			return e2e.add(name, text)
		}
		return plugin.add(name, text)
	})
	return plugin, e2e, err
}

func (f *figures) add(name string, text []byte) error {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if strings.HasSuffix(name, "_test.go") || strings.HasSuffix(path.Dir(name), "test") {
		f.tests = append(f.tests, named{name, len(lines)})
		for _, d := range file.Decls {
			if function, ok := d.(*ast.FuncDecl); ok && isTest(function) {
				f.testNames = append(f.testNames, len(function.Name.Name))
			}
		}
		return nil
	}
	f.rooms[path.Dir(name)] = true
	f.files = append(f.files, named{name, len(lines)})
	f.countLines(lines, onlyComments(fset, file))
	for _, d := range file.Decls {
		if function, ok := d.(*ast.FuncDecl); ok {
			size := fset.Position(function.End()).Line - fset.Position(function.Pos()).Line + 1
			f.functions = append(f.functions, named{name + ": " + function.Name.Name, size})
		}
	}
	for _, identifier := range declarations(file) {
		f.declared = append(f.declared, len(identifier))
		if ast.IsExported(identifier) {
			f.exported = append(f.exported, len(identifier))
		}
	}
	return nil
}

func isTest(f *ast.FuncDecl) bool {
	return f.Recv == nil && strings.HasPrefix(f.Name.Name, "Test") && f.Name.Name != "TestMain"
}

func (f *figures) countLines(lines []string, comments map[int]bool) {
	for i, line := range lines {
		if strings.TrimSpace(line) == "" {
			continue
		}
		f.lines++
		if comments[i+1] {
			f.comments++
		}
	}
}

// onlyComments are the lines on which a comment stands and no code.
func onlyComments(fset *token.FileSet, file *ast.File) map[int]bool {
	found := map[int]bool{}
	for _, group := range file.Comments {
		for _, c := range group.List {
			for line := fset.Position(c.Pos()).Line; line <= fset.Position(c.End()).Line; line++ {
				found[line] = true
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n.(type) {
		case nil, *ast.Comment, *ast.CommentGroup:
			return false
		}
		// Every line of code holds the beginning or the end of some node.
		delete(found, fset.Position(n.Pos()).Line)
		if _, whole := n.(*ast.File); !whole {
			delete(found, fset.Position(n.End()-1).Line)
		}
		return true
	})
	return found
}

// declarations are the names that a file declares, those inside functions too.
func declarations(file *ast.File) []string {
	var names []string
	add := func(identifiers ...*ast.Ident) {
		for _, i := range identifiers {
			if i != nil && i.Name != "_" {
				names = append(names, i.Name)
			}
		}
	}
	addExpressions := func(expressions ...ast.Expr) {
		for _, e := range expressions {
			if i, ok := e.(*ast.Ident); ok {
				add(i)
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			add(n.Name)
		case *ast.Field: // of a struct, an interface, parameters, results, a receiver
			add(n.Names...)
		case *ast.TypeSpec:
			add(n.Name)
		case *ast.ValueSpec:
			add(n.Names...)
		case *ast.AssignStmt:
			if n.Tok == token.DEFINE {
				addExpressions(n.Lhs...)
			}
		case *ast.RangeStmt:
			if n.Tok == token.DEFINE {
				addExpressions(n.Key, n.Value)
			}
		}
		return true
	})
	return names
}

func bySize(a, b named) int { return cmp.Or(cmp.Compare(a.size, b.size), cmp.Compare(b.name, a.name)) }
