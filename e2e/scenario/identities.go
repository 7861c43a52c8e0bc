package scenario

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// Identities: only the plugin tells the backend who the user is.
var Identities = []Scenario{
	{Name: "each API's identity arrives, percent-encoded, with every digit", Run: identityArrives},
	{Name: "identity headers of the client are removed, in any spelling", Run: clientHeadersRemoved},
	{Name: "identity.headers replaces the default set", Run: ownHeaders},
	{Name: "identity.require denies a cached identity with 403", Run: requirements},
	{Name: "a credential is removed, in any spelling, unless forwardCredential is set", Run: credentialRemoved},
	{Name: "optional allows an anonymous request, and no invalid credential", Run: optionalRoute},
	{Name: "a CORS preflight is allowed only where configured, without credential and identity", Run: preflightRoute},
}

// identityOf is the identity headers that the backend received, decoded.
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

// forged lists the headers with a forged value, but for those excepted.
func forged(seen *SeenRequest, except []string) []string {
	var found []string
	if seen == nil {
		return nil
	}
	for name, values := range seen.Header {
		if strings.Contains(strings.Join(values, " "), "forged") && !slices.Contains(except, name) {
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
	h.Serve(Routes{"default": config, "named": named})
	preflight := []string{"Origin: https://a.test", "Access-Control-Request-Method: GET"}
	for _, c := range []struct {
		route, header string
		foreign       []string // forged names that are not identity headers of the route
	}{{"default", "X-Auth-User", []string{"Who_is", "Who_Is"}}, {"named", "Who-Is", nil}} {
		for range 2 { // a lookup, then a hit
			r := h.Expect(200, Request{Route: c.route, Headers: append([]string{bearer(token)}, forgeries...)})
			expectEqual(t, c.route+": forged headers that arrived", forged(r.Seen, c.foreign), []string(nil))
			expectEqual(t, c.route+": the plugin's own header", r.Seen.Header[c.header], []string{Marker + "ali"})
			r = h.Expect(200, Request{Route: c.route, Headers: forgeries})
			expectEqual(t, c.route+": forged headers of an anonymous request", forged(r.Seen, c.foreign), []string(nil))
			expectEqual(t, c.route+": identity of an anonymous request", identityOf(t, r.Seen), map[string]string{})
			r = h.Expect(200, Request{Route: c.route, Method: http.MethodOptions, Headers: append(preflight, forgeries...)})
			expectEqual(t, c.route+": forged headers of a preflight", forged(r.Seen, c.foreign), []string(nil))
		}
	}
}

func ownHeaders(t *testing.T, h *Harness) {
	up := newBTS(h.Clock())
	defer up.Close()
	token := up.IssueToken(Marker + "courier")
	headers := map[string]any{"X-Branch": "branch", "X-Role": "role", "Remote-Mail": "email", "X-None": "absent"}
	h.Serve(Routes{"r": with(btsConfig(up), "identity", map[string]any{"headers": headers})})
	for range 2 {
		r := h.Expect(200, Request{Route: "r", Headers: []string{bearer(token), "x_none: forged", "X-Auth-Api: forged"}})
		for name, want := range map[string]string{
			"X-Branch": "9007199254740993", "X-Role": "driver", "Remote-Mail": Marker + "k@bts.uz",
		} {
			expectEqual(t, name, r.Seen.Header[name], []string{want})
		}
		expectEqual(t, "default set", len(identityOf(t, r.Seen)), 0)
		expectEqual(t, "forged headers that arrived", forged(r.Seen, nil), []string(nil))
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
	expectCount(t, "calls for a cached identity", up.Calls(), calls)
	h.Expect(200, Request{Route: "staff", Headers: []string{basic(employee, password)}})
	h.Expect(403, Request{Route: "students", Headers: []string{basic(employee, password)}})
}
