package lint

// What sees the last value, or a later one.
var loopsCases = []ruleCase{
	{"a closure or method value in a loop", `func f() (l []func() int) { for i := 0; i < 3; i++ { l = append(l, func() int { return i }) }; return }`},
	{"a closure or method value in a loop", `func f(m []string) (l []func()) { for range m { switch { case true: l = append(l, func() {}) } }; return }`},
	{"a closure or method value in a loop", withE + `func f(es []*E) (l []func() int) { for _, e := range es { l = append(l, e.get) }; return }`},
	{"", withE + `func f(es []*E) (n int) { for _, e := range es { n += e.get() }; return }`},
	{"", `func f() func() int { g := func() int { n := 0; for i := 0; i < 3; i++ { n += i }; return n }; return g }`},
	{"", `func f() { for i, g := 0, func() int { return 3 }; i < g(); i++ { } }`},

	{"a defer in a loop", `func f(l []*sync.Mutex) { for _, m := range l { defer m.Unlock() } }`},
	{"", `func f(m *sync.Mutex, l []int) { defer m.Unlock(); for range l { } }`},

	{"an interface value made in a loop", withE + `func f() (l []error) { for i := 0; i < 3; i++ { l = append(l, &E{i}) }; return }`},
	{"an interface value made in a loop", withE + `func f() (l []any) { for i := 0; i < 3; i++ { l = append(l, &E{i}) }; return }`},
	{"an interface value made in a loop", withE + `func f(m map[int]error) { for i := 0; i < 3; i++ { m[i] = &E{i} } }`},
	{"an interface value made in a loop", withE + `func f() { for i := 0; i < 3; i++ { keep(&E{i}) } }; func keep(_ error) {}`},
	{"an interface value made in a loop", withE + `func f(c chan error) { for i := 0; i < 3; i++ { c <- &E{i} } }`},
	{"an interface value made in a loop", withE + `func f(es []*E) { for _, e := range es { var err error = e; _ = err } }`},
	{"an interface value made in a loop", withE + `func f(es []*E) { for _, e := range es { _ = []error{e} } }`},
	{"an interface value made in a loop", withE + `type S struct{ err error }; func f(es []*E) { for _, e := range es { _ = &S{err: e} } }`},
	{"an interface value made in a loop", withE + `func f(es []*E) { for _, e := range es { _ = error(e) } }`},
	{"an interface value made in a loop", withE + `func f() { var err error; for { err, _ = two() }; _ = err }; func two() (*E, int) { return nil, 0 }`},
	{"an interface value made in a loop", `type H struct{ n int; next http.Handler }; func (h *H) ServeHTTP(_ http.ResponseWriter, _ *http.Request) {}
		func f() (h http.Handler) { for i := 0; i < 3; i++ { h = &H{i, h} }; return }`},
	{"", withE + `func f() (l []error) { for i := 0; i < 3; i++ { l = append(l, one(i)) }; return }; func one(i int) error { return &E{i} }`},
	{"", withE + `func f() (l []any) { for i := 0; i < 3; i++ { l = append(l, i, "x", &net.Dialer{}, nil) }; return }`},
	{"", withE + `func f() error { for i := 0; i < 3; i++ { return &E{i} }; return nil }`},
	{"", withE + `func f() (l []*E) { for i := 0; i < 3; i++ { l = append(l, &E{i}) }; keep(l[0]); return }; func keep(_ error) {}`},
	{"an interface value made in a loop", withE + `func f(es []*E) (l []error) { var err error; for _, err = range es { l = append(l, err) }; return }`},
	{"an interface value made in a loop", withE + `func f(es *[3]*E) { var err error; for _, err = range es { println(err) } }`},
	{"", withE + `func f(es []*E, errs []error) { var err error; for _, err = range errs { println(err) }; for _, e := range es { println(e.n) } }`},

	{"goto", withE + `func f() (l []error) { again: l = append(l, &E{1}); if len(l) < 3 { goto again }; return }`},
	{"", `func f() { outer: for i := 0; i < 3; i++ { for { continue outer } }; for { break } }`},

	{"a deferred call of what changes later", `func f() { s := "a"; defer note(s); s = "b" }; func note(_ string) {}`},
	{"a deferred call of what changes later", `func f(m *sync.Mutex) { defer m.Unlock(); m = nil }`},
	{"a deferred call of what changes later", `func f() { n := 1; defer note(n); n++ }; func note(_ int) {}`},
	{"", `func f() { s := "a"; s = "b"; defer note(s); println(s) }; func note(_ string) {}`},
	{"", `func f(m *sync.Mutex, s []int) { defer m.Unlock(); s[0] = 1 }`},

	{"a closure on the hit path writes what it captured", `func f() func(int) int { last := 0; return func(n int) int { last = n; return last } }`},
	{"a closure on the hit path writes what it captured", `func f() func() int { n := 0; return func() int { n++; return n } }`},
	{"", `func f(m map[int]int) func(int) int { return func(n int) int { r := m[n]; r++; m[n] = r; return r } }`},
}
