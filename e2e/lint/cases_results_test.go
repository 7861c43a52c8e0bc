package lint

// Arguments and results that are lost.
var resultsCases = []ruleCase{
	{"a parameter without a name", `func f(int) {}`},
	{"a parameter without a name", `var f = func(string, int) bool { return true }`},
	{"", `type I interface { M(int) int }; type S struct{}; func (S) M(_ int) int { return 0 }; var f func(int, string)`},

	{"a builtin's result returned beside another", `func f(n int, l []int) (int, int) { return n, len(l) }`},
	{"", `func f(n int, l []int) (int, int) { size := len(l); return n, size }; func g(l []int) int { return len(l) }`},

	{"a function field's result returned beside another", `type S struct { fn func() int }; func (s *S) f() (int, error) { return s.fn(), nil }`},
	{"a function field's result returned beside another", `type S struct { fn func() int }; func f(m map[int]S) (int, error) { return m[1].fn(), nil }`},
	{"", `type S struct { fn func() int }; func (s *S) f() int { return s.fn() }; func (s *S) g() (int, error) { n := s.fn(); return n, nil }`},
	{"", withE + `func f(e *E) (int, error) { return e.get(), nil }`},

	{"a call in a loop of a function with named results", `func g() (n int, err error) { return n, err }; func f() { for i := 0; i < 2; i++ { n, err := g(); _, _ = n, err } }`},
	{"a call in a loop of a function with named results", `func g() (l []int) { return l }; func f(m map[int]int) { for range m { if len(g()) > 0 { return } } }`},
	{"a call in a loop of a function with named results", `type S struct { fn func() (n int) }; func (s *S) f() { for { _ = s.fn() } }`},
	{"", `func g() (n int) { return n }; func h() (int, error) { return 1, nil }; func f() { _ = g(); for range []int{g()} { n, err := h(); _, _ = n, err; _ = len("x") } }`},

	{"a literal of a struct assigned to a named result", `type S struct { n int }; func f() (s S, err error) { s = S{n: 1}; return s, err }`},
	{"a literal of a struct assigned to a named result", `type S struct { n int }; var f = func(b bool) (s S) { if b { s = S{n: 1} }; return s }`},
	{"", `type S struct { n int }; func g() S { return S{n: 1} }; func f() (s S, p *S, l []int) { s = g(); p = &S{}; l = []int{1}; t := S{}; t = S{n: 2}; _ = t; return s, p, l }`},

	{"return <-ch", `func f(c chan int) int { return <-c }`},
	{"", `func f(c chan int) int { v := <-c; return v }`},

	{"an assignment of several, one of which calls", `func g() int { return 1 }; func f() { var a, b int; a, b = 2, g(); _, _ = a, b }`},
	{"an assignment of several, one of which is a literal of a struct", `type t struct{ n int }; func f() { a, b := t{}, t{1}; a, b = b, t{}; _, _ = a, b }`},
	{"an assignment of several, one of which is nil", `func f() { a, b := []int{1}, true; a, b = nil, false; _, _ = a, b }`},
	{"", `func g() (int, error) { return 1, nil }; func f() { a, b := 2, len("x"); a, b = b, a; b, err := g(); a, err = g(); _, _ = a, err }`},
}
