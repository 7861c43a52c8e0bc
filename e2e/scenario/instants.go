package scenario

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Instants: times in tokens in every form that a number has (NumericDate, RFC 7519, 2), and
// in forms that are none.
var Instants = []Scenario{
	{Name: "a token ends when it says, in every form of a number, and no end that a backend sees is over", Run: formsOfEnds},
	{Name: "a token whose times are no numbers is asked about each time", Run: formsOfNone},
	{Name: "a refresh token is barred until a fraction of a second is over", Run: fractionsOfBars, NeedsClock: true},
}

// clockOf is the time of the plugin.
func clockOf(h *Harness) time.Time {
	if h.Clock() != nil {
		return h.Clock().Now()
	}
	return time.Now()
}

// signed is a token of an upstream with these claims, as they are written.
func signed(up *upstreams.BTS, claims string) string {
	members := map[string]json.RawMessage{}
	if err := json.Unmarshal([]byte(claims), &members); err != nil {
		panic(err)
	}
	merged := map[string]any{}
	for name, value := range members {
		merged[name] = value
	}
	return up.Sign(merged)
}

func formsOfEnds(t *testing.T, h *Harness) {
	up := newBTS(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": btsConfig(up)})
	now := clockOf(h).Unix()
	allowed := upstreams.Reply{Body: `{"status":true}`}
	over := now - 501
	for i, exp := range []string{
		fmt.Sprint(over), fmt.Sprint(over, ".5"), fmt.Sprint(over, ".99999999999999999999"), fmt.Sprint(over, "00e-2"), fmt.Sprintf(`"%d.25"`, over),
		"0", "-0", "-0.0", "-1", "-1e9", "1e9", "1.7E+9", "1e-400", `"1.7e9"`, `"-1"`,
	} {
		token := signed(up, fmt.Sprintf(`{"sub":"x","jti":"over %d","exp":%s}`, i, exp))
		up.Answer(token, allowed) // whatever its own reader says
		h.Expect(401, Request{Route: "r", Headers: []string{bearer(token)}})
		expectCount(t, exp+": calls", up.CallsWith(token), 0)
	}
	marked := base64.RawURLEncoding.EncodeToString([]byte("\ufeff" + fmt.Sprintf(`{"sub":"x","exp":%d}`, over)))
	marked = "eyJhbGciOiJSUzI1NiJ9." + marked + ".c2ln"
	up.Answer(marked, allowed)
	h.Expect(401, Request{Route: "r", Headers: []string{bearer(marked)}})
	end := now + 600
	for i, exp := range []string{
		fmt.Sprint(end), fmt.Sprint(end, ".0"), fmt.Sprint(end, ".9"), fmt.Sprint(end, ".00000000000000000001"), fmt.Sprint(end, "00e-2"), fmt.Sprint(end, "E0"), fmt.Sprintf(`"%d"`, end),
	} {
		token := signed(up, fmt.Sprintf(`{"sub":"x","jti":"to come %d","iat":%d.5,"nbf":%d.5e0,"exp":%s}`, i, now-60, now-60, exp))
		up.Answer(token, allowed)
		for range 3 {
			r := h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}})
			if r.Seen != nil {
				expectEqual(t, exp+": X-Auth-Expires", r.Seen.Header.Get("X-Auth-Expires"), time.Unix(end, 0).UTC().Format(time.RFC3339))
			}
		}
		expectCount(t, exp+": calls", up.CallsWith(token), 1)
	}
	for _, within := range []string{"%d", "%d.75", `"%d.5"`, "%de0"} { // the leeway
		token := signed(up, fmt.Sprintf(`{"sub":"x","exp":`+within+`}`, clockOf(h).Unix()-20))
		up.Answer(token, allowed)
		for i := range 2 {
			r := h.Expect(200, Request{Route: "r", Headers: []string{bearer(token)}})
			expectCount(t, within+": calls", up.CallsWith(token), i+1)
			if r.Seen != nil && r.Seen.Header.Get("X-Auth-Expires") != "" {
				t.Errorf("%s: X-Auth-Expires in the past: %s", within, r.Seen.Header.Get("X-Auth-Expires"))
			}
		}
	}
}

func formsOfNone(t *testing.T, h *Harness) {
	up := newBTS(h.Clock())
	defer up.Close()
	ws := newWebService(h.Clock())
	defer ws.Close()
	h.Serve(Routes{"r": btsConfig(up), "service": webServiceConfig(ws)})
	h.Expect(200, Request{Route: "service", Headers: []string{bearer(issueToken(ws, "client"))}})
	for i, none := range []string{
		"1e400", "-1e400", "9223372036854775808", "9223372036854775807", "99999999999999999999", "4102444800000", "null", "true", "false", "[1000]", "[]", `{"value":1000}`,
		`""`, `"tomorrow"`, `" 1000"`, `"0x10"`, `"Inf"`, `"2026-01-01T00:00:00Z"`,
	} {
		for _, claim := range []string{"exp", "iat", "nbf"} {
			token := signed(up, fmt.Sprintf(`{"sub":"x","jti":"%s %d","%s":%s}`, claim, i, claim, none))
			up.Answer(token, upstreams.Reply{Body: `{"status":true}`})
			ws.Answer(token, upstreams.Reply{Body: `{"IsSuccess":true,"Data":{"UserName":"x"}}`})
			for calls := range 2 {
				for _, route := range []string{"r", "service"} {
					r := h.Expect(200, Request{Route: route, Headers: []string{bearer(token)}})
					if r.Seen != nil && r.Seen.Header.Get("X-Auth-Expires") != "" {
						t.Errorf("%s of %s: X-Auth-Expires %s", claim, none, r.Seen.Header.Get("X-Auth-Expires"))
					}
				}
				expectCount(t, claim+" of "+none+": calls", up.CallsWith(token)+ws.CallsWith(token), 2*calls+2)
			}
		}
	}
}

func fractionsOfBars(t *testing.T, h *Harness) {
	up := newLenientBTS(h.Clock())
	defer up.Close()
	raw := newRawServer(t)
	defer raw.Close()
	h.Serve(Routes{"login": issuerConfig("bts", up.URL), "r": btsConfig(up, "loginSecret", loginSecret)})
	h.Backend.ProxyTo("login", raw.URL)
	for i, form := range []string{"%d.9", `"%d.9"`, "%d.9e0"} {
		h.again(func(h *Harness, n int, by func(deadline time.Time)) {
			end := clockOf(h).Truncate(time.Second).Add(10 * time.Second)
			refresh := signed(up, fmt.Sprintf(`{"sub":"x","jti":"refresh %d %d","exp":`+form+`}`, i, n, end.Unix()))
			access := signed(up, fmt.Sprintf(`{"sub":"x","jti":"access %d %d","exp":%d}`, i, n, end.Unix()+3600))
			up.Answer(refresh, upstreams.Reply{Body: `{"status":true}`})
			raw.respondWith(wholeReply(`{"status":true,"status_code":200,"data":{"access_token":"` + access + `","refresh_token":"` + refresh + `"}}`))
			by(end.Add(900 * time.Millisecond))
			h.Do(Request{Route: "login", Method: "POST", Path: "/auth/login"})
			for _, before := range []time.Duration{9 * time.Second, 500 * time.Millisecond, -500 * time.Millisecond} {
				h.Pass(end, -before)
				h.Expect(401, Request{Route: "r", Headers: []string{bearer(refresh)}})
			}
			expectCount(h.t, form+": calls about the refresh token", up.CallsWith(refresh), 0)
			by(time.Time{})
			h.Expect(200, Request{Route: "r", Headers: []string{bearer(access)}})
		})
	}
}
