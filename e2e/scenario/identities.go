package scenario

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Identities: the backend learns who is calling from us, and from nobody else.
var Identities = []Scenario{
	{Name: "each api's identity arrives, percent-encoded, with every digit", Play: identityArrives},
	{Name: "what the client sent as an identity never arrives, in any spelling", Play: clientsWordIsTaken},
	{Name: "identity.headers replaces the default set", Play: ownHeaders},
	{Name: "identity.require refuses a cached identity with 403", Play: requirements},
	{Name: "a credential is not forwarded, in any spelling, unless wanted", Play: credentialIsTaken},
	{Name: "optional lets an anonymous request pass, and no bad one", Play: optionalRoute},
	{Name: "a CORS preflight passes where it may, stripped", Play: preflightRoute},
}

// identityOf picks the identity headers that the backend saw, decoded.
func identityOf(t testing.TB, seen *Seen) map[string]string {
	t.Helper()
	found := map[string]string{}
	if seen == nil {
		t.Error("the backend was not reached")
		return found
	}
	for name, values := range seen.Header {
		if !strings.HasPrefix(name, "X-Auth-") || name == "X-Auth-Expires" {
			continue
		}
		plain, err := url.PathUnescape(strings.Join(values, "|"))
		if err != nil {
			t.Errorf("%s does not decode: %v", name, err)
		}
		found[name] = plain
	}
	return found
}

func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func identityArrives(t *testing.T, g *Gate) {
	all, done := four(g.Clock())
	defer done()
	g.Serve(routesOf(all))
	want := map[string]map[string]string{
		"key": {"X-Auth-Api": "thammasat"},
		"account": {
			"X-Auth-Api": "thammasat", "X-Auth-User": strings.ToLower(student), "X-Auth-Name": Marker + "Somchai  Jaidee",
			"X-Auth-Name-Th": Marker + "สมชาย ใจดี", "X-Auth-Email": Marker + "somchai@dome.tu.ac.th", "X-Auth-Type": "student",
			"X-Auth-Department": Marker + "ภาควิชา", "X-Auth-Faculty": Marker + "คณะ",
		},
		"panel":   {"X-Auth-Api": "ippanel", "X-Auth-User": Marker + "ali", "X-Auth-Id": "9007199254740993", "X-Auth-Name": Marker + "علی"},
		"service": {"X-Auth-Api": "webservice", "X-Auth-User": Marker + "client", "X-Auth-Id": "7", "X-Auth-Name": Marker + "مشتری"},
	}
	for range 2 { // a miss, then a hit
		for _, o := range all {
			r := g.Expect(200, Call{Route: o.route, Lines: []string{o.line}})
			got := identityOf(t, r.Seen)
			if o.route == "courier" {
				if got["X-Auth-Email"] != Marker+"k@bts.uz" || got["X-Auth-Name"] != Marker+"Kuryer" || got["X-Auth-Id"] == "" || got["X-Auth-User"] == "" {
					t.Errorf("courier: %v", got)
				}
				continue
			}
			same(t, o.route, got, want[o.route])
			if r.Seen.Header.Get("X-Auth-Expires") == "" {
				t.Errorf("%s: no X-Auth-Expires", o.route)
			}
		}
	}
}

// forgeries are spellings that some backend reads as an identity header.
var forgeries = []string{
	"X-Auth-User: forged", "x-auth-user: forged", "X_Auth_User: forged", "x-auth_user: forged", "X.Auth.User: forged",
	"X-Auth-Faculty: forged", "X_AUTH_EMAIL: forged", "X-Auth-Anything: forged", "X~Auth~Type: forged", "Who_Is: forged",
	"Connection: X-Auth-User, X_Auth_Api, Who-Is",
}

func forged(seen *Seen) []string {
	var found []string
	if seen == nil {
		return nil
	}
	for name, values := range seen.Header {
		if strings.Contains(strings.Join(values, " "), "forged") {
			found = append(found, name)
		}
	}
	return found
}

func clientsWordIsTaken(t *testing.T, g *Gate) {
	up := panel(g.Clock())
	defer up.Close()
	token := up.IssueToken(Marker + "ali")
	config := with(block("bearer", "ippanel", up.URL), "optional", "true", "preflight", "true")
	named := with(config, "identity", map[string]any{"headers": map[string]any{"Who-Is": "user"}})
	g.Serve(Routes{"r": config, "named": named})
	for _, route := range []string{"r", "named"} {
		for range 2 {
			for _, lines := range [][]string{{bearer(token)}, nil} {
				r := g.Expect(200, Call{Route: route, Lines: append(lines, forgeries...)})
				found := forged(r.Seen)
				if route == "r" {
					found = without(found, "Who_is", "Who_Is") // nobody's there
				}
				same(t, route+": forged headers that arrived", len(found), 0)
				if lines == nil && len(identityOf(t, r.Seen)) > 0 {
					t.Errorf("an anonymous request has an identity: %v", r.Seen.Header)
				}
				if lines != nil && route == "r" {
					same(t, "our own word", r.Seen.Header["X-Auth-User"], []string{Marker + "ali"})
				}
				if lines != nil && route == "named" {
					same(t, "our own word", r.Seen.Header["Who-Is"], []string{Marker + "ali"})
				}
			}
			r := g.Expect(200, Call{Route: route, Method: http.MethodOptions, Lines: append([]string{"Origin: https://a.test", "Access-Control-Request-Method: GET"}, forgeries...)})
			if found := without(forged(r.Seen), "Who_is", "Who_Is"); len(found) > 0 {
				t.Errorf("%s: on a preflight arrived %v", route, found)
			}
		}
	}
}

func without(names []string, some ...string) []string {
	var rest []string
	for _, name := range names {
		if name != some[0] && name != some[1] {
			rest = append(rest, name)
		}
	}
	return rest
}

func ownHeaders(t *testing.T, g *Gate) {
	up := courier(g.Clock())
	defer up.Close()
	token := up.IssueToken(Marker + "courier")
	headers := map[string]any{"X-Branch": "branch", "X-Role": "role", "Remote-Mail": "email", "X-None": "absent"}
	g.Serve(Routes{"r": with(block("bearer", "bts", up.URL, "path", upstreams.BTSStatusPath), "identity", map[string]any{"headers": headers})})
	for range 2 {
		r := g.Expect(200, Call{Route: "r", Lines: []string{bearer(token), "x_none: forged", "X-Auth-Api: forged"}})
		same(t, "digits", r.Seen.Header["X-Branch"], []string{"9007199254740993"})
		same(t, "role", r.Seen.Header["X-Role"], []string{"driver"})
		same(t, "mail", r.Seen.Header["Remote-Mail"], []string{Marker + "k@bts.uz"})
		same(t, "default set", len(identityOf(t, r.Seen)), 0)
		same(t, "forged", forged(r.Seen), []string(nil))
	}
}

func requirements(t *testing.T, g *Gate) {
	up := university(g.Clock())
	defer up.Close()
	config := block("basic", "thammasat", up.URL, "applicationKey", "env:UPSTREAMAUTH_TU_KEY")
	g.Serve(Routes{
		"all":      config,
		"students": with(config, "identity", map[string]any{"require": map[string]any{"type": "student"}}),
		"staff":    with(config, "identity", map[string]any{"require": map[string]any{"type": "employee, guest"}}),
		"api":      with(config, "identity", map[string]any{"require": map[string]any{"api": "thammasat"}}),
		"both":     with(config, "identity", map[string]any{"require": map[string]any{"type": []any{"student"}, "faculty": "none"}}),
	})
	line := []string{basic(student, password)}
	g.Expect(200, Call{Route: "all", Lines: line})
	calls := up.Calls()
	for range 2 {
		g.Expect(200, Call{Route: "students", Lines: line})
		g.Expect(200, Call{Route: "api", Lines: line})
		r := g.Expect(403, Call{Route: "staff", Lines: line})
		same(t, "body", r.Body, `{"status":false,"message":"Not authorized to access the resource."}`)
		g.Expect(403, Call{Route: "both", Lines: line})
		g.Expect(200, Call{Route: "all", Lines: line})
	}
	counts(t, "a cached identity", up.Calls(), calls)
	g.Expect(200, Call{Route: "staff", Lines: []string{basic(employee, password)}})
	g.Expect(403, Call{Route: "students", Lines: []string{basic(employee, password)}})
}

func credentialIsTaken(t *testing.T, g *Gate) {
	up := university(g.Clock())
	defer up.Close()
	config := block("applicationKey", "thammasat", up.URL)
	g.Serve(Routes{"taken": config, "forwarded": with(config, "forwardCredential", "1")})
	lines := []string{key(goodKey), "Application_Key: " + goodKey, "application.key: " + goodKey, basic("not", "ours")}
	for range 2 {
		taken := g.Expect(200, Call{Route: "taken", Lines: lines})
		same(t, "another kind is not touched", taken.Seen.Header["Authorization"], []string{basic("not", "ours")[15:]})
		for name, values := range taken.Seen.Header {
			if strings.Contains(strings.Join(values, ""), goodKey) {
				t.Errorf("the key arrived as %s", name)
			}
		}
		forwarded := g.Expect(200, Call{Route: "forwarded", Lines: lines})
		same(t, "forwarded", forwarded.Seen.Header["Application-Key"], []string{goodKey})
		same(t, "an alias of it", len(forwarded.Seen.Header["Application_key"])+len(forwarded.Seen.Header["Application_Key"]), 0)
	}
}

func optionalRoute(t *testing.T, g *Gate) {
	up := university(g.Clock())
	defer up.Close()
	config := block("applicationKey", "thammasat", up.URL, "account", "true")
	g.Serve(Routes{"r": with(config, "optional", "true")})
	r := g.Expect(200, Call{Route: "r"})
	same(t, "anonymous", len(identityOf(t, r.Seen)), 0)
	// Half of a credential is none, and does not reach the backend either.
	for _, half := range []string{key(goodKey), basic(student, password)} {
		r = g.Expect(200, Call{Route: "r", Lines: []string{half}})
		if r.Seen != nil && len(r.Seen.Header["Application-Key"])+len(r.Seen.Header["Authorization"]) > 0 {
			t.Errorf("half of a credential arrived: %v", redact([]string{half}))
		}
	}
	g.Expect(400, Call{Route: "r", Lines: []string{key(goodKey), key(goodKey)}})
	g.Expect(400, Call{Route: "r", Lines: []string{key("a b")}})
	g.Expect(400, Call{Route: "r", Lines: []string{key(goodKey), "Authorization: Basic ***"}})
	g.Expect(401, Call{Route: "r", Lines: []string{key(goodKey), basic(student, "wrong")}})
	r = g.Expect(200, Call{Route: "r", Lines: []string{key(goodKey), basic(student, password)}})
	same(t, "known", r.Seen.Header.Get("X-Auth-Type"), "student")
	r = g.Expect(200, Call{Route: "r", Lines: []string{"Authorization: Digest username=\"a\", realm=\"b\""}})
	same(t, "another scheme", len(r.Seen.Header["Authorization"]), 1)
}

func preflightRoute(t *testing.T, g *Gate) {
	up := panel(g.Clock())
	defer up.Close()
	token := up.IssueToken(Marker + "ali")
	config := block("bearer", "ippanel", up.URL)
	g.Serve(Routes{"yes": with(config, "preflight", "true"), "no": config})
	marks := []string{"Origin: https://app.test", "Access-Control-Request-Method: PUT"}
	g.Expect(401, Call{Route: "no", Method: http.MethodOptions, Lines: marks})
	r := g.Expect(200, Call{Route: "yes", Method: http.MethodOptions, Lines: append(marks, bearer(token), bearer(token))})
	same(t, "its credential", len(r.Seen.Header["Authorization"]), 0)
	counts(t, "a preflight", up.Calls(), 0)
	g.Expect(200, Call{Route: "yes", Lines: []string{bearer(token)}})
	r = g.Expect(200, Call{Route: "yes", Method: http.MethodOptions, Lines: append(marks, bearer(token))})
	same(t, "the identity of a preflight whose credential is known", len(identityOf(t, r.Seen)), 0)
	g.Expect(401, Call{Route: "yes", Method: http.MethodOptions, Lines: marks[:1]})
	g.Expect(401, Call{Route: "yes", Method: http.MethodOptions, Lines: marks[1:]})
	g.Expect(401, Call{Route: "yes", Method: http.MethodGet, Lines: marks})
}
