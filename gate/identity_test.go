package gate

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
)

// testIdentity is that of a route with the default prefix, one identity header
// outside of it, application keys, and two requirements.
func testIdentity() *identityHeaders {
	return newIdentity(&Options{
		Prefix:  "X-Auth-",
		Headers: []apis.HeaderField{{Header: "Remote-User", Field: "user"}},
		Require: []Requirement{{Field: "type", Allowed: []string{"student", "employee"}}, {Field: "api", Allowed: []string{"bts"}}},
	}, []string{"Application-Key"})
}

// request returns a request with these header names, in this spelling.
func request(names ...string) *http.Request {
	r := &http.Request{Header: http.Header{}, Trailer: http.Header{}}
	for _, name := range names {
		r.Header[name] = []string{"forged"}
	}
	return r
}

func TestStrip(t *testing.T) {
	for _, name := range []string{
		"X-Auth-User", "x-auth-user", "X-AUTH-USER", "X_Auth_User", "x-auth_user", "X.Auth.User", "X-Auth.User", "x_auth-USER",
		"X!Auth!User", "X~Auth|User", "X^Auth`User", "X+Auth*User", "X#Auth$User", "X%Auth&User", "X'Auth'User",
		"X-Auth-", "X_Auth_", "X-Auth-Anything-Else", "X-Auth--", "X-Auth-\u00e9",
		"X_Auth_" + strings.Repeat("long-", 100), "Remote-User", "REMOTE_USER", "remote.user", "Remote!user",
		"Application_Key", "application.key", "APPLICATION_KEY", "Application~Key",
	} {
		t.Run("a reserved name is removed from header and trailer: "+name, func(t *testing.T) {
			id := testIdentity()
			for _, round := range []string{"first", "again, when names are remembered"} {
				r := request(name, "Accept")
				id.remember(id.strip(r))
				if len(r.Header) != 1 || r.Header["Accept"] == nil {
					t.Errorf("%s: %v", round, r.Header)
				}
			}
			r := request("Accept")
			r.Trailer = http.Header{name: nil, "Checksum": nil}
			id.strip(r)
			if len(r.Trailer) != 1 {
				t.Errorf("the trailer is still %v", r.Trailer)
			}
		})
	}
	t.Run("names that are not reserved stay", func(t *testing.T) {
		names := []string{
			"X-Auth", "Xauth-User", "X-Authentic", "X-Authorization", "Auth-User", "Y-X-Auth-User", "XX-Auth-User", "Remote-User-Agent", "User",
			"Application-Key", "Application-Keys", "Authorization", "Proxy-Authorization", "Cookie", "X-Forwarded-User", "Accept", "Host_",
		}
		r := request(names...)
		id := testIdentity()
		for range []int{1, 2, 3} {
			id.remember(id.strip(r))
		}
		if len(r.Header) != len(names) {
			t.Errorf("%v", r.Header)
		}
	})
}

// A proxy behind the plugin deletes the headers that Connection names.
func TestStripConnection(t *testing.T) {
	cases := []struct {
		name        string
		lines, want []string
	}{
		{"an identity header alone", []string{"X-Auth-User"}, nil},
		{"other spellings, and empty options", []string{"x_auth_user , Remote.User", "", " , "}, nil},
		{"another option alone", []string{"close"}, []string{"close"}},
		{"an identity header between others", []string{"keep-alive, X-Auth-User, Upgrade"}, []string{"keep-alive"}},
		{"several lines", []string{"X-Auth-Id", "Upgrade", "x-auth-api,HTTP2-Settings", "close, te"}, []string{"close, te"}},
		{"a credential header of another spelling", []string{"Application_Key, te"}, []string{"te"}},
		{"32 options", []string{"close", strings.Repeat("x,", 30) + "x"}, []string{"close" + strings.Repeat(", x", 31)}},
		{"33 options are removed whole", []string{"close", strings.Repeat("x,", 31) + "x"}, nil},
		{"as many empty ones", []string{"close", strings.Repeat(",", 32)}, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := request()
			r.Header["Connection"] = c.lines
			testIdentity().strip(r)
			if got := r.Header["Connection"]; !reflect.DeepEqual(got, c.want) {
				t.Errorf("%q: %q, want %q", c.lines, got, c.want)
			}
		})
	}
}

func TestRemember(t *testing.T) {
	t.Run("names are kept only if they are not reserved, in bounded memory, in a set that is never changed", func(t *testing.T) {
		id := testIdentity()
		old := id.safeNames()
		for i := 0; i < 5000; i++ {
			r := request("X-Auth-User", "Name-"+strings.Repeat("x", i%80)+string(rune('a'+i%26))+strings.Repeat("y", i%77))
			id.remember(id.strip(r))
		}
		safe := id.safeNames()
		if len(safe) > maxSafeNames || len(safe) == 0 || len(old) != 0 {
			t.Errorf("%d names are kept; the first set has %d", len(safe), len(old))
		}
		for name := range safe {
			if id.isReserved(name) || len(name) > maxNameLength {
				t.Errorf("%s is kept as safe", name)
			}
		}
	})
	t.Run("one request adds only a few names", func(t *testing.T) {
		id := newIdentity(&Options{Prefix: "X-Auth-"}, nil)
		var names []string
		for i := 0; i < 10*maxNewNames; i++ {
			names = append(names, "X-Invented-"+strings.Repeat("a", i))
		}
		id.remember(names)
		if got := len(id.safeNames()); got != maxNewNames {
			t.Errorf("one request adds %d names, want %d", got, maxNewNames)
		}
		for i := 0; i < 100; i++ {
			id.remember(names[(i%10)*maxNewNames : (i%10+1)*maxNewNames])
		}
		if got := len(id.safeNames()); got > maxSafeNames {
			t.Errorf("%d names are kept, want at most %d", got, maxSafeNames)
		}
	})
}

func TestSatisfies(t *testing.T) {
	id := testIdentity()
	typed := func(value string) verifier.Identity { return verifier.Identity{{Name: "type", Value: value}} }
	for _, c := range []struct {
		name     string
		identity verifier.Identity
		api      string
		want     bool
	}{
		{"one allowed value", typed("student"), "bts", true},
		{"another allowed value", typed("employee"), "bts", true},
		{"one of two requirements is not met", typed("employee"), "ippanel", false},
		{"a value that is not allowed", typed("guest"), "bts", false},
		{"another case", typed("Student"), "bts", false},
		{"a space behind", typed("student "), "bts", false},
		{"an empty value", typed(""), "bts", false},
		{"no such field", nil, "bts", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := id.satisfies(c.identity, c.api); got != c.want {
				t.Errorf("%v of %s: %v, want %v", c.identity, c.api, got, c.want)
			}
		})
	}
	t.Run("no requirement is met by any identity", func(t *testing.T) {
		if none := newIdentity(&Options{Prefix: "X-Auth-"}, nil); !none.satisfies(nil, "bts") {
			t.Error("it is not met")
		}
	})
}

// FuzzStrip: whatever name a header has, a backend that folds names as CGI does
// finds no reserved one, and no other header is lost.
func FuzzStrip(f *testing.F) {
	for _, seed := range []string{"X-Auth-User", "x_auth_user", "Remote.User", "Accept", "X-Auth", "", "Connection", "Application_Key", "\u212a"} {
		f.Add(seed)
	}
	cgi := func(name string) string {
		return strings.Map(func(r rune) rune {
			if (r >= 'a' && r <= 'z') || (r >= '0' && r <= '9') {
				return r
			}
			if r >= 'A' && r <= 'Z' {
				return r + 'a' - 'A'
			}
			return '_'
		}, name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		id := testIdentity()
		r := request(name, "Accept")
		id.remember(id.strip(r))
		if strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~") != "" {
			return // not a header's name: servers reject the request
		}
		folded := cgi(name)
		reserved := strings.HasPrefix(folded, "x_auth_") || folded == "remote_user" ||
			(folded == "application_key" && !strings.EqualFold(name, "Application-Key"))
		if _, there := r.Header[name]; there == reserved && name != "Connection" {
			t.Fatalf("%q: still there: %v", name, there)
		}
		if r.Header["Accept"] == nil {
			t.Fatal("another header is lost")
		}
	})
}
