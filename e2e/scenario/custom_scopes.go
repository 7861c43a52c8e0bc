package scenario

import (
	"fmt"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// CustomScopes: a description that is wrong lets nobody in, and an answer belongs to the
// description by which it was read.
var CustomScopes = []Scenario{
	{Name: "a table that says yes to everything is caught by the canary", Run: customYesToAll},
	{Name: "a definition changed by one comma is a new scope", Run: customComma},
	{Name: "two routes with different definitions never share an entry", Run: customNeverShared},
	{Name: "the secret of the client appears nowhere", Run: customSecrets},
}

func customYesToAll(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	up.AnswerAll(&upstreams.Reply{Status: 200, Body: `{"ok":true,"user":"everybody"}`})
	row := func(words ...any) map[string]any {
		one := map[string]any{}
		for i := 0; i+1 < len(words); i += 2 {
			one[fmt.Sprint(words[i])] = words[i+1]
		}
		return one
	}
	described := func(rows ...any) map[string]any {
		return routeConfig("bearer", "custom", up.URL, "path", "/", "custom", map[string]any{"name": "yes", "replies": rows})
	}
	routes := Routes{
		"default": routeConfig("bearer", "custom", up.URL, "path", "/"),
		"written": described(row("status", 200, "then", "allow"), row("status", 401, "then", "deny")),
		"any":     described(row("status", "401", "then", "deny"), row("then", "allow")),
		"weak":    described(row("when", "ok is true", "then", "allow"), row("when", "ok is false", "then", "deny", "answer", 401)),
	}
	h.Serve(routes)
	for route := range routes {
		for i := range 3 {
			h.Expect(500, Request{Route: route, Headers: []string{bearer(fmt.Sprint(Marker, "unknown-", i))}})
		}
	}
	waitFor(t, "the operator is told", func() bool { return strings.Contains(h.Logs(), "custom.replies allows a made-up credential") })
	up.AnswerAll(&upstreams.Reply{Status: 500})
}

// withForm is a route whose question has one form more or less.
func withForm(url, form string, more ...any) map[string]any {
	custom := map[string]any{"name": "one", "request": map[string]any{"headers": map[string]any{"Authorization": "Bearer {token}"}, "form": form}}
	for i := 0; i+1 < len(more); i += 2 {
		custom[fmt.Sprint(more[i])] = more[i+1]
	}
	return routeConfig("bearer", "custom", url, "path", "/check", "custom", custom)
}

func customComma(t *testing.T, h *Harness) {
	up := newShapeServer()
	defer up.Close()
	token := bearer(Marker + "good-token")
	body := map[string]any{"body": `{"a":[1,2]}`}
	calls := func(config map[string]any) int {
		up.take("")
		h.Serve(Routes{"r": config})
		h.Expect(200, Request{Route: "r", Headers: []string{token}})
		return len(up.take("good-token"))
	}
	expectCount(t, "the first calls", calls(withForm(up.URL, "list=a", "refusal", body)), 1)
	expectCount(t, "calls by the same definition", calls(withForm(up.URL, "list=a", "refusal", body)), 0)
	expectCount(t, "calls with a comma more in what is sent", calls(withForm(up.URL, "list=a,", "refusal", body)), 1)
	expectCount(t, "calls with a comma more in a refusal", calls(withForm(up.URL, "list=a", "refusal", map[string]any{"body": `{"a":[1,2 ,3]}`})), 1)
	expectCount(t, "calls by the first definition", calls(withForm(up.URL, "list=a", "refusal", body)), 0)
}

func customNeverShared(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	up.AddToken(Marker+"token", upstreams.User{UserName: Marker + "client", Data: map[string]any{"Role": "admin"}})
	described := func(fields map[string]any) map[string]any {
		return routeConfig("bearer", "custom", up.URL, "path", up.Path(), "custom", map[string]any{
			"name":     "one",
			"identity": map[string]any{"fields": fields},
		})
	}
	h.Serve(Routes{
		"built": webServiceConfig(up),
		"user":  described(map[string]any{"user": "Data.UserName"}),
		"role":  described(map[string]any{"user": "Data.Role"}),
		"again": described(map[string]any{"user": "Data.Role"}),
	})
	for range 2 {
		for route, want := range map[string]string{"built": Marker + "client", "user": Marker + "client", "role": "admin", "again": "admin"} {
			seen := h.Expect(200, Request{Route: route, Headers: []string{bearer(Marker + "token")}}).Seen
			expectEqual(t, route+": user", seen.Header.Get("X-Auth-User"), want)
		}
	}
	expectCount(t, "calls of three definitions on four routes", up.CallsWith(Marker+"token"), 3)
}

func customSecrets(t *testing.T, h *Harness) {
	up := upstreams.NewKeys(upstreams.Options{Clock: h.Clock()}, KeysSecret)
	defer up.Close()
	faulty := customConfig(t, "keys", up.URL)
	custom := with(faulty["bearer"].(map[string]any)["custom"].(map[string]any))
	custom["request"] = map[string]any{"json": `{"key":"{token}","secret":"{client.secret}"`, "client": map[string]any{"id": "gateway", "secret": "env:UPSTREAMAUTH_KEYS", "auth": "none"}}
	faulty["bearer"] = with(faulty["bearer"].(map[string]any), "custom", custom)
	h.Serve(Routes{"r": customConfig(t, "keys", up.URL), "faulty": faulty})
	h.Expect(500, Request{Route: "faulty"})
	for i, body := range []string{
		`{"valid":false,"reason":"` + KeysSecret + `"}`, `{"valid":false,"reason":"no","detail":"` + KeysSecret + `"}`, KeysSecret, `{"error":"` + KeysSecret + `"}`,
	} {
		for _, status := range []int{200, 401, 429, 500} {
			up.AnswerAll(&upstreams.Reply{Status: status, Body: body, Header: map[string]string{"X-Secret": KeysSecret}})
			r := h.Do(Request{Route: "r", Headers: []string{bearer(keyOf(fmt.Sprint(i, "and", status)))}})
			if strings.Contains(fmt.Sprint(r.Header, r.Body), KeysSecret) {
				t.Errorf("the secret is in the response to a %d with the body %d", status, i)
			}
			if r.Status == 200 {
				t.Errorf("allowed by a %d with the body %d", status, i)
			}
		}
	}
}
