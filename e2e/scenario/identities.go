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
	{Name: "each api's identity arrives, percent-encoded, with every digit", Run: identityArrives},
	{Name: "what the client sent as an identity never arrives, in any spelling", Run: clientHeadersRemoved},
	{Name: "identity.headers replaces the default set", Run: ownHeaders},
	{Name: "identity.require refuses a cached identity with 403", Run: requirements},
	{Name: "a credential is not forwarded, in any spelling, unless wanted", Run: credentialRemoved},
	{Name: "optional lets an anonymous request pass, and no bad one", Run: optionalRoute},
	{Name: "a CORS preflight passes where it may, stripped", Run: preflightRoute},
}

// identityOf picks the identity headers that the backend saw, decoded.
func identityOf(t testing.TB, seen *SeenRequest) map[string]string {
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

func expectEqual(t testing.TB, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func identityArrives(t *testing.T, h *Harness) {
	all, done := oneOfEach(h.Clock())
	defer done()
	h.Serve(routesOf(all))
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
		for _, cred := range all {
			r := h.Expect(200, Request{Route: cred.route, Headers: []string{cred.header}})
			got := identityOf(t, r.Seen)
			if cred.route == "courier" {
				if got["X-Auth-Email"] != Marker+"k@bts.uz" || got["X-Auth-Name"] != Marker+"Kuryer" || got["X-Auth-Id"] == "" || got["X-Auth-User"] == "" {
					t.Errorf("courier: %v", got)
				}
				continue
			}
			expectEqual(t, cred.route, got, want[cred.route])
			if r.Seen.Header.Get("X-Auth-Expires") == "" {
				t.Errorf("%s: no X-Auth-Expires", cred.route)
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

func forged(seen *SeenRequest) []string {
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

func clientHeadersRemoved(t *testing.T, h *Harness) {
	up := newIPPanel(h.Clock())
	defer up.Close()
	token := up.IssueToken(Marker + "ali")
	config := with(routeConfig("bearer", "ippanel", up.URL), "optional", "true", "preflight", "true")
	named := with(config, "identity", map[string]any{"headers": map[string]any{"Who-Is": "user"}})
	h.Serve(Routes{"r": config, "named": named})
	for _, route := range []string{"r", "named"} {
		for range 2 {
			for _, lines := range [][]string{{bearer(token)}, nil} {
				r := h.Expect(200, Request{Route: route, Headers: append(lines, forgeries...)})
				found := forged(r.Seen)
				if route == "r" {
					found = without(found, "Who_is", "Who_Is") // nobody's there
				}
				expectEqual(t, route+": forged headers that arrived", len(found), 0)
				if lines == nil && len(identityOf(t, r.Seen)) > 0 {
					t.Errorf("an anonymous request has an identity: %v", r.Seen.Header)
				}
				if lines != nil && route == "r" {
					expectEqual(t, "our own word", r.Seen.Header["X-Auth-User"], []string{Marker + "ali"})
				}
				if lines != nil && route == "named" {
					expectEqual(t, "our own word", r.Seen.Header["Who-Is"], []string{Marker + "ali"})
				}
			}
			r := h.Expect(200, Request{Route: route, Method: http.MethodOptions, Headers: append([]string{"Origin: https://a.test", "Access-Control-Request-Method: GET"}, forgeries...)})
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

func ownHeaders(t *testing.T, h *Harness) {
	up := newBTS(h.Clock())
	defer up.Close()
	token := up.IssueToken(Marker + "courier")
	headers := map[string]any{"X-Branch": "branch", "X-Role": "role", "Remote-Mail": "email", "X-None": "absent"}
	h.Serve(Routes{"r": with(routeConfig("bearer", "bts", up.URL, "path", upstreams.BTSStatusPath), "identity", map[string]any{"headers": headers})})
	for range 2 {
		r := h.Expect(200, Request{Route: "r", Headers: []string{bearer(token), "x_none: forged", "X-Auth-Api: forged"}})
		expectEqual(t, "digits", r.Seen.Header["X-Branch"], []string{"9007199254740993"})
		expectEqual(t, "role", r.Seen.Header["X-Role"], []string{"driver"})
		expectEqual(t, "mail", r.Seen.Header["Remote-Mail"], []string{Marker + "k@bts.uz"})
		expectEqual(t, "default set", len(identityOf(t, r.Seen)), 0)
		expectEqual(t, "forged", forged(r.Seen), []string(nil))
	}
}

func requirements(t *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	config := routeConfig("basic", "thammasat", up.URL, "applicationKey", "env:UPSTREAMAUTH_TU_KEY")
	h.Serve(Routes{
		"all":      config,
		"students": with(config, "identity", map[string]any{"require": map[string]any{"type": "student"}}),
		"staff":    with(config, "identity", map[string]any{"require": map[string]any{"type": "employee, guest"}}),
		"api":      with(config, "identity", map[string]any{"require": map[string]any{"api": "thammasat"}}),
		"both":     with(config, "identity", map[string]any{"require": map[string]any{"type": []any{"student"}, "faculty": "none"}}),
	})
	line := []string{basic(student, password)}
	h.Expect(200, Request{Route: "all", Headers: line})
	calls := up.Calls()
	for range 2 {
		h.Expect(200, Request{Route: "students", Headers: line})
		h.Expect(200, Request{Route: "api", Headers: line})
		r := h.Expect(403, Request{Route: "staff", Headers: line})
		expectEqual(t, "body", r.Body, `{"status":false,"message":"Not authorized to access the resource."}`)
		h.Expect(403, Request{Route: "both", Headers: line})
		h.Expect(200, Request{Route: "all", Headers: line})
	}
	expectCount(t, "a cached identity", up.Calls(), calls)
	h.Expect(200, Request{Route: "staff", Headers: []string{basic(employee, password)}})
	h.Expect(403, Request{Route: "students", Headers: []string{basic(employee, password)}})
}

func credentialRemoved(t *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	config := routeConfig("applicationKey", "thammasat", up.URL)
	h.Serve(Routes{"taken": config, "forwarded": with(config, "forwardCredential", "1")})
	lines := []string{key(goodKey), "Application_Key: " + goodKey, "application.key: " + goodKey, basic("not", "ours")}
	for range 2 {
		taken := h.Expect(200, Request{Route: "taken", Headers: lines})
		expectEqual(t, "another kind is not touched", taken.Seen.Header["Authorization"], []string{basic("not", "ours")[15:]})
		for name, values := range taken.Seen.Header {
			if strings.Contains(strings.Join(values, ""), goodKey) {
				t.Errorf("the key arrived as %s", name)
			}
		}
		forwarded := h.Expect(200, Request{Route: "forwarded", Headers: lines})
		expectEqual(t, "forwarded", forwarded.Seen.Header["Application-Key"], []string{goodKey})
		expectEqual(t, "an alias of it", len(forwarded.Seen.Header["Application_key"])+len(forwarded.Seen.Header["Application_Key"]), 0)
	}
}

func optionalRoute(t *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	config := routeConfig("applicationKey", "thammasat", up.URL, "account", "true")
	h.Serve(Routes{"r": with(config, "optional", "true")})
	r := h.Expect(200, Request{Route: "r"})
	expectEqual(t, "anonymous", len(identityOf(t, r.Seen)), 0)
	// Half of a credential is none, and does not reach the backend either.
	for _, half := range []string{key(goodKey), basic(student, password)} {
		r = h.Expect(200, Request{Route: "r", Headers: []string{half}})
		if r.Seen != nil && len(r.Seen.Header["Application-Key"])+len(r.Seen.Header["Authorization"]) > 0 {
			t.Errorf("half of a credential arrived: %v", redact([]string{half}))
		}
	}
	h.Expect(400, Request{Route: "r", Headers: []string{key(goodKey), key(goodKey)}})
	h.Expect(400, Request{Route: "r", Headers: []string{key("a b")}})
	h.Expect(400, Request{Route: "r", Headers: []string{key(goodKey), "Authorization: Basic ***"}})
	h.Expect(401, Request{Route: "r", Headers: []string{key(goodKey), basic(student, "wrong")}})
	r = h.Expect(200, Request{Route: "r", Headers: []string{key(goodKey), basic(student, password)}})
	expectEqual(t, "known", r.Seen.Header.Get("X-Auth-Type"), "student")
	r = h.Expect(200, Request{Route: "r", Headers: []string{"Authorization: Digest username=\"a\", realm=\"b\""}})
	expectEqual(t, "another scheme", len(r.Seen.Header["Authorization"]), 1)
}

func preflightRoute(t *testing.T, h *Harness) {
	up := newIPPanel(h.Clock())
	defer up.Close()
	token := up.IssueToken(Marker + "ali")
	config := routeConfig("bearer", "ippanel", up.URL)
	h.Serve(Routes{"yes": with(config, "preflight", "true"), "no": config})
	marks := []string{"Origin: https://app.test", "Access-Control-Request-Method: PUT"}
	h.Expect(401, Request{Route: "no", Method: http.MethodOptions, Headers: marks})
	r := h.Expect(200, Request{Route: "yes", Method: http.MethodOptions, Headers: append(marks, bearer(token), bearer(token))})
	expectEqual(t, "its credential", len(r.Seen.Header["Authorization"]), 0)
	expectCount(t, "a preflight", up.Calls(), 0)
	h.Expect(200, Request{Route: "yes", Headers: []string{bearer(token)}})
	r = h.Expect(200, Request{Route: "yes", Method: http.MethodOptions, Headers: append(marks, bearer(token))})
	expectEqual(t, "the identity of a preflight whose credential is known", len(identityOf(t, r.Seen)), 0)
	h.Expect(401, Request{Route: "yes", Method: http.MethodOptions, Headers: marks[:1]})
	h.Expect(401, Request{Route: "yes", Method: http.MethodOptions, Headers: marks[1:]})
	h.Expect(401, Request{Route: "yes", Method: http.MethodGet, Headers: marks})
}
