package scenario

import (
	"net/http"
	"strings"
	"testing"
)

func credentialRemoved(t *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	config := routeConfig("applicationKey", "thammasat", up.URL)
	h.Serve(Routes{"removed": config, "forwarded": with(config, "forwardCredential", "1")})
	lines := []string{key(validKey), "Application_Key: " + validKey, "application.key: " + validKey, basic("not", "ours")}
	for range 2 {
		removed := h.Expect(200, Request{Route: "removed", Headers: lines})
		expectEqual(t, "a credential of another kind", removed.Seen.Header["Authorization"], []string{basic("not", "ours")[15:]})
		for name, values := range removed.Seen.Header {
			if strings.Contains(strings.Join(values, ""), validKey) {
				t.Errorf("the key arrived as %s", name)
			}
		}
		forwarded := h.Expect(200, Request{Route: "forwarded", Headers: lines})
		expectEqual(t, "forwarded", forwarded.Seen.Header["Application-Key"], []string{validKey})
		expectEqual(t, "another spelling of it", len(forwarded.Seen.Header["Application_key"])+len(forwarded.Seen.Header["Application_Key"]), 0)
	}
}

func optionalRoute(t *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	config := routeConfig("applicationKey", "thammasat", up.URL, "account", "true")
	h.Serve(Routes{"r": with(config, "optional", "true")})
	r := h.Expect(200, Request{Route: "r"})
	expectEqual(t, "anonymous", len(identityOf(t, r.Seen)), 0)
	// One header of a credential of two is no credential, and is removed too.
	for _, part := range []string{key(validKey), basic(student, password)} {
		r = h.Expect(200, Request{Route: "r", Headers: []string{part}})
		if r.Seen != nil && len(r.Seen.Header["Application-Key"])+len(r.Seen.Header["Authorization"]) > 0 {
			t.Errorf("a part of a credential arrived: %v", redact([]string{part}))
		}
	}
	h.Expect(400, Request{Route: "r", Headers: []string{key(validKey), key(validKey)}})
	h.Expect(400, Request{Route: "r", Headers: []string{key("a b")}})
	h.Expect(400, Request{Route: "r", Headers: []string{key(validKey), "Authorization: Basic ***"}})
	h.Expect(401, Request{Route: "r", Headers: []string{key(validKey), basic(student, "wrong")}})
	r = h.Expect(200, Request{Route: "r", Headers: []string{key(validKey), basic(student, password)}})
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
	preflight := []string{"Origin: https://app.test", "Access-Control-Request-Method: PUT"}
	h.Expect(401, Request{Route: "no", Method: http.MethodOptions, Headers: preflight})
	r := h.Expect(200, Request{Route: "yes", Method: http.MethodOptions, Headers: append(preflight, "X-Auth-User: admin")})
	expectEqual(t, "the identity on a preflight", len(identityOf(t, r.Seen)), 0)
	h.Expect(400, Request{Route: "yes", Method: http.MethodOptions, Headers: append(preflight, bearer(token), bearer(token))})
	expectCount(t, "calls for a preflight", up.Calls(), 0)
	h.Expect(200, Request{Route: "yes", Headers: []string{bearer(token)}})
	r = h.Expect(200, Request{Route: "yes", Method: http.MethodOptions, Headers: append(preflight, bearer(token))})
	expectEqual(t, "the user of an OPTIONS with a credential, which no preflight has", identityOf(t, r.Seen)["X-Auth-User"], Marker+"ali")
	expectEqual(t, "the credential at the backend", len(r.Seen.Header["Authorization"]), 0)
	h.Expect(401, Request{Route: "yes", Method: http.MethodOptions, Headers: preflight[:1]})
	h.Expect(401, Request{Route: "yes", Method: http.MethodOptions, Headers: preflight[1:]})
	h.Expect(401, Request{Route: "yes", Method: http.MethodGet, Headers: preflight})
}
