package lint

// What does not load.
var loadingCases = []ruleCase{
	{"newer Go than the interpreter knows", `func f() { for i := range 3 { _ = i } }`},
	{"newer Go than the interpreter knows", `func f(seq func(func(int) bool)) { for range seq { } }`},
	{"newer Go than the interpreter knows", `func f() int { return min(1, 2) }`},
	{"newer Go than the interpreter knows", `func f() int { return max(1, 2) }`},
	{"newer Go than the interpreter knows", `func f(m map[int]int) { clear(m) }`},
	{"newer Go than the interpreter knows", `var f = sync.OnceValue(func() int { return 1 })`},
	{"newer Go than the interpreter knows", `var p atomic.Pointer[int]`},
	{"", `func min(a, b int) int { return a + b }; var n = min(1, 2)`},
	{"", `func f(s string, l []int, m map[int]int, c chan int) { for range s { }; for range l { }; for range m { }; for range c { } }`},
	{"newer Go than the interpreter knows", `func f() int { return cmp.Or(0, 2) }`},
	{"newer Go than the interpreter knows", `func f(a, b []int) []int { return slices.Concat(a, b) }`},
	{"newer Go than the interpreter knows", `func f(s string) { for l := range strings.Lines(s) { _ = l } }`},
	{"", `func f(l []int) bool { slices.Sort(l); return cmp.Compare(1, 2) < 0 && slices.Contains(l, 3) && strings.Contains("a", "b") }`},

	{"an import that is not allowed", `import _ "unsafe"`},
	{"an import that is not allowed", `import _ "embed"`},
	{"an import that is not allowed", `import "C"`},
	{"an import that is not allowed", `import _ "github.com/hashicorp/golang-lru/v2"`},
	{"an import that is not allowed", `import _ "golang.org/x/sync/errgroup"`},
	{"an import that is not allowed", `import _ "` + module + `/e2e/stage"`},
	{"an import that is not allowed", `import . "strings"`},
	{"an import that is not allowed", `import _ "syscall"`},
	{"an import that is not allowed", `import _ "iter"`},
	{"an import that is not allowed", `import _ "unique"`},
	{"an import that is not allowed", `import _ "plugin"`},
	{"an import that is not allowed", `import _ "testing"`},
	{"an import that is not allowed", `import _ "os/exec"`},
	{"an import that is not allowed", `import _ "weak"`},
	{"an import that is not allowed", `import "unsafe"; var size = unsafe.Sizeof(1)`},
	{"", `import _ "github.com/hashicorp/golang-lru/simplelru"; import _ "` + module + `/verifier"`},
	{"", `import _ "log/slog"; import _ "slices"; import alias "math/rand"; var n = alias.Int()`},

	{"a generic declaration", `func first[T any](l []T) T { return l[0] }`},
	{"a generic declaration", `type Set[T any] map[string]T`},
	{"a generic declaration", `type box[T any] struct{ v T }`},
	{"", `func f(l []string) { slices.Sort(l) }; type Set map[string]bool`},

	{"var x, y = two() for a package", `var x, y = two(); func two() (int, int) { return 1, 2 }`},
	{"", `var x, y = 1, 2; func f() { a, b := two(); _, _ = a, b }; func two() (int, int) { return 1, 2 }`},

	{"a method of a compiled type as a value", `func f(d *net.Dialer) { dial := d.DialContext; _ = dial }`},
	{"", `func f(d *net.Dialer) { _, _ = d.Dial("tcp", ""); now := time.Now; _ = now() }`},
	{"", withE + `func f(e *E) { get := e.get; _ = get }`},

	{"a method expression as a value", withE + `var get = (*E).get`},
	{"a method expression as a value", withE + `func f() { call((*E).get) }; func call(_ func(e *E) int) {}`},
	{"a method expression as a value", `var dial = (*net.Dialer).DialContext`},
	{"", withE + `func f(e *E) int { return (*E).get(e) + (e.get)() }`},
}
