package lint

import (
	"slices"
	"strings"
	"testing"
)

const (
	connects     = "opens connections"
	answers      = "answers clients"
	wraps        = "wraps a ResponseWriter"
	surroundings = "reads the clock, the environment or the standard streams"
)

// What only some files do is seen however it is written, and nothing else is.
func TestExclusiveTo(t *testing.T) {
	const handler = "var next http.Handler; func f(w http.ResponseWriter, r *http.Request) { "
	for _, c := range []struct{ text, want string }{
		{`var t = &http.Transport{}`, connects},
		{`var t http.RoundTripper`, connects},
		{`func f() { http.Get("x") }`, connects},
		{`var get = http.Get`, connects},
		{`var c http.Client`, connects},
		{`var d = &net.Dialer{}`, connects},
		{`func f() { net.Dial("tcp", "x") }`, connects},
		{`func f() { net.LookupHost("x") }`, connects},
		{`func f() { net.Listen("tcp", "x") }`, connects},
		{`func f() { tls.Dial("tcp", "x", nil) }`, connects},
		{`func f(c net.Conn) { tls.Client(c, nil) }`, connects},
		{`type S struct{}; func (S) RoundTrip() {}`, connects},
		{`func f(t interface{ RoundTrip() }) { t.RoundTrip() }`, connects},
		{handler + `w.WriteHeader(500) }`, answers},
		{handler + `w.Write(nil) }`, answers},
		{handler + `write := w.Write; _ = write }`, answers},
		{handler + `io.WriteString(w, "x") }`, answers},
		{handler + `fmt.Fprint(w, "x") }`, answers},
		{handler + `keep(w) }; func keep(_ any) {}`, answers},
		{handler + `http.Error(w, "x", 500) }`, answers},
		{handler + `http.Redirect(w, r, "x", 302) }`, answers},
		{handler + `_, _ = w.(http.Flusher) }`, answers},
		{`type S struct{}; func (s *S) WriteHeader(_ int) {}`, wraps},
		{`var n = time.Now`, surroundings},
		{`func f() { time.Sleep(1) }`, surroundings},
		{`func f() { os.Getenv("x") }`, surroundings},
		{`var out io.Writer = os.Stderr`, surroundings},
		{`func f() { fmt.Println("x") }`, surroundings},
		{handler + `w.Header().Set("a", "b"); next.ServeHTTP(w, r) }`, ""},
		{handler + `_ = http.StatusText(500); _ = net.ParseIP("") }`, ""},
		{`func f(now func() time.Time) { _ = now().Add(time.Second) }`, ""},
		{`func f(t *tls.Config, r *http.Response) { _ = tls.VersionTLS12; _ = http.MethodGet }`, ""},
		{`type S struct{}; func (s *S) Now() int { return 1 }; func f(s *S) { s.Now() }`, ""},
	} {
		got := []string{}
		for _, v := range exclusiveViolations(snippet(t, "gate/hit.go", c.text)) {
			if !strings.HasPrefix(v.Rule, "nothing ") && !slices.Contains(got, v.Rule) {
				got = append(got, v.Rule)
			}
		}
		wanted := []string{}
		if c.want != "" {
			wanted = []string{c.want}
		}
		if !slices.Equal(got, wanted) {
			t.Errorf("%q, want %q:\n%s", got, wanted, c.text)
		}
	}
}

func TestExclusiveFiles(t *testing.T) {
	const dial, refuse = `func f() { net.Dial("tcp", "x") }`, `func f(w http.ResponseWriter) { w.WriteHeader(403) }`
	for _, c := range []struct {
		file, text string
		allowed    bool
	}{
		{"verifier/transport/client.go", dial, true},
		{"verifier/transport/tls.go", dial, true},
		{"verifier/transport.go", dial, false},
		{"verifier/apis/api.go", dial, false},
		{"gate/refusal.go", refuse, true},
		{"gate/response.go", refuse, true},
		{"session/session.go", refuse, true},
		{"issuer/tee.go", refuse, true},
		{"gate/gate.go", refuse, false},
		{"session/handoff.go", refuse, false},
		{"session/refusal.go", refuse, false},
	} {
		var found []Violation
		for _, v := range exclusiveViolations(snippet(t, c.file, c.text)) {
			if !strings.HasPrefix(v.Rule, "nothing ") {
				found = append(found, v)
			}
		}
		if (len(found) == 0) != c.allowed {
			t.Errorf("%s: %v", c.file, found)
		}
	}

	t.Run("what is not done at all is said", func(t *testing.T) {
		got := details(exclusiveViolations(snippet(t, "version/version.go", "const Version = 1")))
		if len(got) != len(exclusiveTo) || !strings.HasPrefix(got[0], "nothing opens connections any more") {
			t.Errorf("%q", got)
		}
	})
}
