package lint

import (
	"strings"
	"testing"
)

func TestRings(t *testing.T) {
	const ring = "a ring of files that use each other: "
	for _, c := range []struct{ name, room, want string }{
		{"two files with functions that call each other", `
-- cache/a.go --
func a() { b() }
-- cache/b.go --
func b() { a(); a() }
`, ring + `a.go b.go
	a.go -> b.go: b in line 2, 1 in all
	b.go -> a.go: a in line 2, 2 in all`},
		{"a method of a type that uses what its type's file has", `
-- cache/scope.go --
type Scope struct{ n int }
func (s *Scope) size() int { return s.count() }
-- cache/limits.go --
func (s *Scope) count() int { return 1 }
`, ring + `limits.go scope.go
	limits.go -> scope.go: Scope in line 2, 1 in all
	scope.go -> limits.go: Scope.count in line 3, 1 in all`},
		{"a field that is read where its struct is not named", `
-- cache/scope.go --
type Scope struct{ n int }
func first() *Scope { return &Scope{key()} }
-- cache/key.go --
func key() int { return middle().n }
-- cache/middle.go --
func middle() *Scope { return nil }
`, ring + `key.go middle.go scope.go
	key.go -> middle.go: middle in line 2, 1 in all
	key.go -> scope.go: Scope.n in line 2, 1 in all
	middle.go -> scope.go: Scope in line 2, 1 in all
	scope.go -> key.go: key in line 3, 1 in all`},
		{"a ring of three, and a file beside it that uses them", `
-- cache/a.go --
var a = b
-- cache/b.go --
type B int
const b = c
-- cache/c.go --
const c B = 1
func f() { _ = a }
-- cache/d.go --
func d() { f(); _ = a; _ = b }
`, ring + `a.go b.go c.go
	a.go -> b.go: b in line 2, 1 in all
	b.go -> c.go: c in line 3, 1 in all
	c.go -> a.go: a in line 3, 1 in all
	c.go -> b.go: B in line 2, 1 in all`},
		{"a method that is called through an embedded struct", `
-- cache/a.go --
type A struct{ B }
func (a *A) run() { a.stop() }
-- cache/b.go --
type B struct{}
func (b *B) stop() { _ = A{} }
`, ring + `a.go b.go
	a.go -> b.go: B in line 2, 2 in all
	b.go -> a.go: A in line 3, 1 in all`},
		{"one way only", `
-- cache/scope.go --
type Scope struct{ store *store }
func (s *Scope) get() int { return s.store.get() }
-- cache/store.go --
type store struct{ n int }
func (s *store) get() int { return s.n }
`, ""},
		{"an interface unties", `
-- cache/a.go --
type next interface{ get() int }
func run(n next) int { return n.get() }
-- cache/b.go --
type B struct{}
func (b *B) get() int { return run(b) }
`, ""},
		{"a function that is handed over unties", `
-- cache/a.go --
func run(get func() int) int { return get() }
-- cache/b.go --
func b() int { return run(func() int { return 1 }) }
`, ""},
		{"local variables and parameters of the same name are no uses", `
-- cache/a.go --
func a(b int) int { c := b; return c }
-- cache/b.go --
func b(a int) int { return a + c() }
func c() int { return a2 }
-- cache/c.go --
const a2 = 1
`, ""},
		{"nor are fields of structs without a name inside a function", `
-- cache/a.go --
func a() { b(); v := struct{ n int }{1}; _ = v.n }
-- cache/b.go --
func b() { w := struct{ n int }{1}; _ = w.n }
`, ""},
		{"rooms that use each other's files are not rings of files", `
-- verifier/a.go --
func A() {}
-- cache/a.go --
import "` + module + `/verifier"
func a() { verifier.A() }
`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := strings.Join(details(ringViolations(plugin(t, c.room))), "\n"); got != c.want {
				t.Errorf("%s\nwant\n%s", got, c.want)
			}
		})
	}
}
