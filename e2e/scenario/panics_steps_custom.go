package scenario

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// faultySteps are a step for each configuration of testdata/config with a fault in what
// describes an API, or in where a credential is: many functions read nothing else. What
// has a fault is read anew each time.
func faultySteps(t testing.TB) []panicStep {
	var steps []panicStep
	for _, c := range configurations(t) {
		about := strings.HasPrefix(c.File, "custom-") || c.File == "sources"
		if !about || len(c.Faults) == 0 || len(c.Env)+len(c.Files) > 0 || c.Provider != "" {
			continue
		}
		steps = append(steps, panicStep{c.Title(), func(f *panicFixture) {
			f.apply(Routes{"r": deepClone(c.Config).(map[string]any)})
			f.expect(500, "", getRequest("r", bearer(Marker+"x")))
		}, false})
	}
	return steps
}

// deepClone copies what is written into a configuration.
func deepClone(value any) any {
	switch value := value.(type) {
	case map[string]any:
		clone := map[string]any{}
		for key, inner := range value {
			clone[key] = deepClone(inner)
		}
		return clone
	case []any:
		clone := slices.Clone(value)
		for i := range clone {
			clone[i] = deepClone(clone[i])
		}
		return clone
	}
	return value
}

// described is a configuration for one of the four described APIs, as it was never
// written before: one that is known is not read again.
func (f *panicFixture) described(name, url string, more ...any) map[string]any {
	config := customConfig(f.t, name, url, more...)
	for _, value := range config {
		block, ok := value.(map[string]any)
		if !ok || block["custom"] == nil {
			continue
		}
		custom := maps.Clone(block["custom"].(map[string]any))
		refusal, _ := custom["refusal"].(map[string]any)
		refusal = maps.Clone(refusal)
		refusal["messages"] = map[string]any{"missing": f.unique("missing")}
		custom["refusal"] = refusal
		block["custom"] = custom
	}
	return config
}

func stepDescribed(f *panicFixture) {
	keys := upstreams.NewKeys(upstreams.Options{Clock: f.Clock()}, KeysSecret)
	defer keys.Close()
	keys.AddKey(keyOf("good"), upstreams.VerifiedKey{ID: "7", Owner: "owner", Plan: "pro", Scopes: []string{"read"}, Ends: keys.Clock.Now().Unix() + 86400})
	keys.AddKey(keyOf("ended"), upstreams.VerifiedKey{Reason: "expired"})
	keys.AddKey(keyOf("quota"), upstreams.VerifiedKey{Reason: "quota_exceeded"})
	f.apply(Routes{"keys": f.described("keys", keys.URL)})
	f.expect(401, "", getRequest("keys"))
	for range 2 {
		f.expect(200, "", getRequest("keys", bearer(keyOf("good"))))
		f.expect(401, "", getRequest("keys", bearer(keyOf("ended"))))
		f.expect(401, "", getRequest("keys", bearer(keyOf("none"))))
		f.expect(400, "", getRequest("keys", bearer("no key")))
		f.expect(429, "", getRequest("keys", bearer(keyOf("quota"))))
	}
	keys.AnswerAll(&upstreams.Reply{Status: 401, Body: `{"error":"unknown client"}`})
	f.expect(500, "", getRequest("keys", bearer(keyOf("more"))))
}

func stepDescribedUsers(f *panicFixture) {
	github, sanctum, legacy := upstreams.NewGitHub(upstreams.Options{Clock: f.Clock()}), upstreams.NewSanctum(upstreams.Options{Clock: f.Clock()}, true), upstreams.NewLegacy(upstreams.Options{Clock: f.Clock()})
	defer github.Close()
	defer sanctum.Close()
	defer legacy.Close()
	token := "12|" + strings.Repeat("MARKER0123", 5)[:48]
	sanctum.AddToken(token, upstreams.SanctumUser{ID: 7, Name: "sara"})
	sanctum.AddToken("13"+token[2:], upstreams.SanctumUser{Inactive: true})
	github.AddToken("ghp_MARKERone", upstreams.GitHubUser{Login: "octo", ID: 7, Scopes: "repo, gist"})
	github.AddToken("ghp_MARKERtwo", upstreams.GitHubUser{Login: "mona", ID: 8})
	github.Spend("ghp_MARKERtwo", upstreams.GitHubLimit{Reset: github.Clock.Now().Add(maxHang)})
	legacy.AddKey(Marker+"good", upstreams.LegacyKey{User: "reza", ID: "7", Group: "staff"})
	legacy.AddKey(Marker+"fast", upstreams.LegacyKey{Code: upstreams.LegacyLimited, RetryIn: 25})
	f.apply(Routes{
		"github": f.described("github", github.URL), "sanctum": f.described("sanctum", sanctum.URL),
		"legacy": with(f.described("legacy", legacy.URL), "errors", map[string]any{"statuses": map[string]any{"13": 402}}),
	})
	for range 2 {
		f.expect(200, "octo", getRequest("github", "Authorization: token ghp_MARKERone"))
		f.expect(429, "", getRequest("github", bearer("ghp_MARKERtwo")))
		f.expect(200, "sara", getRequest("sanctum", bearer(token)))
		f.expect(422, "", getRequest("sanctum", bearer("13"+token[2:])))
		f.expect(200, "reza", getRequest("legacy", "X-Api-Key: "+Marker+"good"))
		f.expect(429, "", getRequest("legacy", "X-Api-Key: "+Marker+"fast"))
		f.expect(401, "", getRequest("legacy"))
	}
}

// anew is a description as it was never written before.
func (f *panicFixture) anew(description map[string]any) map[string]any {
	description["refusal"] = map[string]any{"messages": map[string]any{"invalid": f.unique("invalid")}}
	return description
}

// wholeDescription is a description of an API with everything that can be in one.
func (f *panicFixture) wholeDescription() map[string]any {
	return map[string]any{
		"request": map[string]any{
			"json":    `{"token":"{token}","at":"{header:X-Tenant}","from":"{ip}"}`,
			"headers": map[string]any{"Authorization": "Bearer {token}", "X-Method": "{method}", "Cookie": "sid={token}"},
		},
		"replies": []any{
			map[string]any{"status": "200", "when": []any{"ok is true", "left >= 0", "user is a object", "list.0.n > 1.5"}, "then": "allow"},
			map[string]any{"status": "2xx", "when": "code starts with a or b", "then": "deny", "answer": 401},
			map[string]any{"status": "409", "then": "deny", "answer": 403, "code": "E1/x", "text": "text"},
			map[string]any{"status": "429", "then": "throttle", "retryAfter": "text in text"},
			map[string]any{"status": "401 403", "when": "code is not 5", "then": "deny", "text": "message or header:X-Why"},
			map[string]any{"status": "2xx", "when": "IsSuccess is false", "then": "deny", "answer": 401, "proof": true},
			map[string]any{"status": "5xx", "then": "unavailable"},
		},
		"identity": map[string]any{
			"fields": map[string]any{"user": "user.a", "groups": "groups each", "claims": "token.sub or login"}, "others": "user", "required": "user",
			"expiresAt": `header:X-Until "2006-01-02 15:04:05" +03:30`, "expiresIn": "left", "issuedAt": "since", "cacheControl": true,
		},
		"refusal": map[string]any{
			"code": "code", "codePattern": "[A-Z]+[0-9]", "message": "text", "errors": "errors", "body": `{"say":"{message}","code":"{code}","errors":{errors}}`,
			"bodies": map[string]any{"403": `{"status":{status}}`}, "ownBody": `{"reason":"{reason}"}`, "retryAfter": "header:X-Reset unix",
			"messages": map[string]any{"missing": f.unique("missing")}, "codes": map[string]any{"missing": "M1"},
		},
		"canary": "key-{24}", "quota": "shared",
	}
}

// stepDescribedWhole describes an API with what the four do not need.
func stepDescribedWhole(f *panicFixture) {
	up, issue := f.newWebService()
	defer up.Close()
	token, _ := issue()
	allow := upstreams.Reply{
		Status: 200, Header: map[string]string{"Cache-Control": "max-age=300", "X-Until": "2099-12-31 00:00:00"},
		Body: `{"ok":true,"left":900,"since":"2026-01-01T00:00:00Z","user":{"a":"ali","b":2},"groups":"x, y","list":[{"n":7}]}`,
	}
	up.AnswerAll(nil)
	up.Answer(token, allow)
	up.Answer(Marker+"over", upstreams.Reply{Status: 200, Body: strings.Replace(allow.Body, "900", "0", 1)})
	up.Answer(Marker+"coded", upstreams.Reply{Status: 200, Body: `{"ok":false,"code":"a1"}`})
	up.Answer(Marker+"busy", upstreams.Reply{Status: 429, Body: `{"text":"wait 30 s"}`})
	up.Answer(Marker+"no", upstreams.Reply{Status: 409, Body: `{"code":"E1","text":"no","errors":{"a":["b"]}}`})
	f.apply(Routes{
		"r":    routeConfig("bearer", "custom", up.URL, "path", up.Path(), "budget", "90/1h", "headers", map[string]any{"X-Gate": "env:UPSTREAMAUTH_TU_KEY"}, "custom", f.wholeDescription()),
		"path": routeConfig("bearer", "custom", up.URL, "path", "/users/{token}/me?a=%7B", "pattern", "[a-zA-Z0-9-]+", "custom", f.anew(map[string]any{"name": "path"})),
		"pair": routeConfig("applicationKey", "custom", up.URL, "path", up.Path(), "account", true, "custom", f.anew(map[string]any{
			"name": "pair", "request": map[string]any{"headers": map[string]any{"X-Key": "{token}", "Authorization": "{basic}"}},
		})),
		"basic": routeConfig("basic", "custom", up.URL, "path", up.Path(), "custom", f.anew(map[string]any{"name": "accounts"})),
		"form": routeConfig("applicationKey", "custom", up.URL, "path", up.Path(), "method", "POST", "custom", map[string]any{
			"request": map[string]any{"form": "t={token}", "client": map[string]any{"id": f.unique("id"), "secret": "env:UPSTREAMAUTH_TU_KEY", "auth": "post"}},
			"reads":   "status", "canary": "jwt",
			"replies": []any{map[string]any{"status": "204", "then": "allow"}, map[string]any{"status": "403", "then": "deny"}},
		}),
	})
	f.expect(500, "", getRequest("form", key(Marker+"x")))
	f.expect(500, "", getRequest("path", bearer("x")))
	f.expect(401, "", getRequest("basic", basic(f.unique("user"), "wrong")))
	f.expect(401, "", getRequest("pair"))
	for range 2 {
		f.expect(200, "", getRequest("r", bearer(token), "X-Tenant: a"))
		f.expect(401, "", getRequest("r", bearer(Marker+"over")))
		f.expect(403, "", getRequest("r", bearer(Marker+"no")))
		f.expect(401, "", getRequest("r", bearer(Marker+"coded")))
		f.expect(401, "", getRequest("r"))
		f.expect(400, "", getRequest("r", bearer(token), "X-Tenant: a", "X-Tenant: b"))
	}
	f.expect(429, "", getRequest("r", bearer(Marker+"busy")))
}

func stepPlaces(f *panicFixture) {
	up, issue := f.newWebService()
	defer up.Close()
	config := webServiceConfig(up, "cookie", "sid", "query", "t", "pattern", "[^ x]+", "scheme", "Bearer, token")
	f.apply(Routes{
		"r": with(config, "optional", true, "preflight", true), "own": webServiceConfig(up, "header", "X-Token"),
		"session": sessionConfig(webServiceConfig(up, "query", "t")),
	})
	token, user := issue()
	ask := []string{"Origin: https://a.example", "Access-Control-Request-Method: GET"}
	for range 2 {
		f.expect(200, user, getRequest("r", "Authorization: token "+token, "Cookie: a=1"))
		f.expect(200, user, getRequest("r", "Cookie: a=1; sid="+token))
		f.expect(200, user, Request{Route: "r", Path: "/?a=1&t=" + token})
		f.expect(400, "", Request{Route: "r", Path: "/?t=" + token + "&t=" + token})
		f.expect(400, "", Request{Route: "r", Path: "/?t=" + token, Headers: []string{bearer(token)}})
		f.expect(400, "", getRequest("r", bearer("xx")))
		f.expect(431, "", getRequest("r", "Cookie: "+strings.Repeat("sid=1;", 17)))
		f.expect(431, "", Request{Route: "r", Path: "/?" + strings.Repeat("t=1&", 17)})
		f.expect(200, "", Request{Route: "r", Method: http.MethodOptions, Path: "/?t=secret", Headers: ask})
		f.expect(200, "", Request{Route: "r", Path: "/?t=&x=1", Headers: []string{"Cookie: sid=; a=1"}})
		f.expect(200, user, getRequest("own", "X-Token: "+token))
		f.expect(401, "", getRequest("own", bearer(token)))
		f.expect(200, user, Request{Route: "session", Path: "/?t=" + token})
	}
}

func stepProxies(f *panicFixture) {
	gateway, closed := upstreams.NewGateway("gate", "gate-word"), upstreams.NewGateway("", "")
	defer gateway.Close()
	closed.Close()
	plain := newWebService(f.Clock())
	defer plain.Close()
	secured := upstreams.NewWebService(upstreams.WebServiceOptions{Options: upstreams.Options{Clock: f.Clock(), TLS: true}})
	defer secured.Close()
	ca := map[string]any{"ca": secured.CA()}
	f.apply(Routes{
		"plain":   webServiceConfig(plain, "proxy", gateway.URL),
		"secured": webServiceConfig(secured, "proxy", gateway.URL, "tls", ca),
		"wrong":   webServiceConfig(secured, "proxy", strings.Replace(gateway.URL, "gate-word", "wrong", 1), "tls", ca),
		"closed":  webServiceConfig(secured, "proxy", closed.URL, "tls", ca), "direct": webServiceConfig(plain, "proxy", "environment", "host", "keys.test", "headers", map[string]any{"Language": "uz"}),
	})
	user := upstreams.User{UserName: f.unique("user")}
	f.expect(200, user.UserName, getRequest("plain", bearer(plain.IssueToken(user))))
	f.expect(200, user.UserName, getRequest("direct", bearer(plain.IssueToken(user))))
	f.expect(200, user.UserName, getRequest("secured", bearer(secured.IssueToken(user))))
	f.expect(500, "", getRequest("wrong", bearer(secured.IssueToken(user))))
	f.expect(500, "", getRequest("closed", bearer(secured.IssueToken(user))))
}
