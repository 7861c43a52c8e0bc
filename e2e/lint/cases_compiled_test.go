package lint

// What compiled code does not see.
var compiledCases = []ruleCase{
	{"errors.As into a type of ours", withE + `func f(err error) { var e *E; errors.As(err, &e) }`},
	{"", `func f(err error) { var e *net.OpError; errors.As(err, &e) }`},

	{"a method that compiled code is to call", `type S struct{}; func (s *S) UnmarshalJSON(_ []byte) error { return nil }`},
	{"a method that compiled code is to call", `type S struct{}; func (s *S) Unwrap() error { return nil }`},
	{"a method that compiled code is to call", `type S struct{}; func (s *S) RoundTrip(_ *http.Request) (*http.Response, error) { return nil, nil }`},
	{"a method that compiled code is to call", `type Secret string; func (s Secret) String() string { return "***" }`},
	{"", `func String() string { return "" }`},
	{"a method that compiled code is to call", `type S struct{}; func (s S) Is(_ error) bool { return false }`},
	{"a method that compiled code is to call", `type S struct{}; func (s S) As(_ any) bool { return false }`},
	{"a method that compiled code is to call", `type S struct{}; func (s S) MarshalText() ([]byte, error) { return nil, nil }`},

	{"an embedded interface", `type S struct{ http.ResponseWriter; n int }`},
	{"", `type S struct{ next http.Handler; sync.Mutex }`},

	{"a value of ours in a literal of a compiled struct", `type R struct{}; func (r *R) Read(_ []byte) (int, error) { return 0, io.EOF }; func (r *R) Close() error { return nil }; var r = &http.Request{Body: &R{}}`},
	{"a value of ours in a literal of a compiled struct", `type R struct{}; func (r *R) Read(_ []byte) (int, error) { return 0, io.EOF }; func (r *R) Close() error { return nil }; func f(r *R) io.Reader { return &io.LimitedReader{r, 3} }`},
	{"", `type R struct{}; func (r *R) Read(_ []byte) (int, error) { return 0, io.EOF }; func (r *R) Close() error { return nil }; func body() io.ReadCloser { return &R{} }; var r = &http.Request{Body: body()}; type S struct { r io.Reader }; var s = S{r: &R{}}`},

	{"a value of ours as data of a template", withE + `func f(t *template.Template, w io.Writer) { t.Execute(w, &E{1}) }`},
	{"a value of ours as data of a template", withE + `func f(t *template.Template, w io.Writer, es []E) { t.ExecuteTemplate(w, "x", es) }`},
	{"a value of ours as data of a template", withE + `func f(t *template.Template, w io.Writer) { t.Execute(w, map[string]*E{}) }`},
	{"", `func f(t *template.Template, w io.Writer) { t.Execute(w, map[string]any{"a": 1}) }; type S struct{}; func (s *S) Execute(_ *S) {}; func g(s *S) { s.Execute(s) }`},
}
