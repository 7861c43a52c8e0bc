package scenario

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Logins: tokens that an issuer route saw in the response to a login.
var Logins = []Scenario{
	{Name: "the SMS panel: login, SMS, confirm_otp, allowed, logout, denied", Run: panelJourney},
	{Name: "the SMS panel: failed logins, wrong one-time passwords and tokens", Run: panelWrongTurns},
	{Name: "BTS: login, allowed after one call, refresh, allowed", Run: courierJourney},
	{Name: "a logout during a lookup of the token", Run: logoutMeanwhile},
	{Name: "issued and first-seen tokens end to the second, across a reload", Run: lifetimeEnds, NeedsClock: true},
	{Name: "short-lived tokens end in time, across a reload", Run: shortLifetimes},
	{Name: "logins are shared only between routes of the same secret, address and API", Run: otherLoginSecrets},
	{Name: "an issued token is allowed without an identity during an outage", Run: loginWithoutIdentity},
	{Name: "a changed epoch forgets earlier logins", Run: loginEpoch},
	{Name: "a denial that was asked for before a login is not remembered after it", Run: loginOvertakes},
}

// loginSecret is the loginSecret of the scenarios' routes.
const (
	loginSecret      = "env:UPSTREAMAUTH_LOGIN_SECRET"
	otherLoginSecret = "env:UPSTREAMAUTH_LOGIN_SECRET_ANOTHER"
)

// loginFixture is an issuer route beside a protected one, of one API.
type loginFixture struct {
	*Harness
	t    testing.TB
	base string // path of the API
}

func issuerConfig(api, url string) map[string]any {
	return map[string]any{"mode": "issuer", "bearer": map[string]any{"api": api, "url": url, "loginSecret": loginSecret}}
}

// pathOf is the path of a URL.
func pathOf(address string) string {
	_, rest, _ := strings.Cut(address, "://")
	_, path, found := strings.Cut(rest, "/")
	if !found {
		return ""
	}
	return "/" + path
}

func newLoginFixture(t testing.TB, h *Harness, api, url string, more ...any) *loginFixture {
	h.Backend.ProxyTo("login", strings.TrimSuffix(url, pathOf(url)))
	h.Serve(Routes{"login": issuerConfig(api, url), "r": routeConfig("bearer", api, url, append([]any{"loginSecret", loginSecret}, more...)...)})
	return &loginFixture{Harness: h, t: t, base: pathOf(url)}
}

// post sends JSON to the API through the issuer route, and returns the response's
// data.
func (f *loginFixture) post(status int, path string, body map[string]any, lines ...string) (data map[string]any) {
	f.t.Helper()
	text, _ := json.Marshal(body)
	r := f.Do(Request{
		Route: "login", Method: "POST", Path: f.base + path, Body: strings.NewReader(string(text)),
		Headers: append([]string{"Content-Type: application/json", "Accept: application/json"}, lines...),
	})
	if r.Status != status {
		f.t.Errorf("POST %s: %d, want %d", path, r.Status, status)
	}
	var reply struct{ Data map[string]any }
	if err := json.Unmarshal([]byte(r.Body), &reply); err != nil {
		f.t.Errorf("POST %s: %v", path, err)
	}
	return reply.Data
}

func textField(data map[string]any, name string) string {
	value, _ := data[name].(string)
	return value
}

const panelAuth = "/api/acl/auth/"

// login logs a user of the panel in, with a one-time password where the panel sends
// one.
func (f *loginFixture) login(up *upstreams.IPPanel, user string) string {
	f.t.Helper()
	data := f.post(200, panelAuth+"login", map[string]any{"username": user, "password": password})
	if textField(data, "method") == upstreams.MethodLogin {
		return textField(data, "token")
	}
	f.post(200, panelAuth+"send_sms_otp", map[string]any{"token": textField(data, "token")})
	data = f.post(200, panelAuth+"confirm_otp", map[string]any{"token": textField(data, "token"), "otp": up.OTP(user)})
	return textField(data, "token")
}

func newSMSPanel(clock *upstreams.Clock) *upstreams.IPPanel {
	up := newIPPanel(clock)
	up.AddUser(upstreams.PanelUser{UserName: Marker + "sara", Password: password, UserID: 7, Name: Marker + "سارا"})
	return up
}

func panelJourney(t *testing.T, h *Harness) {
	up := newSMSPanel(h.Clock())
	defer up.Close()
	f := newLoginFixture(t, h, "ippanel", up.URL)
	for _, user := range []string{Marker + "sara", Marker + "ali"} {
		token := f.login(up, user)
		for range 3 {
			r := h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}})
			expectEqual(t, "the user", identityOf(t, r.Seen)["X-Auth-User"], user)
		}
		h.Expect(200, Request{Route: "r", Headers: []string{"Authorization: " + token}})
		expectCount(t, "calls for the identity", up.CallsWith(token), 1)
		f.post(200, panelAuth+"logout", nil, "Authorization: "+token)
		h.Expect(401, Request{Route: "r", Headers: []string{bearer(token)}})
	}
}

func panelWrongTurns(t *testing.T, h *Harness) {
	up := newSMSPanel(h.Clock())
	defer up.Close()
	f := newLoginFixture(t, h, "ippanel", up.URL, "lifetime", "10h")
	user := Marker + "sara"
	f.post(422, panelAuth+"login", map[string]any{"username": user})
	f.post(422, panelAuth+"login", map[string]any{"username": user, "password": "wrong"})
	waiting := textField(f.post(200, panelAuth+"login", map[string]any{"username": user, "password": password}), "token")
	h.Expect(401, Request{Route: "r", Headers: []string{bearer(waiting)}})
	f.post(422, panelAuth+"confirm_otp", map[string]any{"token": waiting})
	f.post(401, panelAuth+"confirm_otp", map[string]any{"token": waiting, "otp": "000"})
	f.post(401, panelAuth+"confirm_otp", map[string]any{"token": "unknown", "otp": up.OTP(user)})
	h.Expect(401, Request{Route: "r", Headers: []string{bearer(waiting)}})
	token := textField(f.post(200, panelAuth+"confirm_otp", map[string]any{"token": waiting, "otp": up.OTP(user)}), "token")
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}})
	h.Expect(401, Request{Route: "r", Headers: []string{bearer(waiting)}})
	f.post(401, panelAuth+"logout", nil, "Authorization: "+waiting)
	f.post(401, panelAuth+"logout", nil)
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}})
	if h.Clock() == nil {
		return
	}
	h.Advance(upstreams.PanelLifetime)
	h.Expect(401, Request{Route: "r", Headers: []string{bearer(token)}})
}

func courierJourney(t *testing.T, h *Harness) {
	up := newBTS(h.Clock())
	defer up.Close()
	f := newLoginFixture(t, h, "bts", up.URL, "path", upstreams.BTSStatusPath)
	user := Marker + "courier"
	f.post(422, "/auth/login", map[string]any{"login": user, "password": "short"})
	f.post(401, "/auth/login", map[string]any{"login": user, "password": "not this one"})
	data := f.post(200, "/auth/login", map[string]any{"login": user, "password": password})
	access, refresh := textField(data, "access_token"), textField(data, "refresh_token")
	for range 2 {
		r := h.Expect(200, Request{Route: "r", Headers: []string{bearer(access)}})
		expectEqual(t, "the user", identityOf(t, r.Seen)["X-Auth-User"], user)
		h.Expect(401, Request{Route: "r", Headers: []string{bearer(refresh)}})
	}
	expectCount(t, "calls with the access token", up.CallsWith(access), 1)
	expectCount(t, "calls with the refresh token", up.CallsWith(refresh), 0)
	if h.Clock() != nil {
		h.Advance(upstreams.BTSAccessLifetime + time.Second)
		h.Expect(401, Request{Route: "r", Headers: []string{bearer(access)}})
	}
	data = f.post(200, "/auth/refresh", map[string]any{"refresh_token": refresh})
	f.post(422, "/auth/refresh", map[string]any{"refresh_token": refresh})
	renewed := textField(data, "access_token")
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(renewed)}})
	h.Expect(401, Request{Route: "r", Headers: []string{bearer(textField(data, "refresh_token"))}})
	expectCount(t, "calls with the new access token", up.CallsWith(renewed), 1)
}

func logoutMeanwhile(t *testing.T, h *Harness) {
	up := newSMSPanel(h.Clock())
	defer up.Close()
	f := newLoginFixture(t, h, "ippanel", up.URL, "timeout", "20s")
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(f.login(up, Marker+"ali"))}})
	token := f.login(up, Marker+"ali")
	loggedOut := make(chan struct{})
	up.Answer(token, upstreams.Reply{Until: loggedOut, Body: `{"data":{"user_name":"x"},"meta":{"status":true,"message_code":"200-1"}}`})
	late := make(chan Response, 1)
	go func() {
		r, _ := h.Try(Request{Route: "r", Headers: []string{bearer(token)}})
		late <- r
	}()
	waitFor(t, "the lookup has begun", func() bool { return up.CallsWith(token) == 1 })
	up.Unscript(token)
	f.post(200, panelAuth+"logout", nil, "Authorization: "+token)
	close(loggedOut)
	if r := <-late; r.Status == 200 || r.Seen != nil {
		t.Errorf("the late answer is used: %d", r.Status)
	}
	h.Expect(401, Request{Route: "r", Headers: []string{bearer(token)}})
}

// loginOvertakes: the token is presented while its login is still on its way.
func loginOvertakes(t *testing.T, h *Harness) {
	up := newSMSPanel(h.Clock())
	defer up.Close()
	f := newLoginFixture(t, h, "ippanel", up.URL, "timeout", "20s")
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(f.login(up, Marker+"ali"))}})
	raw := newRawServer(t)
	defer raw.Close()
	h.Backend.ProxyTo("login", raw.URL)
	token := up.IssueToken(Marker + "ali")
	loggedIn := make(chan struct{})
	up.Answer(token, upstreams.Reply{Status: 401, Until: loggedIn, Body: `{"data":null,"meta":{"status":false,"message":"x","message_code":"400-1"}}`})
	early := make(chan Response, 1)
	go func() {
		r, _ := h.Try(Request{Route: "r", Headers: []string{bearer(token)}})
		early <- r
	}()
	waitFor(t, "the lookup has begun", func() bool { return up.CallsWith(token) == 1 })
	up.Unscript(token)
	raw.respondWith(wholeReply(`{"data":{"method":"login","token":"` + token + `"},"meta":{"status":true,"message_code":"200-1"}}`))
	h.Do(Request{Route: "login", Method: "POST", Path: f.base + panelAuth + "login"})
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}}) // by a lookup of its own
	close(loggedIn)
	if r := <-early; r.Status != 401 {
		t.Errorf("who asked before the login got %d", r.Status)
	}
	for range 3 {
		h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}})
	}
	expectCount(t, "calls", up.CallsWith(token), 2)
}
