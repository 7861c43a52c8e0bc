package lint

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path"
	"slices"
	"strings"
)

// use is one place where a file uses what another file of its room declares.
type use struct {
	at   token.Pos
	what string
}

// uses are the edges between the files of a room: the first use, and how many
// there are.
type uses struct {
	first map[[2]string]use // from, to
	count map[[2]string]int
	files []string
}

// fileUses finds which file of a room uses which.
//
// A file uses another when it names a constant, variable, function or type
// that is declared there, a method that is, or a field of a struct that is: a
// field is a part of its struct's declaration, and a file that reads one
// depends on the struct, also where the type itself is not named. A method that
// is called through an interface counts for the file of the interface and not
// for those of the types behind it; this, and a function that is handed over,
// are the ways to untie a ring. Local variables and parameters do not count.
func (s *source) fileUses() uses {
	u := uses{first: map[[2]string]use{}, count: map[[2]string]int{}}
	owners := s.fieldOwners()
	for _, file := range s.files {
		from := s.fileAt(file.Package)
		u.files = append(u.files, from)
		ast.Inspect(file, func(n ast.Node) bool {
			name, ok := n.(*ast.Ident)
			if !ok {
				return true
			}
			o := s.info.Uses[name]
			what := s.declared(o, owners)
			if what == "" {
				return true
			}
			if to := s.fileAt(o.Pos()); to != from {
				edge := [2]string{from, to}
				if u.count[edge]++; u.count[edge] == 1 {
					u.first[edge] = use{name.Pos(), what}
				}
			}
			return true
		})
	}
	slices.Sort(u.files)
	return u
}

func (s *source) fileAt(at token.Pos) string {
	return path.Base(s.position(at).Filename)
}

// declared names what an object is if a file of this room declares it for the
// others, else it is empty.
func (s *source) declared(o types.Object, owners map[types.Object]string) string {
	if o == nil || o.Pkg() != s.pkg || s.pkg == nil {
		return ""
	}
	if o.Parent() == s.pkg.Scope() {
		return o.Name()
	}
	if owner, ok := owners[o]; ok {
		return owner + "." + o.Name()
	}
	if f, ok := o.(*types.Func); ok {
		if receiver := f.Signature().Recv(); receiver != nil {
			if t := named(receiver.Type()); t != nil {
				return t.Name() + "." + f.Name()
			}
			return f.Name()
		}
	}
	return ""
}

// fieldOwners are the fields of the structs that the room declares, with the
// struct's name.
func (s *source) fieldOwners() map[types.Object]string {
	owners := map[types.Object]string{}
	for _, file := range s.files {
		for _, declaration := range file.Decls {
			group, ok := declaration.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range group.Specs {
				if t, ok := spec.(*ast.TypeSpec); ok {
					s.addFields(owners, t)
				}
			}
		}
	}
	return owners
}

func (s *source) addFields(owners map[types.Object]string, spec *ast.TypeSpec) {
	ast.Inspect(spec.Type, func(n ast.Node) bool {
		if t, ok := n.(*ast.StructType); ok {
			for _, field := range t.Fields.List {
				for _, name := range field.Names {
					owners[s.info.Defs[name]] = spec.Name.Name
				}
			}
		}
		return true
	})
}

// rings are the groups of files that reach each other, each sorted.
func (u uses) rings() [][]string {
	reaches := map[[2]string]bool{}
	for edge := range u.first {
		reaches[edge] = true
	}
	for _, middle := range u.files {
		for _, from := range u.files {
			for _, to := range u.files {
				if reaches[[2]string{from, middle}] && reaches[[2]string{middle, to}] {
					reaches[[2]string{from, to}] = true
				}
			}
		}
	}
	var rings [][]string
	placed := map[string]bool{}
	for _, one := range u.files {
		ring := []string{one}
		for _, other := range u.files {
			if one != other && reaches[[2]string{one, other}] && reaches[[2]string{other, one}] {
				ring = append(ring, other)
			}
		}
		if len(ring) > 1 && !placed[one] {
			slices.Sort(ring)
			rings = append(rings, ring)
		}
		for _, file := range ring {
			placed[file] = true
		}
	}
	return rings
}

// ringViolations: files of a room that use each other, with one use of each
// edge as evidence.
func ringViolations(sources []*source) []Violation {
	var found []Violation
	for _, s := range sources {
		u := s.fileUses()
		for _, ring := range u.rings() {
			var evidence []string
			var at token.Pos
			for _, from := range ring {
				for _, to := range ring {
					edge := [2]string{from, to}
					first, ok := u.first[edge]
					if !ok {
						continue
					}
					if at == token.NoPos {
						at = first.at
					}
					evidence = append(evidence, fmt.Sprintf("\n\t%s -> %s: %s in line %d, %d in all",
						from, to, first.what, s.position(first.at).Line, u.count[edge]))
				}
			}
			found = append(found, s.violation(at, "a ring of files that use each other",
				strings.Join(ring, " ")+strings.Join(evidence, "")))
		}
	}
	return found
}
