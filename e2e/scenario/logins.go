package scenario

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Logins: tokens that an issuer route saw being given out.
var Logins = []Scenario{
	{Name: "the whole way through the SMS panel: login, sms, confirm_otp, in, logout, out", Play: panelJourney},
	{Name: "the wrong turns on the way through the SMS panel", Play: panelWrongTurns},
	{Name: "the whole way through the courier's API: login, in without a call, refresh, in", Play: courierJourney},
	{Name: "a logout while the token is asked about", Play: logoutMeanwhile},
	{Name: "learned and first-seen tokens end to the second, across a reload", Play: endsOfLife, Moves: true},
	{Name: "short-lived tokens end in time, across a reload", Play: shortLives},
	{Name: "without the same word, address and api nothing is believed", Play: otherWords},
	{Name: "a learned token passes without an identity where nobody can tell it now", Play: learnedUnasked},
	{Name: "a changed epoch forgets the logins before it", Play: learnedEpoch},
}

// word is the learn of the scenarios; anotherWord is not.
const (
	word        = "env:UPSTREAMAUTH_LOGIN_SECRET"
	anotherWord = "env:UPSTREAMAUTH_LOGIN_SECRET_ANOTHER"
)

// entrance is an issuer route beside a protected one, of one API.
type entrance struct {
	*Gate
	t    testing.TB
	base string // path of the API
}

func issuerOf(api, url string) map[string]any {
	return map[string]any{"mode": "issuer", "bearer": map[string]any{"api": api, "url": url, "loginSecret": word}}
}

// pathOf is the path of an address.
func pathOf(address string) string {
	_, rest, _ := strings.Cut(address, "://")
	_, path, found := strings.Cut(rest, "/")
	if !found {
		return ""
	}
	return "/" + path
}

func newEntrance(t testing.TB, g *Gate, api, url string, more ...any) *entrance {
	g.Backend.Lead("login", strings.TrimSuffix(url, pathOf(url)))
	g.Serve(Routes{"login": issuerOf(api, url), "r": block("bearer", api, url, append([]any{"loginSecret", word}, more...)...)})
	return &entrance{Gate: g, t: t, base: pathOf(url)}
}

// post sends JSON to the API's own login, through the issuer route.
func (s *entrance) post(status int, path string, body map[string]any, lines ...string) (data map[string]any) {
	s.t.Helper()
	text, _ := json.Marshal(body)
	r := s.Do(Call{Route: "login", Method: "POST", Path: s.base + path, Body: strings.NewReader(string(text)),
		Lines: append([]string{"Content-Type: application/json", "Accept: application/json"}, lines...)})
	if r.Status != status {
		s.t.Errorf("POST %s: %d, want %d", path, r.Status, status)
	}
	var reply struct{ Data map[string]any }
	if err := json.Unmarshal([]byte(r.Body), &reply); err != nil {
		s.t.Errorf("POST %s: %v", path, err)
	}
	return reply.Data
}

func text(data map[string]any, name string) string {
	value, _ := data[name].(string)
	return value
}

const panelAuth = "/api/acl/auth/"

// enter logs a user of the panel in, with the one-time password that was sent.
func (s *entrance) enter(up *upstreams.IPPanel, user string) string {
	s.t.Helper()
	data := s.post(200, panelAuth+"login", map[string]any{"username": user, "password": password})
	if text(data, "method") == upstreams.MethodLogin {
		return text(data, "token")
	}
	s.post(200, panelAuth+"send_sms_otp", map[string]any{"token": text(data, "token")})
	data = s.post(200, panelAuth+"confirm_otp", map[string]any{"token": text(data, "token"), "otp": up.OTP(user)})
	return text(data, "token")
}

func smsPanel(clock *upstreams.Clock) *upstreams.IPPanel {
	up := panel(clock)
	up.AddUser(upstreams.PanelUser{UserName: Marker + "sara", Password: password, UserID: 7, Name: Marker + "سارا"})
	return up
}

func panelJourney(t *testing.T, g *Gate) {
	up := smsPanel(g.Clock())
	defer up.Close()
	s := newEntrance(t, g, "ippanel", up.URL)
	for _, user := range []string{Marker + "sara", Marker + "ali"} {
		token := s.enter(up, user)
		for range 3 {
			r := g.Expect(200, Call{Route: "r", Lines: []string{bearer(token)}})
			same(t, "the user", identityOf(t, r.Seen)["X-Auth-User"], user)
		}
		g.Expect(200, Call{Route: "r", Lines: []string{"Authorization: " + token}})
		counts(t, "for the identity", up.CallsWith(token), 1)
		s.post(200, panelAuth+"logout", nil, "Authorization: "+token)
		g.Expect(401, Call{Route: "r", Lines: []string{bearer(token)}})
	}
}

func panelWrongTurns(t *testing.T, g *Gate) {
	up := smsPanel(g.Clock())
	defer up.Close()
	s := newEntrance(t, g, "ippanel", up.URL, "lifetime", "10h")
	user := Marker + "sara"
	s.post(422, panelAuth+"login", map[string]any{"username": user})
	s.post(422, panelAuth+"login", map[string]any{"username": user, "password": "wrong"})
	waiting := text(s.post(200, panelAuth+"login", map[string]any{"username": user, "password": password}), "token")
	g.Expect(401, Call{Route: "r", Lines: []string{bearer(waiting)}})
	s.post(422, panelAuth+"confirm_otp", map[string]any{"token": waiting})
	s.post(401, panelAuth+"confirm_otp", map[string]any{"token": waiting, "otp": "000"})
	s.post(401, panelAuth+"confirm_otp", map[string]any{"token": "nobody's", "otp": up.OTP(user)})
	g.Expect(401, Call{Route: "r", Lines: []string{bearer(waiting)}})
	token := text(s.post(200, panelAuth+"confirm_otp", map[string]any{"token": waiting, "otp": up.OTP(user)}), "token")
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(token)}})
	g.Expect(401, Call{Route: "r", Lines: []string{bearer(waiting)}})
	s.post(401, panelAuth+"logout", nil, "Authorization: "+waiting)
	s.post(401, panelAuth+"logout", nil)
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(token)}})
	if g.Clock() == nil {
		return
	}
	g.Pass(upstreams.PanelLifetime)
	g.Expect(401, Call{Route: "r", Lines: []string{bearer(token)}})
}

func courierJourney(t *testing.T, g *Gate) {
	up := courier(g.Clock())
	defer up.Close()
	s := newEntrance(t, g, "bts", up.URL, "path", upstreams.BTSStatusPath)
	user := Marker + "courier"
	s.post(422, "/auth/login", map[string]any{"login": user, "password": "short"})
	s.post(401, "/auth/login", map[string]any{"login": user, "password": "not this one"})
	data := s.post(200, "/auth/login", map[string]any{"login": user, "password": password})
	access, refresh := text(data, "access_token"), text(data, "refresh_token")
	for range 2 {
		r := g.Expect(200, Call{Route: "r", Lines: []string{bearer(access)}})
		same(t, "the user", identityOf(t, r.Seen)["X-Auth-User"], user)
		g.Expect(401, Call{Route: "r", Lines: []string{bearer(refresh)}})
	}
	counts(t, "about the access token", up.CallsWith(access), 0)
	counts(t, "about the refresh token", up.CallsWith(refresh), 0)
	if g.Clock() != nil {
		g.Pass(upstreams.BTSAccessLifetime + time.Second)
		g.Expect(401, Call{Route: "r", Lines: []string{bearer(access)}})
	}
	data = s.post(200, "/auth/refresh", map[string]any{"refresh_token": refresh})
	s.post(422, "/auth/refresh", map[string]any{"refresh_token": refresh})
	renewed := text(data, "access_token")
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(renewed)}})
	g.Expect(401, Call{Route: "r", Lines: []string{bearer(text(data, "refresh_token"))}})
	counts(t, "about the new access token", up.CallsWith(renewed), 0)
}

func logoutMeanwhile(t *testing.T, g *Gate) {
	up := smsPanel(g.Clock())
	defer up.Close()
	s := newEntrance(t, g, "ippanel", up.URL)
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(s.enter(up, Marker+"ali"))}})
	token := s.enter(up, Marker+"ali")
	up.Answer(token, upstreams.Reply{Delay: time.Second, Body: `{"data":{"user_name":"x"},"meta":{"status":true,"message_code":"200-1"}}`})
	late := make(chan Reply, 1)
	go func() {
		r, _ := g.Try(Call{Route: "r", Lines: []string{bearer(token)}})
		late <- r
	}()
	until(t, "it is asked", func() bool { return up.CallsWith(token) == 1 })
	up.Unscript(token)
	s.post(200, panelAuth+"logout", nil, "Authorization: "+token)
	if r := <-late; r.Status == 200 || r.Seen != nil {
		t.Errorf("the late yes is given to somebody: %d", r.Status)
	}
	g.Expect(401, Call{Route: "r", Lines: []string{bearer(token)}})
}
