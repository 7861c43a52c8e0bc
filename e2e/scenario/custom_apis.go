package scenario

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/stage"
	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// CustomAPIs: an API that the configuration describes is asked as its documents say, each
// by its own server.
var CustomAPIs = []Scenario{
	{Name: "a verification service is asked with an account of ours and the key in a form", Run: customKeys},
	{Name: "a 401 about our own account at the service is nobody's bad key", Run: customOwnAccount},
	{Name: "an API with its rate limits in a 403 limits one token, and refuses another", Run: customGitHub},
	{Name: "a redirect to a login page is our mistake, and users come bare or under data", Run: customSanctum},
	{Name: "an API that answers 200 to everything is read by its codes, as numbers and as texts", Run: customLegacy},
	{Name: "a described API needs three lines", Run: customThreeLines},
	{Name: "a key ends when the service says so", Run: customEnds, NeedsClock: true},
}

// customBlock is the block of testdata/custom/<name>/, without the url.
func customBlock(t testing.TB, name string) (kind string, block map[string]any) {
	t.Helper()
	root, err := stage.Root()
	if err != nil {
		t.Fatal(err)
	}
	var ways tableWays
	if err := readStrictly(filepath.Join(root, "testdata", "custom", name, "ways.json"), &ways); err != nil {
		t.Fatal(err)
	}
	for _, way := range ways.Ways {
		for kind, value := range way.Settings {
			return kind, value.(map[string]any)
		}
	}
	t.Fatalf("no way in %s", name)
	return "", nil
}

// customConfig is a route's configuration for one of the four described APIs; more are
// further keys of its credential block.
func customConfig(t testing.TB, name, url string, more ...any) map[string]any {
	t.Helper()
	kind, block := customBlock(t, name)
	config := routeConfig(kind, "custom", url, more...)
	inner := maps.Clone(block)
	maps.Copy(inner, config[kind].(map[string]any))
	config[kind] = inner
	return config
}

// keyOf makes a key of the service's form, with the marker's letters in it.
func keyOf(text string) string {
	return ("sk_live_MARKER" + text + strings.Repeat("0", 32))[:40]
}

func customKeys(t *testing.T, h *Harness) {
	up := upstreams.NewKeys(upstreams.Options{Clock: h.Clock()}, KeysSecret)
	defer up.Close()
	known := upstreams.VerifiedKey{ID: Marker + "k1", Owner: Marker + "مریم", Plan: "pro", Scopes: []string{"read", "write"}}
	up.AddKey(keyOf("good"), known)
	for _, reason := range []string{"expired", "suspended", "revoked", "rate_limited", "quota_exceeded"} {
		up.AddKey(keyOf(reason[:5]), upstreams.VerifiedKey{Reason: reason})
	}
	h.Serve(Routes{"r": customConfig(t, "keys", up.URL)})

	seen := h.Expect(200, Request{Route: "r", Headers: []string{bearer(keyOf("good"))}}).Seen
	for name, want := range map[string]string{
		"X-Auth-Api": "keys", "X-Auth-Id": Marker + "k1", "X-Auth-Plan": "pro", "X-Auth-Roles": "read,write", "Authorization": "",
	} {
		expectEqual(t, name, seen.Header.Get(name), want)
	}
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(keyOf("good"))}})
	expectCount(t, "calls with the good key", up.CallsWith(keyOf("good")), 1)
	for text, status := range map[string]int{"expir": 401, "suspe": 403, "revok": 401, "rate_": 400, "quota": 429, "unknown": 401} {
		h.Expect(status, Request{Route: "r", Headers: []string{bearer(keyOf(text))}})
		h.Expect(status, Request{Route: "r", Headers: []string{bearer(keyOf(text))}})
		if status != 400 { // the _ is not of the pattern, so that one is not asked about
			expectCount(t, text+": calls", up.CallsWith(keyOf(text)), 1)
		}
	}
	expectCount(t, "calls with a malformed key", up.CallsWith(keyOf("rate_")), 0)
	for _, r := range up.Requests() {
		if r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || !strings.HasPrefix(r.Header.Get("Authorization"), "Basic ") {
			t.Errorf("asked with %q and a %q", r.Header.Get("Content-Type"), strings.SplitN(r.Header.Get("Authorization"), " ", 2)[0])
		}
	}
}

func customOwnAccount(t *testing.T, h *Harness) {
	up := upstreams.NewKeys(upstreams.Options{Clock: h.Clock()}, "another secret")
	defer up.Close()
	up.AddKey(keyOf("good"), upstreams.VerifiedKey{ID: "k1", Plan: "pro"})
	h.Serve(Routes{"r": customConfig(t, "keys", up.URL)})
	for _, text := range []string{"good", "unknown"} {
		r := h.Expect(500, Request{Route: "r", Headers: []string{bearer(keyOf(text))}})
		if !strings.Contains(r.Body, "try_again") || strings.Contains(r.Body, "client") {
			t.Errorf("the body is %s", r.Body)
		}
	}
	waitFor(t, "the operator is told", func() bool { return strings.Contains(h.Logs(), `"event":"misconfigured"`) })
}

func customGitHub(_ *testing.T, h *Harness) {
	up := upstreams.NewGitHub(upstreams.Options{Clock: h.Clock()})
	defer up.Close()
	const second = "ghp_MARKERtwo"
	up.AddToken(second, upstreams.GitHubUser{Login: Marker + "mona", ID: 8})
	h.Serve(Routes{"r": with(customConfig(h.t, "github", up.URL), "cache", map[string]any{"negativeLifetime": "0s"})})
	var first string
	h.again(func(h *Harness, n int, by func(deadline time.Time)) {
		first = fmt.Sprint("ghp_MARKERone", n)
		up.AddToken(first, upstreams.GitHubUser{Login: Marker + "octo", ID: 7, Scopes: "repo, read:org"})
		by(clockOf(h).Add(2 * time.Second))
		up.Spend(first, upstreams.GitHubLimit{RetryAfter: 2 * time.Second})
		r := h.Expect(429, Request{Route: "r", Headers: []string{bearer(first)}})
		expectRetryAfter(h.t, r, 2, 2)
		h.Expect(429, Request{Route: "r", Headers: []string{bearer(first)}})
		expectCount(h.t, "calls with the limited token", up.CallsWith(first), 1)
	})
	seen := h.Expect(200, Request{Route: "r", Headers: []string{"Authorization: token " + second}}).Seen
	expectEqual(h.t, "user", seen.Header.Get("X-Auth-User"), Marker+"mona")
	h.Expect(401, Request{Route: "r", Headers: []string{bearer("ghp_MARKERnone")}})
	if h.Clock() == nil {
		time.Sleep(2 * time.Second) // the server's own clock is moved with the level's
		up.Clock.Advance(2 * time.Second)
	} else {
		h.Advance(3 * time.Second)
	}
	seen = h.Expect(200, Request{Route: "r", Headers: []string{bearer(first)}}).Seen
	expectEqual(h.t, "scopes", seen.Header.Get("X-Auth-Scopes"), "repo,read:org")

	third := "ghp_MARKERthree"
	up.AddToken(third, upstreams.GitHubUser{Login: Marker + "three", ID: 9})
	up.Spend(third, upstreams.GitHubLimit{Reset: up.Clock.Now().Add(5 * time.Minute)})
	expectRetryAfter(h.t, h.Expect(429, Request{Route: "r", Headers: []string{bearer(third)}}), 200, 310)
}

func customSanctum(t *testing.T, h *Harness) {
	token := "12|" + strings.Repeat("MARKER0123", 5)[:48]
	for _, wrapped := range []bool{false, true} {
		up := upstreams.NewSanctum(upstreams.Options{Clock: h.Clock()}, wrapped)
		defer up.Close()
		up.AddToken(token, upstreams.SanctumUser{ID: 7, Name: Marker + "Sara"})
		h.Serve(Routes{"r": customConfig(t, "sanctum", up.URL)})
		seen := h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}}).Seen
		expectEqual(t, "user", seen.Header.Get("X-Auth-User"), Marker+"Sara")
		h.Expect(401, Request{Route: "r", Headers: []string{bearer("13" + token[2:])}})
		h.Expect(400, Request{Route: "r", Headers: []string{bearer("13" + token[3:])}})
		up.AddToken("14"+token[2:], upstreams.SanctumUser{Unverified: true})
		h.Expect(403, Request{Route: "r", Headers: []string{bearer("14" + token[2:])}})
		up.AddToken("15"+token[2:], upstreams.SanctumUser{Inactive: true})
		r := h.Expect(422, Request{Route: "r", Headers: []string{bearer("15" + token[2:])}})
		expectEqual(t, "body", r.Body, `{"message":"The account is inactive.","errors":{"account":["The account is inactive."]}}`)
		up.AnswerAll(&upstreams.Reply{Status: 302, Header: map[string]string{"Location": up.URL + "/login"}, Body: "<!DOCTYPE html>"})
		calls := up.CallsTo("/login")
		h.Expect(500, Request{Route: "r", Headers: []string{bearer("16" + token[2:])}})
		expectCount(t, "calls to the login page", up.CallsTo("/login")-calls, 0)
	}
}

func customLegacy(t *testing.T, h *Harness) {
	up := upstreams.NewLegacy(upstreams.Options{Clock: h.Clock()})
	defer up.Close()
	up.AddKey(Marker+"good", upstreams.LegacyKey{User: Marker + "reza", ID: "7", Group: "staff"})
	for _, asText := range []bool{false, true} {
		suffix := map[bool]string{true: "text", false: "number"}[asText]
		up.AddKey(Marker+"old-"+suffix, upstreams.LegacyKey{Code: upstreams.LegacyExpired, AsText: asText})
		up.AddKey(Marker+"fast-"+suffix, upstreams.LegacyKey{Code: upstreams.LegacyLimited, RetryIn: 25, AsText: asText})
		up.AddKey(Marker+"down-"+suffix, upstreams.LegacyKey{Code: upstreams.LegacyDatabase, AsText: asText})
	}
	h.Serve(Routes{"r": with(customConfig(t, "legacy", up.URL), "errors", map[string]any{"statuses": map[string]any{"13": 402}})})
	get := func(status int, name string) Response {
		return h.Expect(status, Request{Route: "r", Headers: []string{"X-Api-Key: " + Marker + name}})
	}
	expectEqual(t, "user", get(200, "good").Seen.Header.Get("X-Auth-User"), Marker+"reza")
	expectEqual(t, "unknown", get(401, "unknown").Body, `{"result":"error","code":12,"error_text":"api key unknown"}`)
	for _, suffix := range []string{"number", "text"} {
		expectEqual(t, "expired", get(402, "old-"+suffix).Body, `{"result":"error","code":13,"error_text":"refused"}`)
		expectRetryAfter(t, get(429, "fast-"+suffix), 25, 25)
		get(500, "down-"+suffix)
	}
	h.Expect(401, Request{Route: "r", Headers: []string{key(Marker + "good")}}) // not the header that is read
}

func customThreeLines(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	token := issueToken(up, "client")
	h.Serve(Routes{"r": routeConfig("bearer", "custom", up.URL, "path", up.Path())})
	seen := h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}}).Seen
	expectEqual(t, "api", seen.Header.Get("X-Auth-Api"), "custom")
	r := h.Expect(401, Request{Route: "r", Headers: []string{bearer(Marker + "unknown")}})
	problem := struct {
		Status int
		Reason string
	}{}
	if err := json.Unmarshal([]byte(r.Body), &problem); err != nil || problem.Status != 401 || problem.Reason != "invalid" {
		t.Errorf("the body is %s", r.Body)
	}
	expectEqual(t, "Content-Type", r.Header.Get("Content-Type"), "application/problem+json")
	up.AnswerAll(&upstreams.Reply{Status: 404, Body: "{}"})
	h.Expect(500, Request{Route: "r", Headers: []string{bearer(Marker + "another")}})
}

func customEnds(t *testing.T, h *Harness) {
	up := upstreams.NewKeys(upstreams.Options{Clock: h.Clock()}, KeysSecret)
	defer up.Close()
	up.AddKey(keyOf("hour"), upstreams.VerifiedKey{ID: "k1", Plan: "pro", Ends: h.Clock().Now().Add(time.Hour).Unix()})
	h.Serve(Routes{"r": customConfig(t, "keys", up.URL, "revalidate", "30m")})
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(keyOf("hour"))}})
	h.Advance(29 * time.Minute)
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(keyOf("hour"))}})
	expectCount(t, "calls within 29 minutes", up.CallsWith(keyOf("hour")), 1)
	h.Advance(32 * time.Minute)
	h.Expect(401, Request{Route: "r", Headers: []string{bearer(keyOf("hour"))}})
}
