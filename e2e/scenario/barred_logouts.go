package scenario

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// logoutFixture is a panel with routes of three scopes, the first with a session.
type logoutFixture struct {
	*Harness
	up *upstreams.IPPanel
}

func newLogoutFixture(h *Harness) *logoutFixture {
	up := newSMSPanel(h.Clock())
	h.Serve(Routes{
		"r":       with(sessionConfig(routeConfig("bearer", "ippanel", up.URL, "timeout", "20s")), "log", "info"),
		"hasty":   with(sessionConfig(routeConfig("bearer", "ippanel", up.URL, "timeout", "1s")), "log", "info"),
		"secret":  routeConfig("bearer", "ippanel", up.URL, "timeout", "20s", "loginSecret", loginSecret),
		"another": routeConfig("bearer", "ippanel", up.URL, "timeout", "20s", "loginSecret", otherLoginSecret),
		"login":   issuerConfig("ippanel", up.URL),
	})
	return &logoutFixture{Harness: h, up: up}
}

func (f *logoutFixture) logout(b *browser) Response {
	return b.send(Request{Method: "POST", Path: "/logout", Headers: []string{"Origin: http://" + b.route + ".test"}})
}

// panelLogoutLine is what the log says where the panel could not be told.
const panelLogoutLine = "its logout could not be called"

// expectLogoutLines expects so many of those lines, once they are written.
func (f *logoutFixture) expectLogoutLines(what string, want int) {
	f.t.Helper()
	count := func() int { return strings.Count(f.Logs(), panelLogoutLine) }
	waitFor(f.t, what+": the log lines", func() bool { return count() >= want })
	expectCount(f.t, what+": log lines", count(), want)
}

func unconfirmedLogout(t *testing.T, h *Harness) {
	f := newLogoutFixture(h)
	defer f.up.Close()
	token := f.up.IssueToken(Marker + "ali")
	b := h.newBrowser(t)
	b.followLink(303, token)
	copied := *b.cookie
	h.Advance(time.Second) // ten lines are written in a second, those of an earlier scenario included
	for _, route := range []string{"r", "secret", "another"} {
		for range 2 {
			h.Expect(200, Request{Route: route, Headers: []string{bearer(token)}})
		}
	}
	f.up.AnswerAll(&upstreams.Reply{Status: 500})
	h.newSecond()
	if r := f.logout(b); r.Status != 303 || b.cookie != nil {
		t.Errorf("the logout: %d", r.Status)
	}
	expectCount(t, "calls of the panel's logout", f.up.CallsTo(panelLogout), 1)
	f.expectLogoutLines("of the logout", 1)
	f.up.AnswerAll(nil) // the panel holds the token valid
	calls := f.up.Calls()
	for range 3 {
		b.cookie = &copied
		b.expectLoggedOut()
		if r := f.logout(b); r.Status != 303 || b.cookie != nil {
			t.Errorf("the logout of a copied cookie: %d", r.Status)
		}
		for _, route := range []string{"r", "secret", "another"} {
			h.Expect(401, Request{Route: route, Headers: []string{bearer(token)}})
		}
	}
	b.followLink(401, token)
	expectCount(t, "calls after the logout", f.up.Calls()-calls, 0)
	f.expectLogoutLines("of copied cookies", 1)
	b.followLink(303, f.up.IssueToken(Marker+"ali"))
	b.expectUser(Marker + "ali")
}

func toldLogouts(t *testing.T, h *Harness) {
	f := newLogoutFixture(h)
	defer f.up.Close()
	b := h.newBrowser(t)
	lines := 0
	h.Advance(time.Second) // ten lines are written in a second, those of other routes included
	const documented = `{"data":null,"meta":{"status":%s,"message":"x","message_code":%q}}`
	for _, c := range []struct {
		name  string
		reply upstreams.Reply
		told  bool
	}{
		{"its documented success", upstreams.Reply{Body: fmt.Sprintf(documented, "true", "200-1")}, true},
		{"that it does not know the token", upstreams.Reply{Status: 401, Body: fmt.Sprintf(documented, "false", "400-1")}, true},
		{"that, with 200", upstreams.Reply{Body: fmt.Sprintf(documented, "false", "400-1")}, true},
		{"500", upstreams.Reply{Status: 500, Body: fmt.Sprintf(documented, "true", "200-1")}, false},
		{"429", upstreams.Reply{Status: 429, Body: fmt.Sprintf(documented, "false", "429-1")}, false},
		{"an empty 200", upstreams.Reply{}, false},
		{"a 200 of something else", upstreams.Reply{Body: `{"ok":true}`}, false},
		{"a 200 that denies", upstreams.Reply{Body: fmt.Sprintf(documented, "false", "403-1")}, false},
		{"the 401 of something else", upstreams.Reply{Status: 401, Body: `{"error":"unauthorized"}`}, false},
		{"a redirect", upstreams.Reply{Status: 302, Header: map[string]string{"Location": "/login"}}, false},
		{"no response in time", upstreams.Reply{Until: make(chan struct{})}, false},
		{"a success that a cache has stored", upstreams.Reply{Header: map[string]string{"Age": "3"}, Body: fmt.Sprintf(documented, "true", "200-1")}, false},
		{"a denial that a cache has stored", upstreams.Reply{Status: 401, Header: map[string]string{"X-Cache": "HIT"}, Body: fmt.Sprintf(documented, "false", "400-1")}, false},
	} {
		token := f.up.IssueToken(Marker + "ali")
		b.followLink(303, token)
		copied := *b.cookie
		f.up.AnswerAll(&c.reply)
		if c.reply.Until != nil {
			b.route = "hasty" // the same sessions
		}
		if r := f.logout(b); r.Status != 303 || b.cookie != nil {
			t.Errorf("%s: %d", c.name, r.Status)
		}
		f.up.AnswerAll(nil)
		b.route = "r"
		if !c.told {
			lines++
		}
		f.expectLogoutLines(c.name, lines)
		b.cookie = &copied
		b.expectLoggedOut()
		b.cookie = nil
		h.Advance(100 * time.Millisecond)
	}
}

func logoutElsewhere(t *testing.T, h *Harness) {
	f := newLogoutFixture(h)
	defer f.up.Close()
	for _, route := range []string{"r", "secret", "another"} {
		h.Expect(200, Request{Route: route, Headers: []string{bearer(f.up.IssueToken(Marker + "sara"))}})
	}
	token := f.up.IssueToken(Marker + "ali")
	b := h.newBrowser(t)
	b.followLink(303, token)
	calls := f.up.CallsWith(token)
	loggedOut := make(chan struct{})
	f.up.Answer(token, upstreams.Reply{Until: loggedOut, Body: `{"data":{"user_name":"x"},"meta":{"status":true,"message_code":"200-1"}}`})
	late := make(chan Response, 2)
	for _, route := range []string{"secret", "another"} {
		go func() {
			r, _ := h.Try(Request{Route: route, Headers: []string{bearer(token)}})
			late <- r
		}()
	}
	waitFor(t, "the lookups have begun", func() bool { return f.up.CallsWith(token) == calls+2 })
	f.up.Unscript(token)
	f.up.AnswerAll(&upstreams.Reply{Status: 503})
	f.logout(b)
	f.up.AnswerAll(nil)
	close(loggedOut)
	for range 2 {
		if r := <-late; r.Status == 200 || r.Seen != nil {
			h.Counters.falseAccepts.Add(1)
			t.Errorf("the late answer is used: %d", r.Status)
		}
	}
	for _, route := range []string{"r", "secret", "another"} {
		h.Expect(401, Request{Route: route, Headers: []string{bearer(token)}})
	}
}

func loginAfterLogout(t *testing.T, h *Harness) {
	f := newLogoutFixture(h)
	defer f.up.Close()
	raw := newRawServer(t)
	defer raw.Close()
	h.Backend.ProxyTo("login", raw.URL)
	token := f.up.IssueToken(Marker + "ali")
	b := h.newBrowser(t)
	b.followLink(303, token)
	f.up.AnswerAll(&upstreams.Reply{Status: 503})
	f.logout(b)
	f.up.AnswerAll(nil)
	raw.respondWith(wholeReply(`{"data":{"method":"login","token":"` + token + `"},"meta":{"status":true,"message_code":"200-1"}}`))
	h.Do(Request{Route: "login", Method: "POST", Path: "/v1" + panelAuth + "login"})
	h.Expect(200, Request{Route: "secret", Headers: []string{bearer(token)}})
	h.Expect(401, Request{Route: "r", Headers: []string{bearer(token)}})
	h.Expect(401, Request{Route: "another", Headers: []string{bearer(token)}})
}
