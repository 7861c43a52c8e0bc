package scenario

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// What ends a login, and what does not.

func lifetimeEnds(_ *testing.T, h *Harness) {
	up := newSMSPanel(h.Clock())
	defer up.Close()
	h.again(func(h *Harness, _ int, by func(deadline time.Time)) {
		const lifetime = 3 * time.Hour
		f := newLoginFixture(h.t, h, "ippanel", up.URL, "lifetime", "3h")
		before := h.Clock().Now()
		issued := f.login(up, Marker+"ali")
		after := h.Clock().Now()
		seenLate := up.IssueToken(Marker + "sara")
		h.Clock().Advance(time.Hour)
		seenBefore := h.Clock().Now()
		h.Expect(200, Request{Route: "r", Headers: []string{bearer(seenLate)}})
		seenAfter := h.Clock().Now()
		h.Expect(200, Request{Route: "r", Headers: []string{bearer(issued)}})
		config := routeConfig("bearer", "ippanel", up.URL, "loginSecret", loginSecret, "lifetime", "3h")
		h.Serve(Routes{"login": issuerConfig("ippanel", up.URL), "r": with(config, "cache", map[string]any{"negativeLifetime": "10s"})})
		to := func(at time.Time) { h.Pass(at, 0) }
		by(before.Add(lifetime))
		to(before.Add(lifetime - 2*time.Second))
		h.Expect(200, Request{Route: "r", Headers: []string{bearer(issued)}})
		expectCount(h.t, "calls with the issued token, before its end", up.CallsWith(issued), 1)
		by(seenBefore.Add(lifetime))
		to(after.Add(lifetime))
		h.Expect(200, Request{Route: "r", Headers: []string{bearer(issued)}}) // its upstream still allows it
		expectCount(h.t, "calls with the issued token, at its end", up.CallsWith(issued), 2)
		to(seenBefore.Add(lifetime - 2*time.Second))
		h.Expect(200, Request{Route: "r", Headers: []string{bearer(seenLate)}})
		expectCount(h.t, "calls with the first-seen token, before its end", up.CallsWith(seenLate), 1)
		by(time.Time{})
		to(seenAfter.Add(lifetime))
		h.Expect(200, Request{Route: "r", Headers: []string{bearer(seenLate)}})
		expectCount(h.t, "calls with the first-seen token, at its end", up.CallsWith(seenLate), 2)
	})
}

func shortLifetimes(_ *testing.T, h *Harness) {
	up := newSMSPanel(h.Clock())
	defer up.Close()
	h.again(func(h *Harness, _ int, by func(deadline time.Time)) {
		const lifetime, over = 4 * time.Second, 4100 * time.Millisecond
		f := newLoginFixture(h.t, h, "ippanel", up.URL, "lifetime", "4s")
		by(clockOf(h).Add(lifetime))
		issued := f.login(up, Marker+"ali")
		begun := clockOf(h)
		seen := up.IssueToken(Marker + "sara")
		h.Pass(begun, 1500*time.Millisecond)
		asked := clockOf(h)
		h.Expect(200, Request{Route: "r", Headers: []string{bearer(seen)}})
		seenBy := clockOf(h)
		h.Expect(200, Request{Route: "r", Headers: []string{bearer(issued)}})
		config := routeConfig("bearer", "ippanel", up.URL, "loginSecret", loginSecret, "lifetime", "4s")
		h.Serve(Routes{"login": issuerConfig("ippanel", up.URL), "r": with(config, "cache", map[string]any{"negativeLifetime": "10s"})})
		h.Expect(200, Request{Route: "r", Headers: []string{bearer(issued)}})
		expectCount(h.t, "calls with the issued token, in its lifetime", up.CallsWith(issued), 1)
		by(asked.Add(lifetime))
		h.Pass(begun, over)
		h.Expect(200, Request{Route: "r", Headers: []string{bearer(issued)}})
		expectCount(h.t, "calls with the issued token, after its end", up.CallsWith(issued), 2)
		h.Expect(200, Request{Route: "r", Headers: []string{bearer(seen)}})
		expectCount(h.t, "calls with the first-seen token, in its lifetime", up.CallsWith(seen), 1)
		by(time.Time{})
		h.Pass(seenBy, over)
		h.Expect(200, Request{Route: "r", Headers: []string{bearer(seen)}})
		expectCount(h.t, "calls with the first-seen token, after its end", up.CallsWith(seen), 2)
	})
}

func otherLoginSecrets(t *testing.T, h *Harness) {
	up, evil := newBTS(h.Clock()), newBTS(h.Clock())
	defer up.Close()
	defer evil.Close()
	path := upstreams.BTSStatusPath
	h.Backend.ProxyTo("login", evil.URL)
	evilToken := func(route string) string {
		f := &loginFixture{Harness: h, t: t}
		text, _ := json.Marshal(map[string]any{"login": Marker + "courier", "password": password})
		r := f.Do(Request{
			Route: route, Method: "POST", Path: "/auth/login", Body: strings.NewReader(string(text)),
			Headers: []string{"Content-Type: application/json", "Accept: application/json"},
		})
		var reply struct {
			Data struct {
				Token string `json:"access_token"`
			}
		}
		if err := json.Unmarshal([]byte(r.Body), &reply); err != nil || r.Status != 200 {
			t.Fatalf("%d %v", r.Status, err)
		}
		return reply.Data.Token
	}
	other := map[string]any{"mode": "issuer", "bearer": map[string]any{"api": "bts", "url": up.URL, "loginSecret": otherLoginSecret}}
	elsewhere := map[string]any{"mode": "issuer", "bearer": map[string]any{"api": "bts", "url": evil.URL, "loginSecret": loginSecret}}
	for name, config := range map[string]map[string]any{"another secret": other, "another address": elsewhere} {
		h.Serve(Routes{
			"login":   config,
			"r":       routeConfig("bearer", "bts", up.URL, "path", path, "loginSecret", loginSecret),
			"without": routeConfig("bearer", "bts", up.URL, "path", path),
		})
		token := evilToken("login")
		for _, route := range []string{"r", "without"} {
			h.Expect(401, Request{Route: route, Headers: []string{bearer(token)}})
		}
		expectCount(t, name+": calls, as for any other token", up.CallsWith(token), 2)
	}
}

func loginWithoutIdentity(t *testing.T, h *Harness) {
	up := newSMSPanel(h.Clock())
	defer up.Close()
	f := newLoginFixture(t, h, "ippanel", up.URL, "timeout", "20s")
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(f.login(up, Marker+"sara"))}})
	token := f.login(up, Marker+"ali")
	up.Answer(token, upstreams.Reply{Status: 503})
	for range 2 {
		r := h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}})
		expectEqual(t, "the identity", identityOf(t, r.Seen), map[string]string{"X-Auth-Api": "ippanel"})
	}
	expectCount(t, "calls, at most one", up.CallsWith(token), 1)
	refused := f.login(up, Marker+"ali")
	up.Answer(refused, upstreams.Reply{Status: 401, Body: `{"data":null,"meta":{"status":false,"message":"x","message_code":"400-1"}}`})
	for range 2 {
		h.Expect(401, Request{Route: "r", Headers: []string{bearer(refused)}})
	}
	expectCount(t, "calls for a token that the upstream denies", up.CallsWith(refused), 1)
}

// loginEpoch: only a login that counts is accepted while its upstream limits calls.
func loginEpoch(t *testing.T, h *Harness) {
	up := newBTS(h.Clock())
	defer up.Close()
	f := newLoginFixture(t, h, "bts", up.URL, "path", upstreams.BTSStatusPath)
	access := func() string {
		token := textField(f.post(200, "/auth/login", map[string]any{"login": Marker + "courier", "password": password}), "access_token")
		up.Answer(token, upstreams.Reply{Status: 429})
		return token
	}
	first := access()
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(first)}})
	config := btsConfig(up, "loginSecret", loginSecret)
	h.Serve(Routes{"login": issuerConfig("bts", up.URL), "r": with(config, "cache", map[string]any{"epoch": "2"})})
	h.Expect(429, Request{Route: "r", Headers: []string{bearer(first)}})
	expectCount(t, "calls, of which one after the change", up.CallsWith(first), 2)
	second := access()
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(second)}})
	expectCount(t, "calls for a later login", up.CallsWith(second), 1)
}
