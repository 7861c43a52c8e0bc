package scenario

import (
	"strings"
	"testing"
)

// Sources: where a credential is read, and what its question carries, for every API.
var Sources = []Scenario{
	{Name: "a token in a header of its own is checked, kept, and kept from the backend", Run: ownHeader},
	{Name: "the words before a token are the operator's", Run: ownSchemes},
	{Name: "a token in a cookie goes alone: the other cookies stay byte for byte", Run: inCookie},
	{Name: "a token in the query goes alone: the rest stays byte for byte", Run: inQuery},
	{Name: "a second credential in another place is 400, also beside one that is remembered", Run: inTwoPlaces},
	{Name: "an answer about a cookie or the query is for no request without it, whatever lines are beside", Run: linesBeside},
	{Name: "a line is a credential only where the route reads it, whatever other routes remember", Run: ownLines},
	{Name: "a key in Authorization and a token in a header of its own stand side by side", Run: sideBySide},
	{Name: "what does not match the pattern is 400 without a call", Run: ownPattern},
	{Name: "preflights, optional requests and refused ones lose the credential as well", Run: otherWays},
	{Name: "a web socket brings its token in the query or in a cookie", Run: socketSources},
	{Name: "a session stands beside a cookie with a token", Run: sessionBesideCookie},
	{Name: "questions carry the operator's headers and virtual host", Run: questionHeaders},
	{Name: "questions go through the operator's proxy", Run: questionProxy},
	{Name: "what is configured about a question tells scopes apart", Run: questionScopes},
	{Name: "an answer that is about more of the request than its credential holds for no other request", Run: partsOfRequests},
}

// expectGone expects a request that reached the backend without its credential.
func expectGone(t *testing.T, r Response, secret string) {
	t.Helper()
	if r.Seen == nil {
		return
	}
	if strings.Contains(r.Seen.URI, secret) {
		t.Error("the backend sees the credential in the address")
	}
	for name, lines := range r.Seen.Header {
		if strings.HasPrefix(name, "X-Auth-") {
			continue
		}
		if strings.Contains(strings.Join(lines, "|"), secret) {
			t.Errorf("the backend sees the credential in %s", name)
		}
	}
}

func ownHeader(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": webServiceConfig(up, "header", "x-api-token"), "f": with(webServiceConfig(up, "header", "X-Api-Token"), "forwardCredential", "true")})
	token := issueToken(up, "ali")
	for range 4 {
		r := h.Expect(200, Request{Route: "r", Headers: []string{"X-Api-Token: " + token}})
		expectGone(t, r, token)
		r = h.Expect(200, Request{Route: "r", Headers: []string{"x-api-token: " + token, bearer("for the backend")}})
		expectEqual(t, "Authorization of the backend's", r.Seen.Header.Get("Authorization"), "Bearer for the backend")
		r = h.Expect(200, Request{Route: "f", Headers: []string{"X-Api-Token: " + token}})
		expectEqual(t, "a forwarded token", r.Seen.Header.Get("X-Api-Token"), token)
	}
	expectCount(t, "calls with the token", up.CallsWith(token), 1)
	for _, line := range []string{"X_Api_Token: " + token, "X.Api.Token: " + token, bearer(token), "X-Api-Token:", "Application-Key: " + token} {
		r := h.Expect(401, Request{Route: "r", Headers: []string{line}})
		expectEqual(t, "the challenge", r.Header.Get("Www-Authenticate"), `X-Api-Token realm="webservice"`)
	}
	for _, lines := range [][]string{
		{"X-Api-Token: " + token + " x"},
		{"X-Api-Token: Bearer " + token},
		{"X-Api-Token:  " + token + "\t1"},
		{"X-Api-Token: " + token, "X-Api-Token: " + token},
		{"X-Api-Token: " + token, "X-Api-Token: other"},
	} {
		h.Expect(400, Request{Route: "r", Headers: lines})
	}
	var many []string
	for range 17 {
		many = append(many, "X-Api-Token: "+token)
	}
	h.Expect(431, Request{Route: "r", Headers: many})
	r := h.Expect(200, Request{Route: "r", Headers: []string{"X-Api-Token: " + token, "X_Api_Token: forged", "x.api-token: forged"}})
	expectGone(t, r, "forged")
}

func ownSchemes(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{
		"words": webServiceConfig(up, "scheme", []any{"Bearer", "token"}), "labels": webServiceConfig(up, "scheme", "Key, none"),
		"own": webServiceConfig(up, "header", "X-Token", "scheme", "Key"), "none": webServiceConfig(up, "scheme", "none"),
	})
	token := issueToken(up, "ali")
	for _, c := range []struct {
		route, line string
		status      int
	}{
		{"words", "Authorization: Bearer ", 200},
		{"words", "Authorization: token ", 200},
		{"words", "Authorization: TOKEN ", 200},
		{"words", "Authorization: ", 401},
		{"words", "Authorization: Key ", 401},
		{"words", "Authorization: token  ", 400},
		{"labels", "Authorization: key ", 200},
		{"labels", "Authorization: ", 200},
		{"labels", "Authorization: Bearer ", 401},
		{"own", "X-Token: Key ", 200},
		{"own", "X-Token: ", 401},
		{"own", "Authorization: Key ", 401},
		{"none", "Authorization: ", 200},
		{"none", "Authorization: Bearer ", 401},
	} {
		for range 3 {
			r := h.Expect(c.status, Request{Route: c.route, Headers: []string{c.line + token}})
			if c.status == 200 {
				expectGone(t, r, token)
			}
		}
	}
	expectCount(t, "calls with the token", up.CallsWith(token), 1)
	r := h.Expect(401, Request{Route: "own"})
	expectEqual(t, "the challenge", r.Header.Get("Www-Authenticate"), `Key realm="webservice"`)
}

func inCookie(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": webServiceConfig(up, "cookie", "sid"), "f": with(webServiceConfig(up, "cookie", "sid"), "forwardCredential", "true")})
	token := issueToken(up, "ali")
	for _, c := range []struct{ sent, left string }{
		{"sid=" + token, ""},
		{"a=1; sid=" + token, "a=1"},
		{"sid=" + token + "; a=1", "a=1"},
		{"a=1;sid=" + token + ";  b=\"2; \" ;c", "a=1;  b=\"2; \" ;c"},
		{"xsid=1; sid=" + token + "; sid2=2; SID=3", "xsid=1; sid2=2; SID=3"},
		{"sid=; a=1; sid=" + token, "a=1"},
	} {
		for range 3 {
			r := h.Expect(200, Request{Route: "r", Headers: []string{"Cookie: " + c.sent}})
			if r.Seen != nil {
				expectEqual(t, "cookies at the backend after "+strings.ReplaceAll(c.sent, token, "…"), strings.Join(r.Seen.Header["Cookie"], "|"), c.left)
			}
		}
		r := h.Expect(200, Request{Route: "f", Headers: []string{"Cookie: " + c.sent}})
		expectEqual(t, "forwarded cookies", strings.Join(r.Seen.Header["Cookie"], "|"), c.sent)
	}
	expectCount(t, "calls with the token", up.CallsWith(token), 1)
	for _, line := range []string{"sid=" + token + "; sid=other", "sid=a; sid=b", "sid=" + token + " x"} {
		h.Expect(400, Request{Route: "r", Headers: []string{"Cookie: " + line}})
	}
	h.Expect(401, Request{Route: "r", Headers: []string{"Cookie: xsid=" + token + "; SID=" + token}})
	h.Expect(401, Request{Route: "r", Headers: []string{"Cookie: sid=" + Marker + "unknown"}})
	h.Expect(431, Request{Route: "r", Headers: []string{"Cookie: " + strings.Repeat("sid=1;", 17)}})
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(token), "Cookie: a=1"}})
}

func inQuery(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": webServiceConfig(up, "query", "access_token"), "f": with(webServiceConfig(up, "query", "access_token"), "forwardCredential", "true")})
	token := issueToken(up, "ali")
	for _, c := range []struct{ sent, left string }{
		{"/?access_token=" + token, "/"},
		{"/?x=1&access_token=" + token, "/?x=1"},
		{"/?access_token=" + token + "&x=%7A&y", "/?x=%7A&y"},
		{"/?a&access%5Ftoken=" + token + "&&b=+", "/?a&&b=+"},
		{"/?xaccess_token=1&access_token=" + token + "&access_token2=2", "/?xaccess_token=1&access_token2=2"},
		{"/?access_token=&access_token=" + token, "/"},
	} {
		for range 3 {
			r := h.Expect(200, Request{Route: "r", Path: c.sent})
			if r.Seen != nil {
				expectEqual(t, "the address at the backend after "+strings.ReplaceAll(c.sent, token, "…"), r.Seen.URI, c.left)
			}
		}
		r := h.Expect(200, Request{Route: "f", Path: c.sent})
		expectEqual(t, "a forwarded address", r.Seen.URI, c.sent)
	}
	expectCount(t, "calls with the token", up.CallsWith(token), 1)
	for _, query := range []string{
		"access_token=" + token + "&access_token=other", "access_token=" + token + "&acces%73_token=other", "access_token=%zz",
		"access_token=" + token + "+x",
	} {
		h.Expect(400, Request{Route: "r", Path: "/?" + query})
	}
	h.Expect(401, Request{Route: "r", Path: "/?ACCESS_TOKEN=" + token})
	h.Expect(431, Request{Route: "r", Path: "/?" + strings.Repeat("access_token=1&", 17)})
}

func inTwoPlaces(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": webServiceConfig(up, "cookie", "sid", "query", "t")})
	token := issueToken(up, "ali")
	for range 4 {
		h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}})
		for _, second := range []string{token, "other"} {
			h.Expect(400, Request{Route: "r", Headers: []string{bearer(token), "Cookie: sid=" + second}})
			h.Expect(400, Request{Route: "r", Headers: []string{bearer(token)}, Path: "/?t=" + second})
			h.Expect(400, Request{Route: "r", Headers: []string{"Cookie: sid=" + token}, Path: "/?t=" + second})
		}
		r := h.Expect(200, Request{Route: "r", Headers: []string{bearer(token), "Cookie: sid="}, Path: "/?t=&x=1"})
		expectEqual(t, "empty ones", r.Seen.URI+strings.Join(r.Seen.Header["Cookie"], ""), "/?x=1")
		h.Expect(400, Request{Route: "r", Headers: []string{bearer(token)}, Path: "/?%74=other"})
	}
}

func ownLines(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{
		"a": webServiceConfig(up, "header", "X-Token"), "b": webServiceConfig(up), "c": webServiceConfig(up, "scheme", "none"),
		"d": webServiceConfig(up, "header", "X-Token", "scheme", "Bearer"), "e": webServiceConfig(up, "pattern", "never-[0-9]+"),
	})
	token := issueToken(up, "ali")
	for range 4 {
		h.Expect(200, Request{Route: "a", Headers: []string{"X-Token: " + token}})
		h.Expect(200, Request{Route: "b", Headers: []string{bearer(token)}})
		h.Expect(200, Request{Route: "c", Headers: []string{"Authorization: " + token}})
		h.Expect(200, Request{Route: "d", Headers: []string{"X-Token: Bearer " + token}})
		h.Expect(400, Request{Route: "a", Headers: []string{"X-Token: Bearer " + token}})
		h.Expect(401, Request{Route: "b", Headers: []string{"Authorization: " + token}})
		h.Expect(401, Request{Route: "c", Headers: []string{bearer(token)}})
		h.Expect(401, Request{Route: "d", Headers: []string{"X-Token: " + token}})
		h.Expect(400, Request{Route: "e", Headers: []string{bearer(token)}})
	}
	expectCount(t, "calls with the token", up.CallsWith(token), 1)
}

func sideBySide(t *testing.T, h *Harness) {
	tu, ws := newThammasat(h.Clock()), newWebService(h.Clock())
	defer tu.Close()
	defer ws.Close()
	h.Serve(Routes{"r": with(webServiceConfig(ws, "header", "X-Token"),
		"applicationKey", map[string]any{"api": "thammasat", "url": tu.URL, "header": "Authorization", "scheme": "Key"})})
	token := issueToken(ws, "ali")
	for range 3 {
		expectGone(t, h.Expect(200, Request{Route: "r", Headers: []string{"X-Token: " + token}}), token)
		expectGone(t, h.Expect(200, Request{Route: "r", Headers: []string{"Authorization: Key " + validKey}}), validKey)
		h.Expect(400, Request{Route: "r", Headers: []string{"X-Token: " + token, "Authorization: Key " + validKey}})
		h.Expect(200, Request{Route: "r", Headers: []string{"X-Token: " + token, "Authorization: Bearer other"}})
	}
	r := h.Expect(401, Request{Route: "r"})
	expectEqual(t, "challenges", strings.Join(r.Header["Www-Authenticate"], " | "), `X-Token realm="webservice" | Key realm="thammasat"`)
}
