package scenario

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// forgottenElsewhere has something forgotten at the first replica, by each subject: the second
// asks again, one that starts later takes nothing from Redis, and what it is not about stays
// known.
func forgottenElsewhere(t testing.TB, f *Fleet) {
	web, tu := newWebService(f.Clock()), newThammasat(f.Clock())
	defer web.Close()
	defer tu.Close()
	routes := f.shareAll(Routes{
		"web": webServiceConfig(web), "basic": basicConfig(tu), "key": routeConfig("applicationKey", "thammasat", tu.URL, "account", true),
	})
	routes["status"] = statusConfig()
	f.serve(routes)
	ali, sara := issueToken(web, "ali"), issueToken(web, "sara")
	token := func(value string) known {
		return known{getRequest("web", bearer(value)), func() int { return web.CallsWith(value) }}
	}
	account := known{getRequest("basic", basic(student, password)), func() int { return tu.CallsWith(student + ":" + password) }}
	// What is kept is never forgotten before: an answer that came shortly after that may be asked
	// for once more, since clocks differ.
	other := known{getRequest("basic", basic(employee, password)), func() int { return tu.CallsWith(employee + ":" + password) }}
	paired := known{getRequest("key", key(validKey), basic(student, password)), account.calls}
	for _, c := range []struct {
		body string
		ends []known
		kept known
	}{
		{fmt.Sprintf(`{"bearer": %q}`, ali), []known{token(ali)}, token(sara)},
		{fmt.Sprintf(`{"account": %q}`, Marker+"ALI"), []known{token(ali)}, token(sara)},
		{fmt.Sprintf(`{"basic": {"username": %q, "password": %q}}`, student, password), []known{account}, token(sara)},
		{fmt.Sprintf(`{"applicationKey": %q}`, validKey), []known{paired}, other},
		{`{"api": "webservice"}`, []known{token(ali), token(sara)}, other},
	} {
		for _, h := range f.Replicas[:2] {
			for _, k := range append(c.ends, c.kept) {
				h.Expect(200, k.request)
			}
		}
		f.listens(2)
		f.pass(3 * time.Second) // clocks may differ by two
		before := c.kept.calls()
		r := f.Do(Request{Route: "status", Path: "/forget", Method: http.MethodPost, Body: strings.NewReader(c.body), Headers: []string{bearer(statusToken)}})
		if r.Status != 200 || r.Body == `{"forgotten":0}` {
			t.Errorf("%s: %d %s", c.body[:8], r.Status, r.Body)
		}
		for _, k := range c.ends {
			f.askedAgain(t, k, c.body[:8])
		}
		for _, h := range f.Replicas[:2] {
			h.Expect(200, c.kept.request)
		}
		expectCount(t, "questions about what was kept", c.kept.calls(), before)
	}
	f.pass(3 * time.Second)
	if !strings.Contains(f.statusOf(t, "metrics"), "upstreamauth_shared_request_duration_seconds_count ") {
		t.Error("no batches are counted")
	}
}

// known is a request whose credential replicas know, and how often it was asked about.
type known struct {
	request Request
	calls   func() int
}

// askedAgain waits until the second replica has heard that something was forgotten, and the
// first one, which forgot it, asks again too.
func (f *Fleet) askedAgain(t testing.TB, k known, what string) {
	t.Helper()
	waitFor(t, "the second replica asks again after "+what, func() bool {
		calls := k.calls()
		r := f.other().Do(k.request)
		if r.Status == 500 {
			return false // a call that was under way when it heard
		}
		if r.Status != 200 {
			t.Errorf("status %d", r.Status)
		}
		return k.calls() > calls
	})
	calls := k.calls()
	f.Expect(200, k.request)
	expectCount(t, "questions of the first one, which forgot", k.calls()-calls, 1)
}

// forgottenBeforeStart has everything of an account, and of an API, forgotten before another
// replica starts: what lies in Redis allows nobody there.
func forgottenBeforeStart(t testing.TB, f *Fleet) {
	up := newWebService(f.Clock())
	defer up.Close()
	routes := f.shareAll(Routes{"r": webServiceConfig(up)})
	routes["status"] = statusConfig()
	f.serve(routes)
	ali, sara := issueToken(up, "ali"), issueToken(up, "sara")
	forget := func(body string) {
		t.Helper()
		f.pass(3 * time.Second)
		r := f.Do(Request{Route: "status", Path: "/forget", Method: http.MethodPost, Body: strings.NewReader(body), Headers: []string{bearer(statusToken)}})
		if r.Status != 200 || r.Body == `{"forgotten":0}` {
			t.Errorf("%d %s", r.Status, r.Body)
		}
	}
	expect := func(h *Harness, token string, questions int) {
		t.Helper()
		calls := up.CallsWith(token)
		h.Expect(200, getRequest("r", bearer(token)))
		expectCount(t, "questions", up.CallsWith(token)-calls, questions)
	}
	expect(f.Harness, ali, 1)
	expect(f.Harness, sara, 1)
	f.written("e", 2)
	forget(fmt.Sprintf(`{"account": %q}`, Marker+"ali"))
	f.written("a", 1)
	second := f.openFreshWith(routes)
	expect(second, ali, 1)
	expect(second, sara, 0)
	forget(`{"api": "webservice"}`) // of which the first one knows sara alone
	f.written("w", 1)
	third := f.openFreshWith(routes)
	expect(third, sara, 1)
	expect(third, ali, 1)
}
