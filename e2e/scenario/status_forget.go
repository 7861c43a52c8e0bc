package scenario

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// forget has something forgotten by the token, and compares how many answers that were: all
// of them are this scenario's, unless others were played in the same process before, which
// have the same accounts.
func (h *Harness) forget(t testing.TB, want int, body string) {
	t.Helper()
	r := h.Do(Request{Route: "status", Path: "/ops/forget", Method: http.MethodPost, Body: strings.NewReader(body), Headers: []string{bearer(statusToken)}})
	var got struct{ Forgotten int }
	err := json.Unmarshal([]byte(r.Body), &got)
	own, inProcess := h.Level.(*inProcess)
	exact := want == 0 || inProcess && !own.shared
	if r.Status != 200 || err != nil || got.Forgotten < want || exact && got.Forgotten != want {
		t.Errorf("%d %s, want %d", r.Status, r.Body, want)
	}
}

func forgotten(t *testing.T, h *Harness) {
	web, tu := newWebService(h.Clock()), newThammasat(h.Clock())
	defer web.Close()
	defer tu.Close()
	h.Serve(Routes{
		"web": webServiceConfig(web), "basic": basicConfig(tu), "key": routeConfig("applicationKey", "thammasat", tu.URL, "account", true), "status": statusConfig(),
	})
	ali, sara := issueToken(web, "ali"), issueToken(web, "sara")
	all := func() {
		t.Helper()
		h.Expect(200, getRequest("web", bearer(ali)))
		h.Expect(200, getRequest("web", bearer(sara)))
		h.Expect(200, getRequest("basic", basic(student, password)))
		h.Expect(200, getRequest("basic", basic(employee, password)))
		h.Expect(200, getRequest("key", key(validKey), basic(student, password)))
		h.Expect(200, getRequest("key", key(validKey), basic(employee, password)))
	}
	calls := func() int { return len(web.Requests()) + len(tu.Requests()) }
	// asked is how many questions all cause after something was forgotten.
	asked := func(count, want int, body string) {
		t.Helper()
		h.forget(t, count, body)
		before := calls()
		all()
		expectCount(t, "questions after "+body[:8], calls()-before, want)
	}
	all()
	all()
	asked(1, 1, fmt.Sprintf(`{"bearer": %q}`, ali))
	asked(2, 2, fmt.Sprintf(`{"applicationKey": %q}`, validKey))
	asked(1, 1, fmt.Sprintf(`{"basic": {"username": %q, "password": %q}}`, student, password))
	asked(2, 2, fmt.Sprintf(`{"account": %q}`, strings.ToUpper(employee)))
	asked(0, 0, fmt.Sprintf(`{"account": %q}`, Marker+"nobody"))
	asked(2, 2, `{"api": "webservice"}`)
	asked(4, 4, `{"api": "thammasat"}`)
}

func forgottenMeanwhile(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": webServiceConfig(up), "status": statusConfig()})
	h.Expect(200, getRequest("r", bearer(issueToken(up, "first")))) // the canary is done
	for i, subject := range []string{"bearer", "account", "api"} {
		token := issueToken(up, fmt.Sprint("client", i))
		value := map[string]string{"bearer": token, "account": Marker + fmt.Sprint("client", i), "api": "webservice"}[subject]
		release := up.Hold()
		got := make(chan int, 1)
		go func() {
			r, err := h.Try(getRequest("r", bearer(token)))
			if err != nil {
				t.Error(err)
			}
			got <- r.Status
		}()
		waitFor(t, "the call is under way", func() bool { return up.CallsWith(token) == 1 })
		r := h.Do(Request{Route: "status", Path: "/forget", Method: http.MethodPost, Body: strings.NewReader(fmt.Sprintf(`{%q: %q}`, subject, value)), Headers: []string{bearer(statusToken)}})
		if r.Status != 200 {
			t.Errorf("%d %s", r.Status, r.Body)
		}
		release()
		if status := <-got; status != 500 {
			t.Errorf("by %s: a flight that began before got %d", subject, status)
			h.Counters.falseAccepts.Add(1)
		}
		h.Expect(200, getRequest("r", bearer(token)))
		expectCount(t, "calls", up.CallsWith(token), 2)
	}
}
