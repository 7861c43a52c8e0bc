package scenario

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// BarredTokens: refresh tokens that an issuer route saw, and tokens that a logout
// ended, count no more, whatever their upstream says of them.
var BarredTokens = []Scenario{
	{Name: "a refresh token is denied in every spelling that an upstream may read", Run: refreshSpellings},
	{Name: "a JWT counts in its canonical spelling alone, in a header, a link and a cookie", Run: jwtSpellings},
	{Name: "a refresh token stays barred after thousands of other logins", Run: manyLogins},
	{Name: "an access token with the refresh token's own jti is no refresh token", Run: sharedID},
	{Name: "a logout that the panel does not confirm ends the token here, on every route of the panel", Run: unconfirmedLogout},
	{Name: "a logout is logged only where the panel was not told", Run: toldLogouts},
	{Name: "a logout during a lookup on a route with another login secret", Run: logoutElsewhere},
	{Name: "a login that issues a barred token again ends that, where it is trusted", Run: loginAfterLogout},
}

// newLenientBTS reads tokens in any spelling, and takes refresh tokens for access
// tokens.
func newLenientBTS(clock *upstreams.Clock) *upstreams.BTS {
	up := upstreams.NewBTS(upstreams.BTSOptions{Options: upstreams.Options{Clock: clock}, Lenient: true})
	up.AddUser(upstreams.BTSUser{Login: Marker + "courier", Password: password})
	return up
}

// courierLogin logs in through the issuer route.
func (f *loginFixture) courierLogin() (access, refresh string) {
	f.t.Helper()
	data := f.post(200, "/auth/login", map[string]any{"login": Marker + "courier", "password": password})
	return textField(data, "access_token"), textField(data, "refresh_token")
}

// spellings are texts that lenient readers of base64 take for this JWT.
func spellings(token string) map[string]string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	parts := strings.Split(token, ".")
	found := map[string]string{
		"quotes": `"` + token + `"`, "a dot behind it": token + ".", "a part behind it": token + ".x",
		"a percent-encoded zero": token + "%00", "percent-encoded dots": strings.ReplaceAll(token, ".", "%2E"), "a comma": token + ",",
	}
	for i, name := range []string{"header", "payload", "signature"} {
		put := func(how, part string) {
			changed := append([]string{}, parts...)
			changed[i] = part
			found[how+" of the "+name] = strings.Join(changed, ".")
		}
		put("padding", parts[i]+"=")
		put("a dropped character", parts[i][:2]+"!"+parts[i][2:])
		if strings.ContainsAny(parts[i], "-_") {
			put("the other alphabet", strings.NewReplacer("-", "+", "_", "/").Replace(parts[i]))
		}
		if len(parts[i])%4 != 0 {
			last := strings.IndexByte(alphabet, parts[i][len(parts[i])-1])
			put("spare bits", parts[i][:len(parts[i])-1]+string(alphabet[last+1]))
		}
	}
	return found
}

func refreshSpellings(t *testing.T, h *Harness) {
	up := newLenientBTS(h.Clock())
	defer up.Close()
	f := newLoginFixture(t, h, "bts", up.URL, "path", upstreams.BTSStatusPath)
	access, refresh := f.courierLogin()
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(access)}})
	calls := up.Calls()
	h.Expect(401, Request{Route: "r", Headers: []string{bearer(refresh)}})
	for name, text := range spellings(refresh) {
		for range 2 {
			if r := h.Expect(401, Request{Route: "r", Headers: []string{bearer(text)}}); r.Status == 200 {
				t.Errorf("with %s a refresh token is let in", name)
			}
		}
	}
	expectCount(t, "calls about a refresh token", up.Calls()-calls, 0)
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(access)}})
}

func jwtSpellings(t *testing.T, h *Harness) {
	up, ws := newLenientBTS(h.Clock()), newWebService(h.Clock())
	defer up.Close()
	defer ws.Close()
	h.Serve(Routes{"r": sessionConfig(btsConfig(up)), "any": webServiceConfig(ws)})
	token := up.IssueToken(Marker + "courier")
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}})
	calls := up.Calls()
	b := h.newBrowser(t)
	for _, text := range spellings(token) {
		h.Expect(401, Request{Route: "r", Headers: []string{bearer(text)}})
		b.followLink(401, text)
	}
	expectCount(t, "calls about other spellings", up.Calls()-calls, 0)
	b.followLink(303, token)
	b.expectUser(Marker + "courier")

	// An API whose tokens need not be JWTs: what is one all the same has one spelling.
	encoding := base64.RawURLEncoding
	other := encoding.EncodeToString([]byte(`{"alg":"HS256"}`)) + "." + encoding.EncodeToString([]byte(`{"sub":"x"}`)) + "." + encoding.EncodeToString([]byte("signature!"))
	valid := upstreams.Reply{Body: `{"IsSuccess":true,"Msg":{"Code":0},"Data":{}}`}
	ws.Answer(other+"=", valid)
	h.Expect(401, Request{Route: "any", Headers: []string{bearer(other + "=")}})
	expectCount(t, "calls", ws.CallsWith(other+"="), 0)
	for _, opaque := range []string{"1|abc=", "a.b=.c="} {
		h.Do(Request{Route: "any", Headers: []string{bearer(opaque)}})
		expectCount(t, "calls about a token that is no JWT", ws.CallsWith(opaque), 1)
	}
}

// loginServer answers every login with tokens that were never seen before.
func loginServer() *httptest.Server {
	var last atomic.Int64
	return upstreams.NewHTTPServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n := last.Add(1)
		_, _ = fmt.Fprintf(w, `{"status":true,"status_code":200,"data":{"access_token":"access-%d","refresh_token":"refresh-%d"}}`, n, n)
	}))
}

func manyLogins(t *testing.T, h *Harness) {
	up := newLenientBTS(h.Clock())
	defer up.Close()
	f := newLoginFixture(t, h, "bts", up.URL, "path", upstreams.BTSStatusPath)
	_, refresh := f.courierLogin()
	server := loginServer()
	defer server.Close()
	h.Backend.ProxyTo("login", server.URL)
	each := 640
	if h.Clock() == nil {
		each = 80 // behind Traefik: 5,120 logins take most of a minute
	}
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			for range each {
				_, _ = h.send(Request{Route: "login", Method: "POST", Path: "/auth/login"})
			}
		})
	}
	clients.Wait()
	calls := up.Calls()
	h.Expect(401, Request{Route: "r", Headers: []string{bearer(refresh)}})
	h.Expect(401, Request{Route: "r", Headers: []string{bearer("refresh-1")}})
	expectCount(t, "calls about a refresh token", up.Calls()-calls, 0)
}

func sharedID(t *testing.T, h *Harness) {
	up := newLenientBTS(h.Clock())
	defer up.Close()
	raw := newRawServer(t)
	defer raw.Close()
	h.Serve(Routes{"login": issuerConfig("bts", up.URL), "r": btsConfig(up, "loginSecret", loginSecret)})
	h.Backend.ProxyTo("login", raw.URL)
	claims := func(more string) map[string]any {
		return map[string]any{"jti": "one-session", "sub": Marker + "courier", "exp": time.Now().Add(time.Hour).Unix(), "use": more}
	}
	access, refresh := up.Sign(claims("access")), up.Sign(claims("refresh"))
	raw.respondWith(wholeReply(strings.Replace(loginReply(access, ""), `"another"`, `"`+refresh+`"`, 1)))
	h.Do(Request{Route: "login", Method: "POST", Path: "/auth/login"})
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(access)}})
	h.Expect(401, Request{Route: "r", Headers: []string{bearer(refresh)}})
}
