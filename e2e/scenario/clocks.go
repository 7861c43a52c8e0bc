package scenario

import (
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Clocks: the wall clock is set while Traefik runs, by an operator or by NTP.
var Clocks = []Scenario{
	{Name: "a login that was seen while the clock was ahead is believed for its lifetime and no longer", Run: loginAhead, NeedsClock: true},
	{Name: "a reload while the clock is ahead loses nothing that is barred or remembered", Run: reloadAhead, NeedsClock: true},
	{Name: "a clock that runs ahead for a while ends no bar", Run: barredAhead, NeedsClock: true},
	{Name: "an answer that was given while the clock was ahead holds for its lifetime and no longer", Run: answerAhead, NeedsClock: true},
	{Name: "a refusal counts after the clock was set back", Run: refusedSetBack, NeedsClock: true},
}

func loginAhead(t *testing.T, h *Harness) {
	clock := h.Clock()
	up := newBTS(nil)
	defer up.Close()
	f := newLoginFixture(t, h, "bts", up.URL, "path", upstreams.BTSStatusPath, "lifetime", "10h")
	first, _ := f.courierLogin()
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(first)}}) // the canary has run
	login := func() string {
		token := up.Sign(map[string]any{"sub": Marker + "courier", "jti": Marker + time.Now().String()})
		raw := newRawServer(t)
		defer raw.Close()
		h.Backend.ProxyTo("login", raw.URL)
		raw.respondWith(wholeReply(loginReply(token, "")))
		h.Do(Request{Route: "login", Method: "POST", Path: "/auth/login"})
		up.Answer(token, upstreams.Reply{Status: 429}) // only a login lets it pass
		return token
	}
	for _, ahead := range []time.Duration{50 * time.Hour, 5 * time.Hour, -50 * time.Hour} {
		clock.Set(ahead)
		token := login()
		clock.Set(-ahead)
		if ahead > 0 {
			h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}})
		}
		other := login() // used only after its lifetime
		clock.Advance(11 * time.Hour)
		h.Expect(429, Request{Route: "r", Headers: []string{bearer(token)}})
		h.Expect(429, Request{Route: "r", Headers: []string{bearer(other)}})
	}
}

func reloadAhead(t *testing.T, h *Harness) {
	clock := h.Clock()
	up := newLenientBTS(nil)
	defer up.Close()
	f := newLoginFixture(t, h, "bts", up.URL, "path", upstreams.BTSStatusPath)
	access, refresh := f.courierLogin()
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(access)}})
	h.Expect(401, Request{Route: "r", Headers: []string{bearer(refresh)}})
	other := newBTS(nil)
	defer other.Close()
	routes := Routes{"login": issuerConfig("bts", up.URL), "r": btsConfig(up, "loginSecret", loginSecret)}
	clock.Set(31 * 24 * time.Hour)
	h.Serve(Routes{"other": btsConfig(other, "loginSecret", otherLoginSecret)})
	h.Serve(routes)
	clock.Set(-31 * 24 * time.Hour)
	h.Serve(routes)
	calls := up.Calls()
	h.Expect(401, Request{Route: "r", Headers: []string{bearer(refresh)}})
	expectCount(t, "calls about the refresh token", up.Calls()-calls, 0)
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(access)}})
	expectCount(t, "calls about the access token", up.CallsWith(access), 1)
}

func barredAhead(t *testing.T, h *Harness) {
	f := newLogoutFixture(h)
	defer f.up.Close()
	clock := h.Clock()
	tokens := map[string]string{}
	for _, name := range []string{"before", "ahead", "behind"} {
		tokens[name] = f.up.IssueToken(Marker + "ali")
		f.up.Answer(tokens[name], upstreams.Reply{Body: `{"data":{"user_name":"x"},"meta":{"status":true,"message_code":"200-1"}}`})
	}
	logout := func(name string, set time.Duration) {
		b := h.newBrowser(t)
		clock.Set(set)
		b.followLink(303, tokens[name])
		f.logout(b)
		clock.Set(-set)
	}
	logout("before", 0)
	logout("ahead", 1000*time.Hour)
	logout("behind", -1000*time.Hour)
	for _, set := range []time.Duration{0, 1000 * time.Hour, -2000 * time.Hour, 1000 * time.Hour} {
		clock.Set(set)
		for name, token := range tokens {
			if r := h.Expect(401, Request{Route: "secret", Headers: []string{bearer(token)}}); r.Status == 200 {
				t.Errorf("%s: it is not barred any more", name)
			}
		}
	}
}

// answerAhead: also of an answer that the hit path has.
func answerAhead(t *testing.T, h *Harness) {
	up := newSMSPanel(nil)
	defer up.Close()
	h.Serve(Routes{"r": routeConfig("bearer", "ippanel", up.URL, "lifetime", "10h")})
	token, other := up.IssueToken(Marker+"ali"), up.IssueToken(Marker+"sara")
	h.Clock().Set(50 * time.Hour)
	for range 3 {
		h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}})
		h.Expect(200, Request{Route: "r", Headers: []string{bearer(other)}})
	}
	h.Clock().Set(-50 * time.Hour)
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(other)}})
	up.Answer(token, upstreams.Reply{Status: 401, Body: `{"data":null,"meta":{"status":false,"message":"x","message_code":"400-1"}}`})
	h.Advance(51 * time.Hour)
	for range 2 {
		h.Expect(401, Request{Route: "r", Headers: []string{bearer(token)}})
	}
}

// refusedSetBack: the login was seen in what is the future now. That it was refused
// since is known all the same, also when the upstream gives no answer any more.
func refusedSetBack(t *testing.T, h *Harness) {
	f, up := newPanelLogin(t, h, unchanged)
	defer up.Close()
	token := f.login(up, Marker+"sara")
	h.Clock().Set(-time.Hour)
	up.Answer(token, upstreams.Reply{Status: 401, Body: `{"data":null,"meta":{"status":false,"message":"x","message_code":"400-1"}}`})
	for range 3 {
		h.Expect(401, Request{Route: "r", Headers: []string{bearer(token)}})
	}
	expectCount(t, "calls", up.CallsWith(token), 1)
	up.Answer(token, upstreams.Reply{Status: 429})
	h.Advance(time.Minute)
	h.Expect(429, Request{Route: "r", Headers: []string{bearer(token)}})
}
