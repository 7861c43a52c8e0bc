package browser

import (
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/upstreamauth/upstreamauth/e2e/scenario"
)

func TestABrowserIsCarriedAcrossAndTheTokenStaysBehind(t *testing.T) {
	s, err := start(map[string]any{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.stop()
	t.Run("without TLS", func(t *testing.T) { journey(t, s, s.plain(), false) })
	t.Run("with TLS at Traefik", func(t *testing.T) { journey(t, s, s.secure, true) })
	scenario.Unmarked(t, strings.ReplaceAll(s.server.Logs(), "MARKER-not-yours", ""))
}

func journey(t *testing.T, s *site, address string, secure bool) {
	name := map[bool]string{false: "plain", true: "secure"}[secure]
	ali, sara := s.up.IssueToken(scenario.Marker+"ali"), s.up.IssueToken(scenario.Marker+"sara")
	link := func(token string) string { return address + "/external-login?token=" + token }
	v := newVisitor(t, name)
	if status := v.opens(address + "/"); status != 401 {
		t.Fatalf("before the hand-off: %d", status)
	}
	v.shoots("asked")
	if status := v.follows(s, link(ali)); status != 200 {
		t.Fatalf("after the hand-off: %d", status)
	}
	v.shoots("carried across")
	in := func(user, path string) {
		t.Helper()
		if text := v.reads(); !strings.Contains(text, "Hello, "+user) {
			t.Fatalf("the page says %q", text)
		}
		if at := v.knows(ali, sara); at != address+path {
			t.Errorf("the address bar says %s", at)
		}
	}
	in("ali", "/welcome")
	cookie := flags(t, v.cookies(), secure)

	v.do(chromedp.Reload())
	in("ali", "/welcome")
	if status := v.clicks("#next"); status != 200 {
		t.Errorf("a link: %d", status)
	}
	in("ali", "/next")

	if status := v.follows(s, link(sara)); status != 200 {
		t.Errorf("another user's link: %d", status)
	}
	in("ali", "/welcome")
	v.shoots("another user's link")
	if again := flags(t, v.cookies(), secure); again.Value != cookie.Value {
		t.Error("another user's link changed the cookie")
	}

	if status := replay(t, s.server.URL, host, cookie); status != 200 {
		t.Errorf("the cookie, before the logout: %d", status)
	}
	before := s.up.CallsTo("/v1/api/acl/auth/logout")
	if status := v.clicks("#out"); status != 401 {
		t.Errorf("after the logout: %d", status)
	}
	v.shoots("logged out")
	if left := v.cookies(); len(left) != 0 {
		t.Errorf("%d cookies are left", len(left))
	}
	if calls := s.up.CallsTo("/v1/api/acl/auth/logout"); calls != before+1 {
		t.Errorf("the upstream's logout was called %d times", calls-before)
	}
	if status := replay(t, s.server.URL, host, cookie); status != 401 {
		t.Errorf("the cookie, after the logout: %d", status)
	}
	if status := v.opens(address + "/welcome"); status != 401 {
		t.Errorf("asked again: %d", status)
	}
	told := s.told()
	for _, secret := range []string{ali, sara, cookie.Value, "external-login"} {
		if strings.Contains(told, secret) {
			t.Errorf("a server was told of a token, a cookie or a hand-off")
		}
	}
	if !strings.Contains(told, "Referer") {
		t.Error("no server was told a Referer: nothing is shown by its absence")
	}
}

// flags looks at the one cookie that there is to be.
func flags(t *testing.T, all []*network.Cookie, secure bool) *network.Cookie {
	t.Helper()
	if len(all) != 1 {
		t.Fatalf("%d cookies", len(all))
	}
	c := all[0]
	if c.Name != "upstreamauth" || c.Domain != host || c.Path != "/" || !c.HTTPOnly || c.Secure != secure || c.SameSite != network.CookieSameSiteLax || c.Session {
		t.Errorf("%s of %s%s: HttpOnly %t, Secure %t, SameSite %s, of the session %t", c.Name, c.Domain, c.Path, c.HTTPOnly, c.Secure, c.SameSite, c.Session)
	}
	return c
}

// The readme's advice, in both formats of Traefik's access log.
func TestTheHandOffsTokenCanBeKeptOutOfTheAccessLog(t *testing.T) {
	withoutQueries := map[string]any{"names": map[string]any{"RequestPath": "drop", "RequestLine": "drop"}}
	for _, format := range []string{"json", "common"} {
		for _, advised := range []bool{false, true} {
			log := map[string]any{"filePath": t.TempDir() + "/access.log", "format": format}
			if advised {
				log["fields"] = withoutQueries
			}
			text, token := visit(t, log)
			if told := strings.Contains(text, token); told == advised {
				t.Errorf("%s, as advised %t: the log holds the token: %t", format, advised, told)
			}
			if !strings.Contains(text, "303") {
				t.Errorf("%s, as advised %t: the log does not tell of the hand-off", format, advised)
			}
		}
	}
}

// visit has a browser come by a hand-off, and returns the access log and the token.
func visit(t *testing.T, log map[string]any) (text, token string) {
	s, err := start(map[string]any{"accessLog": log})
	if err != nil {
		t.Fatal(err)
	}
	token = s.up.IssueToken(scenario.Marker + "ali")
	v := newVisitor(t, "log")
	v.follows(s, s.plain()+"/external-login?token="+token)
	v.clicks("#next")
	s.stop()
	written, err := os.ReadFile(log["filePath"].(string))
	if err != nil {
		t.Fatal(err)
	}
	return string(written), token
}
