package upstreamauth_test

// lawCase is a text that breaks one law, and it alone; or none.
type lawCase struct {
	law  string
	text string
}

// guard and E stand in every text that needs them.
const (
	caseGuard = "\nfunc guard() { _ = recover() }\n"
	caseType  = "\ntype E struct{ n int }\nfunc (e *E) Error() string { return \"e\" }\nfunc (e *E) get() int { return e.n }\n"
)

var lawCases = []lawCase{
	{"newer Go than the interpreter knows", `func f() { for i := range 3 { _ = i } }`},
	{"newer Go than the interpreter knows", `func f(seq func(func(int) bool)) { for range seq { } }`},
	{"newer Go than the interpreter knows", `func f() int { return min(1, 2) }`},
	{"newer Go than the interpreter knows", `func f() int { return max(1, 2) }`},
	{"newer Go than the interpreter knows", `func f(m map[int]int) { clear(m) }`},
	{"newer Go than the interpreter knows", `var f = sync.OnceValue(func() int { return 1 })`},
	{"newer Go than the interpreter knows", `var p atomic.Pointer[int]`},
	{"", `func min(a, b int) int { return a + b }; var n = min(1, 2)`},
	{"", `func f(s string, l []int, m map[int]int, c chan int) { for range s { }; for range l { }; for range m { }; for range c { } }`},

	{"an import that is not allowed", `import _ "unsafe"`},
	{"an import that is not allowed", `import _ "embed"`},
	{"an import that is not allowed", `import "C"`},
	{"an import that is not allowed", `import _ "github.com/hashicorp/golang-lru/v2"`},
	{"an import that is not allowed", `import _ "golang.org/x/sync/errgroup"`},
	{"an import that is not allowed", `import _ "` + module + `/e2e/stage"`},
	{"an import that is not allowed", `import . "strings"`},
	{"", `import _ "github.com/hashicorp/golang-lru/simplelru"; import _ "` + module + `/verifier"`},

	{"var x, y = two() for a package", `var x, y = two(); func two() (int, int) { return 1, 2 }`},
	{"", `var x, y = 1, 2; func f() { a, b := two(); _, _ = a, b }; func two() (int, int) { return 1, 2 }`},

	{"a method of a compiled type as a value", `func f(d *net.Dialer) { dial := d.DialContext; _ = dial }`},
	{"", `func f(d *net.Dialer) { _, _ = d.Dial("tcp", ""); now := time.Now; _ = now() }`},
	{"", caseType + `func f(e *E) { get := e.get; _ = get }`},

	{"select", `func f(a, b chan int) { select { case <-a: case <-b: } }`},
	{"", `func f(a chan int) { v := <-a; a <- v }`},

	{"time.AfterFunc", `func f() { time.AfterFunc(time.Second, func() {}) }`},
	{"", `func f(c context.Context) { context.AfterFunc(c, func() { defer func() { _ = recover() }() }) }`},

	{"a goroutine without a guard", `func f() { go func() { panic("x") }() }` + caseGuard},
	{"a goroutine without a guard", `func f(run func()) { go run() }` + caseGuard},
	{"a goroutine without a guard", `func f() { go func() { println(); defer func() { _ = recover() }() }() }`},
	{"a goroutine without a guard", `func f() { go work() }; func work() { defer settle(); defer guard() }; func settle() { println() }` + caseGuard},
	{"a goroutine without a guard", `func f(c context.Context) { context.AfterFunc(c, func() { println() }) }`},
	{"a call of ours under a lock that no defer releases", `func f(m *sync.Mutex) { m.Lock(); g(); m.Unlock() }; func g() {}`},
	{"a call of ours under a lock that no defer releases", `func f(m sync.Locker, now func() int) { m.Lock(); if now() > 0 { println() }; m.Unlock() }`},
	{"a call of ours under a lock that no defer releases", `type S struct { mu sync.Mutex; now func() int }; func (s *S) f() int { s.mu.Lock(); n := s.now(); s.mu.Unlock(); return n }`},
	{"", `func f(m *sync.Mutex) { m.Lock(); defer m.Unlock(); g() }; func g() {}`},
	{"", `func f(m *sync.Mutex, at time.Time) { g(); m.Lock(); n := len(at.String()); m.Unlock(); g(); _ = int64(n) }; func g() {}`},

	{"a guard with a name in a function literal", `func f(s *S) { func() { defer guard() }() }; type S struct{}` + caseGuard},
	{"a guard with a name in a function literal", `func f(s *S) { func() { defer s.guard() }() }; type S struct{}; func (s *S) guard() { _ = recover() }`},
	{"", `func f(s *S) { func() { defer s.work() }() }; type S struct{}; func (s *S) work() { println() }`},
	{"", `func f(s *S) { go s.work(); go func() { defer func() { _ = recover() }(); println() }() }
		type S struct{}
		func (s *S) work() { defer s.settle(); defer guard(); println() }
		func (s *S) settle() { defer guard(); println() }` + caseGuard},
	{"", `func f(c context.Context) { go work(c) }
		func work(c context.Context) { defer guard(); c, cancel := context.WithCancel(c); defer cancel() }` + caseGuard},

	{"a function of ours kept by compiled code", `var c = &http.Client{CheckRedirect: func(_ *http.Request, _ []*http.Request) error { return nil }}`},
	{"a function of ours kept by compiled code", `func f(c *tls.Config) { c.VerifyConnection = func(_ tls.ConnectionState) error { return nil } }`},
	{"", caseType + `type S struct { now func() int }; func f(e *E) *S { return &S{now: e.get} }; var t = &http.Transport{MaxIdleConns: 1}`},

	{"a closure or method value in a loop", `func f() (l []func() int) { for i := 0; i < 3; i++ { l = append(l, func() int { return i }) }; return }`},
	{"a closure or method value in a loop", `func f(m []string) (l []func()) { for range m { switch { case true: l = append(l, func() {}) } }; return }`},
	{"a closure or method value in a loop", caseType + `func f(es []*E) (l []func() int) { for _, e := range es { l = append(l, e.get) }; return }`},
	{"", caseType + `func f(es []*E) (n int) { for _, e := range es { n += e.get() }; return }`},
	{"", `func f() func() int { g := func() int { n := 0; for i := 0; i < 3; i++ { n += i }; return n }; return g }`},
	{"", `func f() { for i, g := 0, func() int { return 3 }; i < g(); i++ { } }`},

	{"a defer in a loop", `func f(l []*sync.Mutex) { for _, m := range l { defer m.Unlock() } }`},
	{"", `func f(m *sync.Mutex, l []int) { defer m.Unlock(); for range l { } }`},

	{"an interface value made in a loop", caseType + `func f() (l []error) { for i := 0; i < 3; i++ { l = append(l, &E{i}) }; return }`},
	{"an interface value made in a loop", caseType + `func f() (l []any) { for i := 0; i < 3; i++ { l = append(l, &E{i}) }; return }`},
	{"an interface value made in a loop", caseType + `func f(m map[int]error) { for i := 0; i < 3; i++ { m[i] = &E{i} } }`},
	{"an interface value made in a loop", caseType + `func f() { for i := 0; i < 3; i++ { keep(&E{i}) } }; func keep(_ error) {}`},
	{"an interface value made in a loop", caseType + `func f(c chan error) { for i := 0; i < 3; i++ { c <- &E{i} } }`},
	{"an interface value made in a loop", caseType + `func f(es []*E) { for _, e := range es { var err error = e; _ = err } }`},
	{"an interface value made in a loop", caseType + `func f(es []*E) { for _, e := range es { _ = []error{e} } }`},
	{"an interface value made in a loop", caseType + `type S struct{ err error }; func f(es []*E) { for _, e := range es { _ = &S{err: e} } }`},
	{"an interface value made in a loop", caseType + `func f(es []*E) { for _, e := range es { _ = error(e) } }`},
	{"an interface value made in a loop", caseType + `func f() { var err error; for { err, _ = two() }; _ = err }; func two() (*E, int) { return nil, 0 }`},
	{"an interface value made in a loop", `type H struct{ n int; next http.Handler }; func (h *H) ServeHTTP(_ http.ResponseWriter, _ *http.Request) {}
		func f() (h http.Handler) { for i := 0; i < 3; i++ { h = &H{i, h} }; return }`},
	{"", caseType + `func f() (l []error) { for i := 0; i < 3; i++ { l = append(l, one(i)) }; return }; func one(i int) error { return &E{i} }`},
	{"", caseType + `func f() (l []any) { for i := 0; i < 3; i++ { l = append(l, i, "x", &net.Dialer{}, nil) }; return }`},
	{"", caseType + `func f() error { for i := 0; i < 3; i++ { return &E{i} }; return nil }`},
	{"", caseType + `func f() (l []*E) { for i := 0; i < 3; i++ { l = append(l, &E{i}) }; keep(l[0]); return }; func keep(_ error) {}`},

	{"a deferred call of what changes later", `func f() { s := "a"; defer note(s); s = "b" }; func note(_ string) {}`},
	{"a deferred call of what changes later", `func f(m *sync.Mutex) { defer m.Unlock(); m = nil }`},
	{"a deferred call of what changes later", `func f() { n := 1; defer note(n); n++ }; func note(_ int) {}`},
	{"", `func f() { s := "a"; s = "b"; defer note(s); println(s) }; func note(_ string) {}`},
	{"", `func f(m *sync.Mutex, s []int) { defer m.Unlock(); s[0] = 1 }`},

	{"a closure on the hit path writes what it captured", `func f() func(int) int { last := 0; return func(n int) int { last = n; return last } }`},
	{"a closure on the hit path writes what it captured", `func f() func() int { n := 0; return func() int { n++; return n } }`},
	{"", `func f(m map[int]int) func(int) int { return func(n int) int { r := m[n]; r++; m[n] = r; return r } }`},

	{"iota", `const ( A = iota; B )`},
	{"", `const ( A = 1; B = 2 )`},

	{"an interface compared with an interface", `func f(a, b error) bool { return a == b }`},
	{"an interface compared with an interface", `func f(err error) bool { return err != io.EOF }`},
	{"", `func f(err error) bool { return err != nil && errors.Is(err, io.EOF) }`},

	{"an interface as map key", `var m map[error]int`},
	{"an interface as map key", `var m = map[any]int{}`},
	{"", `var m map[string]error`},

	{"a type switch over types of ours or interfaces", caseType + `func f(v any) int { switch v.(type) { case *E: return 1 }; return 0 }`},
	{"a type switch over types of ours or interfaces", `func f(v any) int { switch v.(type) { case error: return 1 }; return 0 }`},
	{"", caseType + `func f(v any) int { switch v.(type) { case string, *net.OpError: return 1; case nil: return 2 }; e, ok := v.(*E); _, _ = e, ok; return 0 }`},

	{"a case with several expressions that are no constants", `func f(a, b bool) { switch { case a, b: } }`},
	{"a case with several expressions that are no constants", `func g(n int) int { return n }; func f() { switch g(6) { case g(5), g(6): } }`},
	{"a case with several expressions that are no constants", `func f(s string) { switch { case s == "a", strings.Contains(s, "b"): } }`},
	{"", `func f(a, b bool, s string) { switch { case a || b: }; switch s { case "a", "b": } }`},

	{"context.WithValue", `func f(c context.Context) { context.WithValue(c, "k", 1) }`},

	{"a panic with more than a text", caseType + `func f() { panic(&E{1}) }`},
	{"a panic with more than a text", `func f(err error) { panic(err) }`},
	{"", `func f(err error) { panic(err.Error()) }`},

	{"a recovered panic taken for more than a text", `func f() { defer func() { r := recover(); if _, ok := r.(error); ok { } }() }`},
	{"a recovered panic taken for more than a text", `func f() { defer func() { if _, ok := recover().(error); ok { } }() }`},
	{"", `func f() { defer func() { if r := recover(); r != nil { println(fmt.Sprint(r)) } }() }`},

	{"errors.As into a type of ours", caseType + `func f(err error) { var e *E; errors.As(err, &e) }`},
	{"", `func f(err error) { var e *net.OpError; errors.As(err, &e) }`},

	{"a method that compiled code is to call", `type S struct{}; func (s *S) UnmarshalJSON(_ []byte) error { return nil }`},
	{"a method that compiled code is to call", `type S struct{}; func (s *S) Unwrap() error { return nil }`},
	{"a method that compiled code is to call", `type S struct{}; func (s *S) RoundTrip(_ *http.Request) (*http.Response, error) { return nil, nil }`},
	{"a method that compiled code is to call", `type Secret string; func (s Secret) String() string { return "***" }`},
	{"", `func String() string { return "" }`},

	{"an embedded interface", `type S struct{ http.ResponseWriter; n int }`},
	{"", `type S struct{ next http.Handler; sync.Mutex }`},

	{"a parameter without a name", `func f(int) {}`},
	{"a parameter without a name", `var f = func(string, int) bool { return true }`},
	{"", `type I interface { M(int) int }; type S struct{}; func (S) M(_ int) int { return 0 }; var f func(int, string)`},

	{"a builtin's result returned beside another", `func f(n int, l []int) (int, int) { return n, len(l) }`},
	{"", `func f(n int, l []int) (int, int) { size := len(l); return n, size }; func g(l []int) int { return len(l) }`},

	{"a function field's result returned beside another", `type S struct { fn func() int }; func (s *S) f() (int, error) { return s.fn(), nil }`},
	{"a function field's result returned beside another", `type S struct { fn func() int }; func f(m map[int]S) (int, error) { return m[1].fn(), nil }`},
	{"", `type S struct { fn func() int }; func (s *S) f() int { return s.fn() }; func (s *S) g() (int, error) { n := s.fn(); return n, nil }`},
	{"", caseType + `func f(e *E) (int, error) { return e.get(), nil }`},

	{"an assignment of several, one of which calls", `func g() int { return 1 }; func f() { var a, b int; a, b = 2, g(); _, _ = a, b }`},
	{"", `func g() (int, error) { return 1, nil }; func f() { a, b := 2, len("x"); a, b = b, a; b, err := g(); a, err = g(); _, _ = a, err }`},

	{"return <-ch", `func f(c chan int) int { return <-c }`},
	{"", `func f(c chan int) int { v := <-c; return v }`},
}
