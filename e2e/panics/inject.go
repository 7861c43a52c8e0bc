// Package panics injects panics into the plugin: one at the beginning of each of its
// functions, and one behind each deferred call. None occurs until it is enabled.
//
// The plugin promises that a panic in its code, wherever it occurs, fails at most one
// request, with a 500; and that it does not end Traefik, as a panic on another
// goroutine would.
package panics

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"sort"
	"strings"

	"github.com/upstreamauth/upstreamauth/e2e/stage"
)

// Injector is a staged plugin with injected panics.
type Injector struct {
	Points []string // where they are, as "folder/file.go:Type.Method", with .func1 for a literal within and +1 behind its first deferred call

	link   string // a symbolic link to the name of the point to panic at: to read it takes one system call
	traces int
}

// Inject stages the plugin below goPath with panics in it.
func Inject(goPath string) (*Injector, error) {
	if err := stage.Plugin(goPath); err != nil {
		return nil, err
	}
	injector := &Injector{link: filepath.Join(goPath, "enabled")}
	root := stage.Dir(goPath)
	err := filepath.WalkDir(root, func(dir string, entry os.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		if entry.Name() == "vendor" {
			return filepath.SkipDir
		}
		name, err := filepath.Rel(root, dir)
		if err != nil {
			return err
		}
		return injector.injectPackage(dir, filepath.ToSlash(name))
	})
	if err != nil {
		return nil, err
	}
	sort.Strings(injector.Points)
	return injector, nil
}

// injectPackage injects panics into the files of one folder, which may hold none.
func (injector *Injector) injectPackage(dir, name string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		return err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		injected, points, err := inject(filepath.ToSlash(filepath.Join(name, filepath.Base(file))), string(text))
		if err != nil {
			return err
		}
		injector.Points = append(injector.Points, points...)
		if err := os.WriteFile(file, []byte(injected), 0o600); err != nil {
			return err
		}
	}
	declared := path.Base(name)
	if name == "." {
		declared = "upstreamauth"
	}
	return os.WriteFile(filepath.Join(dir, "injected.go"), []byte(fmt.Sprintf(trigger, declared, injector.link)), 0o600)
}

// trigger is added to each package, with the name of the link.
const trigger = `package %s

import (
	"os"
	"strings"
	"sync"
)

const panicLink = %q

var traced sync.Map // what has been written to a trace

func panicAt(point string) {
	enabled, err := os.Readlink(panicLink)
	if err != nil {
		return
	}
	if strings.HasPrefix(enabled, "trace ") {
		if _, known := traced.LoadOrStore(enabled+point, true); known {
			return
		}
		trace, _ := os.OpenFile(panicLink+".trace", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		_, _ = trace.WriteString(point + "\n")
		_ = trace.Close()
		return
	}
	if enabled == point && os.Remove(panicLink) == nil {
		panic("injected")
	}
}
`

// inject inserts the calls of panicAt into a file.
func inject(file, text string) (injected string, points []string, err error) {
	fset := token.NewFileSet()
	parsed, err := parser.ParseFile(fset, file, text, parser.SkipObjectResolution)
	if err != nil {
		return "", nil, err
	}
	at := map[int]string{} // offset → what is inserted there
	for _, declaration := range parsed.Decls {
		function, ok := declaration.(*ast.FuncDecl)
		if !ok || function.Body == nil {
			continue
		}
		name, literals := file+":"+receiver(function)+function.Name.Name, 0
		put := func(body *ast.BlockStmt, name string) {
			if recovers(body) {
				return
			}
			for i, offset := range places(body) {
				point := name
				if i > 0 {
					point = fmt.Sprintf("%s+%d", name, i)
				}
				points = append(points, point)
				call := fmt.Sprintf("panicAt(%q)", point)
				if text[fset.Position(offset).Offset-1] == '{' {
					at[fset.Position(offset).Offset] = call + ";"
				} else {
					at[fset.Position(offset).Offset] = ";" + call
				}
			}
		}
		put(function.Body, name)
		ast.Inspect(function.Body, func(n ast.Node) bool {
			if literal, ok := n.(*ast.FuncLit); ok {
				literals++
				put(literal.Body, fmt.Sprintf("%s.func%d", name, literals))
			}
			return true
		})
	}
	var all strings.Builder
	for i := range len(text) {
		all.WriteString(at[i])
		all.WriteByte(text[i])
	}
	return all.String(), points, nil
}

// receiver is the type that a method is of, and a dot.
func receiver(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return ""
	}
	of := f.Recv.List[0].Type
	if pointer, ok := of.(*ast.StarExpr); ok {
		of = pointer.X
	}
	name, ok := of.(*ast.Ident)
	if !ok {
		return ""
	}
	return name.Name + "."
}

// places are where a body is to panic: at its beginning, behind the calls that it
// defers first (which recover), and behind each later deferred call.
func places(body *ast.BlockStmt) []token.Pos {
	first := body.Lbrace + 1
	leading := true
	var all []token.Pos
	for _, statement := range body.List {
		_, defers := statement.(*ast.DeferStmt)
		if defers && leading {
			first = statement.End()
			continue
		}
		leading = false
		if defers {
			all = append(all, statement.End())
		}
	}
	return append([]token.Pos{first}, all...)
}

// recovers reports whether a body recovers, and so exists for other panics.
func recovers(body *ast.BlockStmt) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if ok {
			name, ok := call.Fun.(*ast.Ident)
			found = found || (ok && name.Name == "recover")
		}
		_, literal := n.(*ast.FuncLit)
		return !found && !literal
	})
	return found
}
