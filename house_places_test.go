package upstreamauth_test

import (
	"go/ast"
	"go/token"
	"testing"
)

// The tests about places see what they look for, however it is written, and
// nothing else.
func TestWhatOnlyOneFileDoesIsRecognized(t *testing.T) {
	const writer = "func f(w http.ResponseWriter, r *http.Request) { "
	cases := map[string]string{
		`var t = &http.Transport{}`:                                        "opens connections",
		`var t http.RoundTripper`:                                          "opens connections",
		`func f() { http.Get("x") }`:                                       "opens connections",
		`var c http.Client`:                                                "opens connections",
		`var d = &net.Dialer{}`:                                            "opens connections",
		`func f() { net.Dial("tcp", "x") }`:                                "opens connections",
		`func f() { tls.Dial("tcp", "x", nil) }`:                           "opens connections",
		`type S struct{}; func (S) RoundTrip() {}`:                         "opens connections",
		writer + `w.WriteHeader(500) }`:                                    "answers clients",
		writer + `w.Write(nil) }`:                                          "answers clients",
		writer + `write := w.Write; _ = write }`:                           "answers clients",
		writer + `io.WriteString(w, "x") }`:                                "answers clients",
		writer + `fmt.Fprint(w, "x") }`:                                    "answers clients",
		writer + `http.Error(w, "x", 500) }`:                               "answers clients",
		writer + `http.Redirect(w, r, "x", 302) }`:                         "answers clients",
		writer + `_, _ = w.(http.Flusher) }`:                               "answers clients",
		`var n = time.Now`:                                                 surroundingsName,
		`func f() { time.Sleep(1) }`:                                       surroundingsName,
		`func f() { fmt.Println("x") }`:                                    surroundingsName,
		writer + `w.Header().Set("a", "b"); next.ServeHTTP(w, r) }` + next: "",
		writer + `_ = http.StatusText(500); _ = net.ParseIP("") }`:         "",
		`func f(now func() time.Time) { _ = now().Add(time.Second) }`:      "",
	}
	fset := token.NewFileSet()
	importer := compiled(t, fset)
	for text, want := range cases {
		s := snippet(t, fset, importer, text)
		found := map[string]bool{}
		s.visit(func(n ast.Node, up []ast.Node) {
			for _, place := range places {
				if place.does(s, n, up) {
					found[place.what] = true
				}
			}
		})
		if want != "" && !found[want] {
			t.Errorf("it is not seen that this %s:\n%s", want, text)
		}
		delete(found, want)
		for what := range found {
			t.Errorf("this %s, it is said:\n%s", what, text)
		}
	}
}

const next = "\nvar next http.Handler"
