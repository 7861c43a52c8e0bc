package scenario

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// Forgeries: what somebody may try with a session's cookie, link and login.
var Forgeries = []Scenario{
	{Name: "a cookie that is not exactly ours lets nobody in", Play: forgedCookies},
	{Name: "a cookie of another route, secret or epoch is none", Play: foreignCookies},
	{Name: "no link leads to another site, or brings lines of its own", Play: oddLinks},
	{Name: "an issuer route teaches nothing that a client says", Play: taughtByClients},
}

func (b *browser) tries(what, cookies string, more ...string) {
	b.t.Helper()
	r := b.Do(Call{Route: b.route, Lines: append(more, cookies)})
	if r.Status != 401 || r.Seen != nil || r.Header.Get("Set-Cookie") != "" {
		b.Tally.wrongYes.Add(1)
		b.t.Errorf("%s: %d", what, r.Status)
	}
}

func forgedCookies(t *testing.T, g *Gate) {
	up := smsPanel(g.Clock())
	defer up.Close()
	g.Serve(Routes{"r": session(block("bearer", "ippanel", up.URL))})
	b, other := g.browser(t), g.browser(t)
	b.follow(303, up.IssueToken(Marker+"ali"))
	other.follow(303, up.IssueToken(Marker+"sara"))
	name, value, theirs := "Cookie: upstreamauth=", b.cookie.Value, other.cookie.Value
	calls := up.Calls()
	for i := range value {
		b.tries("cut", name+value[:i])
	}
	for i := 0; i < len(value); i += 7 {
		b.tries("one letter changed", name+value[:i]+string(rune('A'+(value[i]-'A'+1)%26))+value[i+1:])
		b.tries("two of them joined", name+value[:i]+theirs[i:][:1]+"-"+theirs[i:])
	}
	b.tries("doubled", name+value+"; upstreamauth="+value)
	b.tries("doubled, in two lines", name+value, name+theirs)
	b.tries("beside a sibling domain's", name+"forged; upstreamauth="+value)
	b.tries("oversized", name+value+strings.Repeat("A", 64<<10))
	b.tries("quoted", name+`"`+value+`"`)
	b.tries("encoded", name+strings.ReplaceAll(value, value[:1], "%41"))
	b.tries("under another name", "Cookie: Upstreamauth="+value)
	b.tries("in another header", "Cookie2: upstreamauth="+value)
	b.tries("as a token", "Authorization: Bearer "+value)
	b.tries("in the query", "X-Cookie: upstreamauth="+value)
	b.tries("an empty one", name)
	b.tries("a hundred thousand others", "Cookie: "+strings.Repeat("a=1;", 100_000)+" upstreamauth=x")
	counts(t, "for tokens that are none", up.Calls()-calls, 1) // the cookie as a token
	b.isIn(Marker + "ali")
	other.isIn(Marker + "sara")
	g.Serve(Routes{"r": session(block("bearer", "ippanel", up.URL, "lifetime", "2s"))})
	short := g.browser(t)
	short.follow(303, up.IssueToken(Marker+"ali"))
	g.Pass(2100 * time.Millisecond)
	b.tries("ended", name+short.cookie.Value)
}

func foreignCookies(t *testing.T, g *Gate) {
	up, another := smsPanel(g.Clock()), smsPanel(g.Clock())
	defer up.Close()
	defer another.Close()
	mine := session(block("bearer", "ippanel", up.URL))
	g.Serve(Routes{
		"r":         mine,
		"elsewhere": session(block("bearer", "ippanel", another.URL)),
		"secret":    session(block("bearer", "ippanel", up.URL), "secret", "env:UPSTREAMAUTH_SESSION_ANOTHER"),
		"epoch":     with(mine, "cache", map[string]any{"epoch": "2"}),
		"taught":    session(block("bearer", "ippanel", up.URL, "loginSecret", word)),
		"check":     session(block("bearer", "ippanel", up.URL, "path", "/api/acl/auth/check_token?x=1")),
		"no":        block("bearer", "ippanel", up.URL),
		"same":      with(mine, "cache", map[string]any{"negativeLifetime": "1s"}),
	})
	b := g.browser(t)
	b.follow(303, up.IssueToken(Marker+"ali"))
	for _, route := range []string{"elsewhere", "secret", "epoch", "taught", "check", "no"} {
		b.route = route
		b.tries(route, "Cookie: upstreamauth="+b.cookie.Value)
	}
	b.route = "same"
	b.isIn(Marker + "ali")
}

func oddLinks(t *testing.T, g *Gate) {
	up := smsPanel(g.Clock())
	defer up.Close()
	g.Serve(Routes{"r": session(block("bearer", "ippanel", up.URL), "redirect", "/welcome?from=panel")})
	token := up.IssueToken(Marker + "ali")
	for _, path := range []string{
		"/external-login?redirect=https://evil.test&token=" + token, "/external-login?token=" + token + "&next=//evil.test",
		"/external-login?token=" + token + "#@evil.test", "/external-login?%0d%0aSet-Cookie:x=1&token=" + token,
	} {
		r := g.browser(t).send(Call{Path: path, Lines: []string{"X-Forwarded-Host: evil.test", "Forwarded: host=evil.test", "X-Original-URL: //evil.test"}})
		if r.Status != 303 || len(r.Header["Location"]) != 1 || r.Header.Get("Location") != "/welcome?from=panel" || len(r.Header["Set-Cookie"]) != 1 {
			g.Tally.wrongYes.Add(1)
			t.Errorf("%s: %d, to %q", path[:20], r.Status, r.Header["Location"])
		}
	}
	for _, path := range []string{"/external-login/?token=" + token, "/external-login%2f?token=" + token, "/External-Login?token=" + token} {
		r := g.browser(t).send(Call{Path: path})
		if r.Status == 303 && r.Header.Get("Location") == "/welcome?from=panel" || r.Header.Get("Set-Cookie") != "" || r.Seen != nil {
			t.Errorf("%s: %d", path[:18], r.Status)
		}
	}
}

// taughtByClients: a login's request, whatever is in it, is not its reply.
func taughtByClients(t *testing.T, g *Gate) {
	up := courier(g.Clock())
	defer up.Close()
	s := newEntrance(t, g, "bts", up.URL, "path", "/v1/status/index")
	const forged = Marker + "forged"
	body := loginReply(forged, "")
	for _, lines := range [][]string{
		{"Content-Type: application/json"}, {"Content-Type: application/json", "Authorization: Bearer " + forged}, {"Content-Type: application/json", "Content-Encoding: gzip"},
	} {
		for _, path := range []string{"/auth/login", "/auth/refresh", "/auth/login?" + forged} {
			r := s.Do(Call{Route: "login", Method: "POST", Path: path, Lines: append(lines, "Accept: application/json"), Body: strings.NewReader(body)})
			if r.Status < 400 || r.Status > http.StatusUnprocessableEntity {
				t.Errorf("%s: %d", path, r.Status)
			}
			g.Expect(401, Call{Route: "r", Lines: []string{bearer(forged)}})
		}
	}
}

// Replicas has a session that begins at one gate go on at another, which shares
// its secret and nothing else.
func Replicas(t *testing.T, open, openAnother Opener) {
	backend := NewBackend(nil)
	defer backend.Close()
	first, err := open(backend.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	second, err := openAnother(backend.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	here, there := NewGate(t, first, backend), NewGate(t, second, backend)
	up := smsPanel(nil)
	defer up.Close()
	routes := Routes{"r": session(block("bearer", "ippanel", up.URL))}
	here.Serve(routes)
	there.Serve(routes)
	a, b := here.browser(t), there.browser(t)
	token := up.IssueToken(Marker + "ali")
	a.follow(303, token)
	b.cookie = a.cookie
	b.isIn(Marker + "ali")
	counts(t, "each asks once", up.CallsWith(token), 2)
	if r := b.send(Call{Method: "POST", Path: "/logout", Lines: []string{"Origin: http://r.test"}}); r.Status != 303 || b.cookie != nil {
		t.Errorf("the logout: %d", r.Status)
	}
	b.isOut()
	there.Serve(Routes{"r": session(block("bearer", "ippanel", up.URL), "secret", "env:UPSTREAMAUTH_SESSION_ANOTHER")})
	a.follow(303, up.IssueToken(Marker+"ali"))
	b.cookie = a.cookie
	b.isOut()
	Unmarked(t, first.Logs()+second.Logs())
}
