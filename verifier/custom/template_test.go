package custom

import (
	"encoding/json"
	"net/url"
	"sort"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/upstreamauth/upstreamauth/verifier"
)

func TestTemplate(t *testing.T) {
	t.Run("each place has its way of writing a value", func(t *testing.T) {
		jsonText := func(text string, allowed Allowed) (*Template, string) {
			template, fault := ParseJSON(text, allowed, Allowed{}, true)
			return template, fault
		}
		for _, c := range []struct {
			place  func(text string, allowed Allowed) (*Template, string)
			text   string
			value  string
			want   string
			unable bool
		}{
			{ParseHeader, "Bearer {token}", "a-b", "Bearer a-b", false},
			{ParseHeader, "{token}", "a\r\nX: y", "", true},
			{ParseHeader, "{token}", "a b", "", true},
			{ParseHeader, "{token}", "é", "", true},
			{ParseHeader, "{token}", "", "", false},
			{ParseHeader, "{header:User-Agent}", "Mozilla/5.0 (X11; Linux)", "Mozilla/5.0 (X11; Linux)", false},
			{ParseHeader, "{header:User-Agent}", "a\tb", "", true},
			{ParseHeader, "{header:User-Agent}", "a\nb", "", true},
			{ParsePathTemplate, "/keys/{token}", "a-b_c~d.e", "/keys/a-b_c~d.e", false},
			{ParsePathTemplate, "/keys/{token}", "a/b", "", true},
			{ParsePathTemplate, "/keys/{token}", "..", "", true},
			{ParsePathTemplate, "/keys/{token}", ".", "", true},
			{ParsePathTemplate, "/keys/{token}", "a..b", "", true},
			{ParsePathTemplate, "/keys/{token}", "", "", true},
			{ParsePathTemplate, "/keys/{token}", "a%2Fb", "", true},
			{ParsePathTemplate, "/keys/{token}", "a?b", "", true},
			{ParsePathTemplate, "/keys/{token}", "a;b", "", true},
			{ParsePathTemplate, "/keys?x=1&k={token}", "a/b&c=d#e f+", "/keys?x=1&k=a%2Fb%26c%3Dd%23e%20f%2B", false},
			{ParseForm, "key={token}&f=json", "a&b=c +é%\x00\xff", "key=a%26b%3Dc%20%2B%C3%A9%25%00%FF&f=json", false},
			{jsonText, `{"k":"{token}"}`, `a"b\c</é` + "\n\u2028", `{"k":"a\"b\\c\u003c/é\n\u2028"}`, false},
			{jsonText, `{"k":"x{token}{token}"}`, "\xff", "", true},
			{jsonText, `{"k":{},"n":[1,{"a":"b"}],"t":"{token}"}`, "v", `{"k":{},"n":[1,{"a":"b"}],"t":"v"}`, false},
		} {
			template, fault := c.place(c.text, requestNames)
			if fault != "" {
				t.Errorf("%s: %s", c.text, fault)
				continue
			}
			text, ok := template.Render(Values{"token": c.value, "header:User-Agent": c.value})
			if ok == c.unable || ok && c.value != "" && text != c.want {
				t.Errorf("%s with %q: %q, %v", c.text, c.value, text, ok)
			}
		}
	})

	t.Run("what cannot be read says what is wrong", func(t *testing.T) {
		for _, c := range []struct {
			place       func(text string, allowed Allowed) (*Template, string)
			text, fault string
		}{
			{ParseHeader, "{tokn}", "{tokn}: unknown placeholder; did you mean {token}?"},
			{ParseHeader, "{Token}", "did you mean {token}?"},
			{ParseHeader, "{toekn}", "did you mean {token}?"},
			{ParseHeader, "{tokens}", "did you mean {token}?"},
			{ParseHeader, "{wholly other}", "unknown placeholder; allowed: {basic}, {client.id}"},
			{ParseHeader, "{}", "unknown placeholder"},
			{ParseHeader, "{header:}", "unknown placeholder"},
			{ParseHeader, "{header:host}", "{header:host}: always empty, since the host is no header here; did you mean {host}?"},
			{ParseHeader, "{header:a b}", "unknown placeholder"},
			{ParseHeader, "{token", "a brace without its other one"},
			{ParseHeader, "token}", "a brace without its other one"},
			{ParseHeader, "{{token}}", "unknown placeholder"},
			{ParseHeader, "é", "not visible ASCII"},
			{ParseHeader, "a\nb", "not visible ASCII"},
			{ParseForm, "{token}=a", "a placeholder stands in a value"},
			{ParseForm, "{token}", "a placeholder stands in a value"},
			{ParseForm, "a={token}&{user}", "a placeholder stands in a value"},
			{ParseForm, "a=b c", "has to be written as %XX"},
			{ParseForm, "a=%{token}", "has to be written as %XX"},
			{ParseForm, "a=%4{token}", "has to be written as %XX"},
			{ParseForm, "a=%zz", "has to be written as %XX"},
			{ParseForm, "a=é", "has to be written as %XX"},
			{ParsePathTemplate, "keys/{token}", `begins with "/"`},
			{ParsePathTemplate, "{token}", `begins with "/"`},
			{ParsePathTemplate, "/a b", "has to be written as %XX"},
			{ParsePathTemplate, "/a#{token}", "has to be written as %XX"},
			{ParsePathTemplate, "/%{token}", "has to be written as %XX"},
			{ParsePathTemplate, "/%2{token}", "has to be written as %XX"},
			{ParsePathTemplate, "/?{token}=1", "a placeholder stands in a value"},
			{ParsePathTemplate, "/{tokn}?a=b", "did you mean {token}?"},
		} {
			_, fault := c.place(c.text, requestNames)
			if !strings.Contains(fault, c.fault) {
				t.Errorf("%q: %q instead of %q", c.text, fault, c.fault)
			}
		}
	})

	t.Run("it names its placeholders, and whether one may not fit", func(t *testing.T) {
		for text, may := range map[string]bool{"{token}": false, "{basic} {client.id}": false, "{header:A}": true, "{host}": true, "x": false} {
			if headerOfText(t, text).mayFail() != may {
				t.Errorf("header %s", text)
			}
		}
		path, _ := ParsePathTemplate("/{token}?a={header:A}", requestNames)
		query, _ := ParsePathTemplate("/?a={header:A}", requestNames)
		if !path.mayFail() || query.mayFail() {
			t.Error("a segment may not fit, and a value of a query always does")
		}
		if names := path.Names(); len(names) != 2 || names[0] != "token" || names[1] != "header:A" {
			t.Errorf("%q", names)
		}
	})
}

// Whatever a value is, what is written parses back into what the template says, with the
// value intact; or nothing is written at all.
func FuzzPlaceholders(f *testing.F) {
	for _, value := range []string{"", "a", "a&b=c", "../..", "a\r\nHost: x", `a"b\`, "{token}", "\xff\x00", "%2e%2e/", "é\u2028", ";", "?#", "+ "} {
		f.Add(value, "second")
	}
	header := headerOfText(f, "A {token} {header:X} z")
	path, _ := ParsePathTemplate("/v1/{token}/x.{user}?k={token}&u={user}&z=%2F", requestNames)
	form, _ := ParseForm("k={token}&two={token}{user}&z=+", requestNames)
	text, _ := ParseJSON(`{"k":"{token}","in":{"l":["a{user}b",1,"\\{token}"]},"n":null}`, requestNames, Allowed{}, true)
	f.Fuzz(func(t *testing.T, token, user string) {
		values := Values{"token": token, "user": user, "header:X": user}
		if line, ok := header.Render(values); ok {
			if strings.Trim(line, verifier.VisibleASCII+" ") != "" || line != "A "+token+" "+user+" z" {
				t.Errorf("header: %q", line)
			}
		}
		if written, ok := path.Render(values); ok {
			address, err := url.ParseRequestURI("https://host.example" + written)
			if err != nil || address.Host != "host.example" || address.Path != "/v1/"+token+"/x."+user || strings.Contains(address.Path, "/../") {
				t.Fatalf("path: %q %v", written, err)
			}
			query, err := url.ParseQuery(address.RawQuery)
			if err != nil || len(query) != 3 || query.Get("k") != token || query.Get("u") != user || query.Get("z") != "/" || address.Fragment != "" {
				t.Errorf("query: %q %v", written, err)
			}
		}
		written, ok := form.Render(values)
		read, err := url.ParseQuery(written)
		if !ok || err != nil || len(read) != 3 || len(read["k"]) != 1 || read.Get("k") != token || read.Get("two") != token+user || read.Get("z") != " " {
			t.Errorf("form: %q %v", written, err)
		}
		written, ok = text.Render(values)
		if ok != (utf8.ValidString(token) && utf8.ValidString(user)) {
			t.Errorf("JSON: %v", ok)
		}
		if !ok {
			return
		}
		var got struct {
			K  *string
			In struct{ L []any }
			N  any
		}
		decoder := json.NewDecoder(strings.NewReader(written))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&got); err != nil || decoder.More() || got.K == nil || *got.K != token || len(got.In.L) != 3 || got.In.L[0] != "a"+user+"b" || got.In.L[2] != `\`+token {
			t.Errorf("JSON: %q %v", written, err)
		}
	})
}

// Whatever an operator writes in a place is a fault, or is written without one whatever the
// value is: a template never gives a value more room than one place.
func FuzzTemplates(f *testing.F) {
	for _, text := range []string{"/a/{token}?b={token}", "a={token}&b", `{"a":"{token}"}`, `{"a":"\{token}"}`, `{"a":"\u00{token}"}`, `"{token}`, "%{token}", `{"a":{token}}`, "/{token}{token}", "/%2{token}"} {
		f.Add(text, `x","b":"y`)
		f.Add(text, "2Fa")
	}
	f.Fuzz(func(t *testing.T, text, value string) {
		only := Allowed{Names: map[string]bool{"token": true}}
		if form, fault := ParseForm(text, only); fault == "" {
			plainForm, _ := form.Render(Values{"token": "x"})
			written, ok := form.Render(Values{"token": value})
			want, err1 := url.ParseQuery(plainForm)
			got, err2 := url.ParseQuery(written)
			if !ok || len(want) != len(got) || (err1 == nil) != (err2 == nil) {
				t.Errorf("form %q with %q: %q", text, value, written)
			}
		}
		if path, fault := ParsePathTemplate(text, only); fault == "" {
			plainPath, _ := path.Render(Values{"token": "x"})
			written, ok := path.Render(Values{"token": value})
			if ok && (strings.Count(written, "/") != strings.Count(plainPath, "/") || strings.Count(written, "?") != strings.Count(plainPath, "?") || strings.Count(written, "&") != strings.Count(plainPath, "&")) {
				t.Errorf("path %q with %q: %q", text, value, written)
			}
		}
		template, fault := ParseJSON(text, only, Allowed{}, true)
		if fault != "" || !utf8.ValidString(value) {
			return
		}
		written, ok := template.Render(Values{"token": value})
		plainText, _ := template.Render(Values{"token": "x"})
		var got, want any
		if !ok || json.Unmarshal([]byte(written), &got) != nil || json.Unmarshal([]byte(plainText), &want) != nil || shapeOf(got) != shapeOf(want) {
			t.Errorf("JSON %q with %q: %q", text, value, written)
		}
	})
}

// shapeOf writes what a JSON value is made of, without its texts.
func shapeOf(value any) string {
	switch v := value.(type) {
	case string:
		return "text"
	case map[string]any:
		shape := "{"
		sorted := make([]string, 0, len(v))
		for name := range v {
			sorted = append(sorted, name)
		}
		sort.Strings(sorted)
		for _, name := range sorted {
			shape += name + ":" + shapeOf(v[name]) + ","
		}
		return shape + "}"
	case []any:
		shape := "["
		for _, item := range v {
			shape += shapeOf(item) + ","
		}
		return shape + "]"
	}
	text, _ := json.Marshal(value)
	return string(text)
}
