package credential

import (
	"encoding/base64"
	"math/rand"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/verifier"
)

func TestSource(t *testing.T) {
	t.Run("sources that say what the documents say read and remove as the reader of documents does", func(t *testing.T) {
		words := []string{"Bearer ", "bearer ", "Basic ", "token ", "", " ", "Digest a=b", "x", "tok", "\t", "Bearer", "basic", "é", "x y", base64.StdEncoding.EncodeToString([]byte("u:p")), base64.StdEncoding.EncodeToString([]byte("u:"))}
		random := rand.New(rand.NewSource(1))
		text := func() string {
			all := ""
			for n := random.Intn(4); n > 0; n-- {
				all += words[random.Intn(len(words))]
			}
			return all
		}
		for i := 0; i < 4000; i++ {
			a := Accepts{Bearer: random.Intn(3) > 0, Key: random.Intn(2) > 0}
			a.BareToken = a.Bearer && random.Intn(2) > 0
			a.Account = a.Key && random.Intn(2) > 0
			a.Basic = !a.Account && random.Intn(2) > 0
			sourced := a
			if a.Bearer {
				sourced.Sources = append(sourced.Sources, DefaultSource(verifier.Bearer, a.BareToken))
			}
			if a.Key {
				sourced.Sources = append(sourced.Sources, DefaultSource(verifier.ApplicationKey, false))
			}
			h := http.Header{}
			for _, name := range []string{"Authorization", "Application-Key"} {
				for n := random.Intn(3); n > 0; n-- {
					h[name] = append(h[name], text())
				}
			}
			r := &http.Request{Header: h, URL: &url.URL{}}
			c, denial := FromHeader(h, a)
			got, gotDenial := FromRequest(r, sourced)
			if denial.Reason == verifier.Ambiguous || denial.Reason == verifier.Malformed { // the kind shapes a body alone
				c, got = verifier.Credential{}, verifier.Credential{}
			}
			if !reflect.DeepEqual(c, got) || denial != gotDenial {
				t.Fatalf("%+v %q: %+v %v, by sources %+v %v", a, h, c, denial, got, gotDenial)
			}
			other := &http.Request{Header: h.Clone(), URL: &url.URL{}}
			NewRemover(a, false).RemoveFrom(r)
			NewRemover(sourced, false).RemoveFrom(other)
			if !reflect.DeepEqual(r.Header, other.Header) {
				t.Fatalf("%+v: %q is left, by sources %q", a, r.Header, other.Header)
			}
		}
	})

	everything := Accepts{Bearer: true, Key: true, Sources: []*Source{
		NewSource(verifier.Bearer, "X-Token", []string{"Key"}, true, "sid", "t"),
		NewSource(verifier.ApplicationKey, "Authorization", []string{"ApiKey"}, false, "", "k"),
	}}
	request := func(uri string, lines ...string) *http.Request {
		r, err := http.NewRequest(http.MethodGet, "http://host"+uri, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		r.RequestURI = uri
		for i := 0; i < len(lines); i += 2 {
			r.Header[lines[i]] = append(r.Header[lines[i]], lines[i+1])
		}
		return r
	}

	t.Run("one credential is read where the operator says", func(t *testing.T) {
		for _, c := range []struct {
			request *http.Request
			kind    verifier.Kind
			token   string
			reason  verifier.Reason
		}{
			{request("/", "X-Token", "abc"), verifier.Bearer, "abc", ""},
			{request("/", "X-Token", "Bearer"), verifier.Bearer, "Bearer", ""},
			{request("/", "X-Token", "kEY abc"), verifier.Bearer, "abc", ""},
			{request("/", "X-Token", "Key"), verifier.Bearer, "", verifier.Missing},
			{request("/", "X-Token", "Bearer abc"), verifier.Bearer, "", verifier.Malformed},
			{request("/", "Authorization", "ApiKey abc"), verifier.ApplicationKey, "abc", ""},
			{request("/", "Authorization", "Bearer abc"), "", "", verifier.Missing},
			{request("/", "Cookie", "a=1; sid=abc"), verifier.Bearer, "abc", ""},
			{request("/", "Cookie", "a=1", "Cookie", "sid=abc"), verifier.Bearer, "abc", ""},
			{request("/", "Cookie", "sid=a|b%7C"), verifier.Bearer, "a|b%7C", ""},
			{request("/?k=abc"), verifier.ApplicationKey, "abc", ""},
			{request("/?t=a%7Cb"), verifier.Bearer, "a|b", ""},
			{request("/?%54=abc"), "", "", verifier.Missing},
			{request("/?%74=abc"), verifier.Bearer, "abc", ""},
			{request("/?t"), "", "", verifier.Missing},
			{request("/?t=&sid=1&X-Token=1"), "", "", verifier.Missing},
			{request("/?t=a+b"), verifier.Bearer, "", verifier.Malformed},
			{request("/?t=a;b"), verifier.Bearer, "", verifier.Malformed},
			{request("/?t=a;t=b"), verifier.Bearer, "", verifier.Malformed},
			{request("/?x;t=b"), verifier.Bearer, "", verifier.Malformed},
			{request("/?t=abc", "X-Token", "abc"), verifier.Bearer, "", verifier.Ambiguous},
			{request("/?t=abc&k=abc"), verifier.Bearer, "", verifier.Ambiguous},
			{request("/?k=abc", "Cookie", "sid=abc"), verifier.Bearer, "", verifier.Ambiguous},
			{request("/", "Cookie", "sid=abc; sid=abc"), verifier.Bearer, "", verifier.Ambiguous},
			{request("/", "Cookie", "sid=abc", "Cookie", "sid=abc"), verifier.Bearer, "", verifier.Ambiguous},
		} {
			got, denial := FromRequest(c.request, everything)
			if denial.Reason != c.reason || got.Token != c.token && c.reason == "" || c.reason != verifier.Ambiguous && got.Kind != c.kind {
				t.Errorf("%s %v: %+v %v", c.request.RequestURI, c.request.Header, got, denial)
			}
		}
	})

	t.Run("it is removed, and nothing else is changed", func(t *testing.T) {
		for _, c := range []struct {
			request *http.Request
			uri     string
			cookies []string
		}{
			{request("/a%2Fb?t=1"), "/a%2Fb", nil},
			{request("/?t=1&x=%zz&&t=2&y;z&"), "/?x=%zz&&y;z&", nil},
			{request("/?&t=1&x"), "/?&x", nil},
			{request("/?x=1;t=2;y&k=3&z"), "/?x=1&z", nil},
			{request("/?tt=1&%74%74=2"), "/?tt=1&%74%74=2", nil},
			{request("/", "Cookie", "sid=1"), "/", nil},
			{request("/", "Cookie", "sid=1;a=\"b\";;  c"), "/", []string{"a=\"b\";;  c"}},
			{request("/", "Cookie", "a=b", "Cookie", "sid=1; c=d", "Cookie", "e; sid = 2 ;f"), "/", []string{"a=b", "c=d", "e;f"}},
			{request("/", "Cookie", "xsid=1; sid2=2"), "/", []string{"xsid=1; sid2=2"}},
		} {
			before := c.request.URL
			c.request.Header["X-Token"] = []string{"a", "Digest b"}
			NewRemover(everything, false).RemoveFrom(c.request)
			_, query, _ := strings.Cut(c.uri, "?")
			if c.request.RequestURI != c.uri || c.request.URL.RawQuery != query || !reflect.DeepEqual(c.request.Header["Cookie"], c.cookies) || c.request.Header["X-Token"] != nil {
				t.Errorf("%s %q %v, want %s %q", c.request.RequestURI, c.request.URL.RawQuery, c.request.Header, c.uri, c.cookies)
			}
			if before.RawQuery != query && before == c.request.URL {
				t.Error("the address that others may hold is changed")
			}
		}
	})

	t.Run("what is read is what is removed", func(t *testing.T) {
		random := rand.New(rand.NewSource(2))
		pieces := []string{"t", "%74", "=", "=1", "&", ";", "k", "x", "+", "%", "sid", " ", "; ", "\""}
		text := func() string {
			all := ""
			for n := random.Intn(10); n > 0; n-- {
				all += pieces[random.Intn(len(pieces))]
			}
			return all
		}
		for i := 0; i < 4000; i++ {
			r := &http.Request{Header: http.Header{"Cookie": {text(), text()}}, URL: &url.URL{RawQuery: text()}}
			r.RequestURI = "/?" + r.URL.RawQuery
			sent := r.RequestURI + strings.Join(r.Header["Cookie"], "|")
			NewRemover(everything, false).RemoveFrom(r)
			c, denial := FromRequest(r, everything)
			if denial.Reason != verifier.Missing || c.Token != "" || everything.Elsewhere(r) {
				t.Fatalf("%q: %q %q is left: %+v %v", sent, r.RequestURI, r.Header["Cookie"], c, denial)
			}
		}
	})

	t.Run("more than 16 of one name are too many", func(t *testing.T) {
		for n, want := range map[int]bool{16: false, 17: true} {
			for _, r := range []*http.Request{
				request("/?" + strings.Repeat("t=&", n)), request("/", "Cookie", strings.Repeat("sid=;", n)),
			} {
				if everything.TooMany(r) != want {
					t.Errorf("%d: %t", n, !want)
				}
			}
		}
	})
}
