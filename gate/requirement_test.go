package gate

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
)

func TestRequirement(t *testing.T) {
	for _, c := range []struct {
		allowed string // separated by |
		meets   []string
		not     []string
	}{
		{"admin", []string{"admin", "editor|admin", "admin|admin"}, []string{"", "Admin", "administrator", "x,admin", "admin,x", " admin", "admin ", "*", "!admin"}},
		{"admin*", []string{"admin", "administrator", "x|admin-2", "admin*"}, []string{"", "an admin", "Admin", "x,admin"}},
		{"*admin", []string{"admin", "an admin"}, []string{"", "admins"}},
		{"ab*ba", []string{"abba", "ab-ba", "abxbaba"}, []string{"", "aba", "ab", "ba", "abb", "bba"}},
		{"*", []string{"x", "*", "|x"}, []string{"", "|", "||"}},
		{"a*|b", []string{"a", "b", "ax|c"}, []string{"c", "bx"}},
		{"!banned", []string{"x", "Banned", "banned-not", "x|y"}, []string{"", "|", "banned", "x|banned", "banned|x"}},
		{"!ban*", []string{"x"}, []string{"", "ban", "banned", "x|banned"}},
		{"admin|!banned", []string{"admin", "admin|x"}, []string{"", "x", "admin|banned", "banned|admin", "banned"}},
		{"!banned|*", []string{"x"}, []string{"", "banned", "x|banned"}},
		{"admin|!admin", nil, []string{"", "admin", "x"}},
		{"!a|!b*", []string{"c", "aa"}, []string{"", "a", "b", "bb", "c|a", "c|bb"}},
		{"x,admin", []string{"x,admin"}, []string{"x|admin", "admin", "x"}},
		{"", nil, []string{"", "x"}}, // no list of a configuration is empty
		{"a.*b", []string{"a.b", "a.xb"}, []string{"axb", "ab"}},
		{"\u0130", []string{"\u0130"}, []string{"i", "I"}},
	} {
		t.Run(c.allowed, func(t *testing.T) {
			r := Requirement{Field: "f", Allowed: strings.Split(c.allowed, "|")}
			if c.allowed == "" {
				r.Allowed = nil
			}
			for _, values := range c.meets {
				if !r.Meets(strings.Split(values, "|")) {
					t.Errorf("%q does not meet it", values)
				}
			}
			for _, values := range c.not {
				if r.Meets(strings.Split(values, "|")) {
					t.Errorf("%q meets it", values)
				}
			}
			if r.Meets(nil) || r.Meets([]string{}) {
				t.Error("nothing meets it")
			}
		})
	}
	t.Run("many values and patterns cost as many comparisons, whatever their length", func(t *testing.T) {
		r := Requirement{Field: "f"}
		for i := 0; i < 100; i++ {
			r.Allowed = append(r.Allowed, strings.Repeat("a", 500)+"*"+strings.Repeat("a", 500)+"b")
		}
		var values []string
		for i := 0; i < 256; i++ {
			values = append(values, strings.Repeat("a", 1024))
		}
		if r.Meets(values) {
			t.Error("it is met")
		}
	})
}

// FuzzRequirement: the values count one by one, and what is forbidden denies.
func FuzzRequirement(f *testing.F) {
	f.Add("admin", "!ban*", "admin", "banned")
	f.Add("a*b", "!", "ab", "a,b")
	f.Fuzz(func(t *testing.T, one, other, first, second string) {
		r := Requirement{Field: "f", Allowed: []string{one, other}}
		both := r.Meets([]string{first, second})
		if both != r.Meets([]string{second, first}) {
			t.Fatal("the order counts")
		}
		if both && !r.Meets([]string{first}) && !r.Meets([]string{second}) {
			t.Fatal("two values meet it, and neither does")
		}
		forbids := strings.HasPrefix(one, "!") || strings.HasPrefix(other, "!")
		if !forbids && both != (r.Meets([]string{first}) || r.Meets([]string{second})) {
			t.Fatal("one value meets it, and both do not")
		}
		if r.Meets([]string{""}) {
			t.Fatal("an empty value meets it")
		}
	})
}

func TestSatisfiesLists(t *testing.T) {
	id := testIdentity()
	for _, c := range []struct {
		name   string
		field  verifier.Field
		wanted bool
	}{
		{"one of several values", verifier.Field{Name: "type", Values: []string{"guest", "student"}}, true},
		{"none of several values", verifier.Field{Name: "type", Values: []string{"guest", "x"}}, false},
		{"a value with a comma", verifier.Field{Name: "type", Values: []string{"guest,student"}}, false},
		{"an object", verifier.Field{Name: "type"}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := id.satisfies(verifier.Identity{c.field}, "bts"); got != c.wanted {
				t.Errorf("%v", got)
			}
		})
	}
}

// requiring is options that require a field.
func requiring(field string, allowed ...string) func(o *Options) {
	return func(o *Options) { o.Require = append(o.Require, Requirement{Field: field, Allowed: allowed}) }
}

func TestFieldNotes(t *testing.T) {
	lines := func(f *fixture, text string) int { return strings.Count(f.log.String(), text) }
	t.Run("a required field that no answer has had is logged once, also over reloads and routes", func(t *testing.T) {
		f := newFixture(t)
		for i := 0; i < 3; i++ {
			h := f.route(requiring("roles", "admin"), f.bearer())
			for j := 0; j < 4; j++ {
				w, _ := f.ask(h, http.MethodGet, "Authorization", fmt.Sprint("Bearer valid-", j%2))
				if w.Code != 403 || f.got != nil {
					t.Errorf("status %d", w.Code)
				}
			}
		}
		if got := lines(f, `identity.require: no answer of webservice has had a value of the field \"roles\" so far`); got != 1 || f.entries("identity") != 1 {
			t.Errorf("%d lines: %s", got, f.log)
		}
	})
	t.Run("one that an answer has had is not, also after a reload", func(t *testing.T) {
		f := newFixture(t)
		f.prebuild(f.route(requiring("user", "Bearer valid-1"), f.bearer()), "Authorization", "Bearer valid-1")
		w, _ := f.ask(f.route(requiring("user", "x"), f.bearer()), http.MethodGet, "Authorization", "Bearer valid-2")
		if w.Code != 403 || f.entries("identity") != 0 {
			t.Errorf("status %d: %s", w.Code, f.log)
		}
	})
	t.Run("nothing is said where no answer came", func(t *testing.T) {
		f := newFixture(t)
		f.server.Close()
		f.ask(f.route(requiring("roles", "admin"), f.bearer()), http.MethodGet, "Authorization", "Bearer valid-1")
		if f.entries("identity") != 0 {
			t.Error(f.log)
		}
	})
	t.Run("a header's field is watched too, unless another block's API documents it", func(t *testing.T) {
		f := newFixture(t)
		headers := func(o *Options) {
			o.Headers = []apis.HeaderField{{Header: "X-User", Field: "user"}, {Header: "X-Level", Field: "level"}, {Header: "X-Faculty", Field: "faculty"}, {Header: "X-Api", Field: "api"}}
		}
		h := f.route(headers, f.bearer(), f.key(true))
		f.prebuild(h, "Authorization", "Bearer valid-1")
		if got := lines(f, `the field \"level\" so far; X-Level is not set without it`); got != 1 || f.entries("identity") != 1 {
			t.Errorf("%d lines: %s", got, f.log)
		}
	})
	t.Run("of a requirement that one of two blocks can never meet, the log tells at once", func(t *testing.T) {
		f := newFixture(t)
		for i := 0; i < 3; i++ {
			f.route(requiring("roles", "admin"), f.bearer(), f.key(true))
			f.route(requiring("api", "!thammasat"), f.bearer(), f.key(true))
		}
		for _, field := range []string{"roles", "api"} {
			if got := lines(f, `no identity of applicationKey (thammasat) can meet the requirement of \"`+field+`\"`); got != 1 {
				t.Errorf("%s: %d lines: %s", field, got, f.log)
			}
		}
	})
	t.Run("the memory is bounded", func(t *testing.T) {
		fields := NewFields()
		for i := 0; i < 3*maxFieldsSeen; i++ {
			fields.add("scope", fmt.Sprint(i))
		}
		if len(fields.seen) > maxFieldsSeen || !fields.has("scope", fmt.Sprint(3*maxFieldsSeen-1)) || fields.has("other", "1") {
			t.Errorf("%d fields", len(fields.seen))
		}
	})
}

func TestRenderLists(t *testing.T) {
	s := &scheme{api: &apis.API{Name: "bts"}, headers: []string{"X-Roles", "X-One", "X-Object"}, fields: []string{"roles", "one", "object"}}
	answer := s.render(verifier.Decision{Identity: verifier.Identity{
		{Name: "roles", Values: []string{"a,b", "ü c", "100%", "x"}}, {Name: "one", Value: "a,b c"}, {Name: "object"},
	}})
	if got := fmt.Sprint(answer.Names, answer.Values); got != "[X-Roles X-One] [a%2Cb,%C3%BC%20c,100%25,x a,b%20c]" {
		t.Error(got)
	}
}
