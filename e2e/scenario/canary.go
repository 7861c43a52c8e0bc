package scenario

import (
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Canaries: an upstream is trusted only if it denies a made-up credential.
var Canaries = []Scenario{
	{Name: "a key without an account is trusted where the upstream checks the key first", Run: bareKeyCheckedFirst},
	{Name: "a key without an account is not trusted where the upstream checks the body first", Run: bareKeyBodyFirst},
	{Name: "a path without authentication allows no credential", Run: openPath},
	{Name: "a distrusted upstream is tried again and recovers", Run: distrustRecovers, NeedsClock: true},
	{Name: "an upstream that is unavailable to the canary is not trusted", Run: canaryUnavailable},
	{Name: "a no about something else than the credential proves no upstream", Run: otherNoesProveNothing},
	{Name: "a trusted upstream is asked again after ten minutes", Run: askedAgain, NeedsClock: true},
	{Name: "an upstream that allows twenty unknown credentials in a row is asked again at once", Run: askedAfterTwenty},
	{Name: "an upstream that denies some is not asked again at once", Run: notAskedWhileItDenies},
}

func bareKeyCheckedFirst(t *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": routeConfig("applicationKey", "thammasat", up.URL)})
	h.Expect(200, Request{Route: "r", Headers: []string{key(validKey)}})
	h.Expect(200, Request{Route: "r", Headers: []string{key(otherKey)}})
	h.Expect(403, Request{Route: "r", Headers: []string{key(Marker + "bad")}})
	expectCount(t, "calls: three keys and one canary", up.Calls(), 4)
}

func bareKeyBodyFirst(t *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	up.BodyFirst(true)
	up.AddAccount(upstreams.Account{User: "probe", Password: password, Type: "employee"})
	h.Serve(Routes{
		"bare":  routeConfig("applicationKey", "thammasat", up.URL),
		"probe": routeConfig("applicationKey", "thammasat", up.URL, "probe", map[string]any{"username": "probe", "password": "env:UPSTREAMAUTH_PROBE"}),
	})
	for range 3 {
		h.Expect(500, Request{Route: "bare", Headers: []string{key(validKey)}})
		h.Expect(500, Request{Route: "bare", Headers: []string{key(Marker + "bad")}})
	}
	expectCount(t, "calls to a distrusted upstream", up.Calls(), 2)
	waitFor(t, "the distrust is in the log", func() bool {
		return strings.Contains(h.Logs(), "set probe or account")
	})
	logged := 0
	for _, line := range strings.Split(h.Logs(), "\n") {
		if strings.Contains(line, `distrusted`) && strings.Contains(line, "set probe or account") {
			logged++
		}
	}
	expectCount(t, "log lines with the hint", logged, 1)
	h.Expect(200, Request{Route: "probe", Headers: []string{key(validKey)}})
	h.Expect(403, Request{Route: "probe", Headers: []string{key(Marker + "bad")}})
}

func openPath(t *testing.T, h *Harness) {
	up := newBTS(h.Clock())
	defer up.Close()
	up.Open("/v1/open")
	token := up.IssueToken(Marker + "courier")
	config := routeConfig("bearer", "bts", up.URL, "path", "/v1/open")
	h.Serve(Routes{"r": config})
	for range 3 {
		h.Expect(500, Request{Route: "r", Headers: []string{bearer(Marker + "anything")}})
		h.Expect(500, Request{Route: "r", Headers: []string{bearer(token)}})
	}
	if calls := up.Calls(); calls > 3 {
		t.Errorf("%d calls to a distrusted upstream", calls)
	}
	h.Serve(Routes{"r": btsConfig(up)})
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}})
	h.Expect(401, Request{Route: "r", Headers: []string{bearer(Marker + "anything")}})
}

func distrustRecovers(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	token := issueToken(up, "client")
	up.AnswerAll(&upstreams.Reply{Status: 200, Body: `{"IsSuccess":true,"Data":{}}`})
	h.Serve(Routes{"r": webServiceConfig(up)})
	h.Expect(500, Request{Route: "r", Headers: []string{bearer(token)}})
	up.AnswerAll(nil)
	calls := up.Calls()
	h.Clock().Advance(50 * time.Second)
	h.Expect(500, Request{Route: "r", Headers: []string{bearer(token)}})
	expectCount(t, "calls within a minute", up.Calls(), calls)
	h.Clock().Advance(10 * time.Second)
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}})
	expectCount(t, "calls: the lookup and the canary", up.Calls(), calls+2)
	// Once trusted, an upstream is not probed again.
	other := issueToken(up, "other")
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(other)}})
	expectCount(t, "calls once it is trusted", up.Calls(), calls+3)
	waitFor(t, "the log says that it is trusted", func() bool {
		return strings.Contains(h.Logs(), `"event":"trusted"`)
	})
}

func canaryUnavailable(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	token := Marker + "scripted"
	up.AnswerAll(&upstreams.Reply{Status: 503, Body: `{"status":"error","message":"down","code":503}`})
	h.Serve(Routes{"r": webServiceConfig(up)})
	r := h.Expect(500, Request{Route: "r", Headers: []string{bearer(token)}})
	expectEqual(t, "Retry-After", r.Header.Get("Retry-After"), "10")
	up.AnswerAll(nil)
	up.AddToken(token, upstreams.User{UserName: Marker + "client"})
	// The canary of the first request may still be under way; requests until then
	// share its result.
	waitFor(t, "it is trusted once the canary is denied", func() bool {
		return h.Get("r", bearer(token)).Status == 200
	})
}
