package lint

// Comparing.
var compareCases = []ruleCase{
	{"iota", `const ( A = iota; B )`},
	{"", `const ( A = 1; B = 2 )`},

	{"an interface compared with an interface or a value of ours", `func f(a, b error) bool { return a == b }`},
	{"an interface compared with an interface or a value of ours", `func f(err error) bool { return err != io.EOF }`},
	{"", `func f(err error) bool { return err != nil && errors.Is(err, io.EOF) }`},
	{"an interface compared with an interface or a value of ours", withE + `func f(err error, e *E) bool { return err == e }`},
	{"an interface compared with an interface or a value of ours", withE + `func f(v any) bool { return v != E{1} }`},
	{"an interface compared with an interface or a value of ours", `type Kind string; func f(v any) bool { return v == Kind("a") }`},
	{"an interface compared with an interface or a value of ours", `type S struct { err error }; func f(a, b S) bool { return a == b }`},
	{"an interface compared with an interface or a value of ours", `func f(a, b [2]any) bool { return a == b }`},
	{"an interface compared with an interface or a value of ours", `func f(err error) { switch err { case io.EOF: } }`},
	{"an interface compared with an interface or a value of ours", withE + `func f(err error, e *E) { switch err { case nil: case e: } }`},
	{"", withE + `func f(a, b *E, v any) bool { switch v { case "a": }; return a == b || v == "a" || v == nil || *a == E{1} }`},

	{"an interface as map key", `var m map[error]int`},
	{"an interface as map key", `var m = map[any]int{}`},
	{"", `var m map[string]error`},
	{"an interface as map key", `type S struct { err error; n int }; var m map[S]int`},
	{"an interface as map key", `var m map[[2]any]int`},
	{"", `type S struct { name string; n [2]int }; var m map[S]error`},

	{"a type switch over types of ours or interfaces", withE + `func f(v any) int { switch v.(type) { case *E: return 1 }; return 0 }`},
	{"a type switch over types of ours or interfaces", `func f(v any) int { switch v.(type) { case error: return 1 }; return 0 }`},
	{"", withE + `func f(v any) int { switch v.(type) { case string, *net.OpError: return 1; case nil: return 2 }; e, ok := v.(*E); _, _ = e, ok; return 0 }`},

	{"a case with several expressions that are no constants", `func f(a, b bool) { switch { case a, b: } }`},
	{"a case with several expressions that are no constants", `func g(n int) int { return n }; func f() { switch g(6) { case g(5), g(6): } }`},
	{"a case with several expressions that are no constants", `func f(s string) { switch { case s == "a", strings.Contains(s, "b"): } }`},
	{"", `func f(a, b bool, s string) { switch { case a || b: }; switch s { case "a", "b": } }`},

	{"context.WithValue", `func f(c context.Context) { context.WithValue(c, "k", 1) }`},

	{"a panic with more than a text", withE + `func f() { panic(&E{1}) }`},
	{"a panic with more than a text", `func f(err error) { panic(err) }`},
	{"", `func f(err error) { panic(err.Error()) }`},

	{"a recovered panic taken for more than a text", `func f() { defer func() { r := recover(); if _, ok := r.(error); ok { } }() }`},
	{"a recovered panic taken for more than a text", `func f() { defer func() { if _, ok := recover().(error); ok { } }() }`},
	{"", `func f() { defer func() { if r := recover(); r != nil { println(fmt.Sprint(r)) } }() }`},
}
