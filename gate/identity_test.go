package gate

import (
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/credential"
	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
)

// guarding is the identity of a route with the default prefix, which sets one
// header beside it and takes application keys.
func guarding() *identityHeaders {
	return newIdentity(&Options{
		Prefix:  "X-Auth-",
		Headers: []apis.HeaderField{{Header: "Remote-User", Field: "user"}},
		Require: []Requirement{{Field: "type", Allowed: []string{"student", "employee"}}, {Field: "api", Allowed: []string{"bts"}}},
	}, credential.Accepts{Key: true})
}

// request has these header names, spelled as they are, each with a value.
func request(names ...string) *http.Request {
	r := &http.Request{Header: http.Header{}, Trailer: http.Header{}}
	for _, name := range names {
		r.Header[name] = []string{"forged"}
	}
	return r
}

func TestTheClientsWordIsTakenAwayInEverySpelling(t *testing.T) {
	for _, name := range []string{
		"X-Auth-User", "x-auth-user", "X-AUTH-USER", "X_Auth_User", "x-auth_user", "X.Auth.User", "X-Auth.User", "x_auth-USER",
		"X!Auth!User", "X~Auth|User", "X^Auth`User", "X+Auth*User", "X#Auth$User", "X%Auth&User", "X'Auth'User",
		"X-Auth-", "X_Auth_", "X-Auth-Anything-Else", "X-Auth--", "X-Auth-\u00e9",
		"Remote-User", "REMOTE_USER", "remote.user", "Remote!user",
		"Application_Key", "application.key", "APPLICATION_KEY", "Application~Key",
	} {
		id := guarding()
		for _, round := range []string{"first", "again, when names are known"} {
			r := request(name, "Accept")
			id.remember(id.strip(r))
			if len(r.Header) != 1 || r.Header["Accept"] == nil {
				t.Errorf("%s, %s: %v", name, round, r.Header)
			}
		}
		r := request("Accept")
		r.Trailer = http.Header{name: nil, "Checksum": nil}
		id.strip(r)
		if len(r.Trailer) != 1 {
			t.Errorf("%s is left in the trailer: %v", name, r.Trailer)
		}
	}
}

func TestWhatIsNoneOfOursStays(t *testing.T) {
	names := []string{
		"X-Auth", "Xauth-User", "X-Authentic", "X-Authorization", "Auth-User", "Y-X-Auth-User", "XX-Auth-User", "Remote-User-Agent", "User",
		"Application-Key", "Application-Keys", "Authorization", "Proxy-Authorization", "Cookie", "X-Forwarded-User", "Accept", "Host_",
	}
	r := request(names...)
	id := guarding()
	for range []int{1, 2, 3} {
		id.remember(id.strip(r))
	}
	if len(r.Header) != len(names) {
		t.Errorf("%v", r.Header)
	}
}

// A proxy behind us deletes what Connection names: our headers must not be
// among it.
func TestConnectionNamesNoneOfOurs(t *testing.T) {
	cases := []struct{ lines, want []string }{
		{[]string{"X-Auth-User"}, nil},
		{[]string{"x_auth_user , Remote.User", "", " , "}, nil},
		{[]string{"close"}, []string{"close"}},
		{[]string{"keep-alive, X-Auth-User, Upgrade"}, []string{"keep-alive, Upgrade"}},
		{[]string{"X-Auth-Id", "Upgrade", "x-auth-api,HTTP2-Settings"}, []string{"Upgrade, HTTP2-Settings"}},
		{[]string{"Application_Key, te"}, []string{"te"}},
		{[]string{"close", strings.Repeat("x,", 600)}, nil}, // too long to look at
	}
	for _, c := range cases {
		r := request()
		r.Header["Connection"] = c.lines
		guarding().strip(r)
		if got := r.Header["Connection"]; !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q: %q, want %q", c.lines, got, c.want)
		}
	}
}

// Names are remembered as harmless, in bounded room, and only if they are.
func TestTheMemoryOfNamesIsBoundedAndNeverChanged(t *testing.T) {
	id := guarding()
	old := id.safeNames()
	for i := 0; i < 5000; i++ {
		r := request("X-Auth-User", "Name-"+strings.Repeat("x", i%80)+string(rune('a'+i%26))+strings.Repeat("y", i%77))
		id.remember(id.strip(r))
	}
	known := id.safeNames()
	if len(known) > maxSafeNames || len(known) == 0 || len(old) != 0 {
		t.Errorf("%d names are known; the first set has %d", len(known), len(old))
	}
	for name := range known {
		if id.isReserved(name) || len(name) > maxNameLength {
			t.Errorf("%s is held for harmless", name)
		}
	}
}

func TestEachRequirementIsMetByOneOfItsValues(t *testing.T) {
	id := guarding()
	who := func(kind string) verifier.Identity { return verifier.Identity{{Name: "type", Value: kind}} }
	for _, c := range []struct {
		who  verifier.Identity
		api  string
		want bool
	}{
		{who("student"), "bts", true},
		{who("employee"), "bts", true},
		{who("employee"), "ippanel", false},
		{who("guest"), "bts", false},
		{who("Student"), "bts", false},
		{who("student "), "bts", false},
		{who(""), "bts", false},
		{nil, "bts", false},
	} {
		if got := id.satisfies(c.who, c.api); got != c.want {
			t.Errorf("%v by %s: %v, want %v", c.who, c.api, got, c.want)
		}
	}
	if none := newIdentity(&Options{Prefix: "X-Auth-"}, credential.Accepts{}); !none.satisfies(nil, "bts") {
		t.Error("no requirement is not met by nobody")
	}
}

func TestAnyValueFitsIntoAHeaderAndComesBack(t *testing.T) {
	for value, want := range map[string]string{
		"":                  "",
		"plain-ASCII_1.~":   "plain-ASCII_1.~",
		"100%":              "100%25",
		"%41":               "%2541",
		"a b":               "a%20b",
		"สม":                "%E0%B8%AA%E0%B8%A1",
		"a\tb":              "a%09b",
		"\x7f\u0080":        "%7F%C2%80",
		`"quoted", <and>;=`: `"quoted",%20<and>;=`,
	} {
		if got := percentEncode(value); got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
}

func FuzzPercentEncode(f *testing.F) {
	for _, seed := range []string{"", "a%b", "สมชาย ใจดี", "\x00\xff", "+/?#"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		encoded := percentEncode(value)
		if strings.IndexFunc(encoded, func(r rune) bool { return r <= ' ' || r > '~' }) >= 0 {
			t.Fatalf("%q holds what may not stand in a header", encoded)
		}
		if back, err := url.PathUnescape(encoded); err != nil || back != value {
			t.Fatalf("%q comes back as %q (%v)", value, back, err)
		}
	})
}

// FuzzStrip: whatever a header is called, a backend that folds names as CGI
// does finds nothing of ours; and nothing else is lost.
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
		id := guarding()
		r := request(name, "Accept")
		id.remember(id.strip(r))
		if strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!#$%&'*+-.^_`|~") != "" {
			return // no name of a header: no server lets it in
		}
		folded := cgi(name)
		gone := strings.HasPrefix(folded, "x_auth_") || folded == "remote_user" ||
			(folded == "application_key" && !strings.EqualFold(name, "Application-Key"))
		if _, there := r.Header[name]; there == gone && name != "Connection" {
			t.Fatalf("%q: still there: %v", name, there)
		}
		if r.Header["Accept"] == nil {
			t.Fatal("something else is lost")
		}
	})
}

func TestOneRequestTeachesFewHeaderNames(t *testing.T) {
	id := newIdentity(&Options{Prefix: "X-Auth-"}, credential.Accepts{})
	var names []string
	for i := 0; i < 10*maxNewNames; i++ {
		names = append(names, "X-Invented-"+strings.Repeat("a", i))
	}
	id.remember(names)
	if got := len(id.safeNames()); got != maxNewNames {
		t.Errorf("one request taught %d names, want %d", got, maxNewNames)
	}
	for i := 0; i < 100; i++ {
		id.remember(names[(i%10)*maxNewNames : (i%10+1)*maxNewNames])
	}
	if got := len(id.safeNames()); got > maxSafeNames {
		t.Errorf("%d names are held, want at most %d", got, maxSafeNames)
	}
}
