package scenario

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// stepStatus looks at all that the status route shows.
func stepStatus(f *panicFixture) {
	up, issue := f.newWebService()
	defer up.Close()
	token := f.unique("status-token")
	f.apply(Routes{
		"r": with(webServiceConfig(up), "optional", true), "issuer": issuerConfig("bts", up.URL), "fault": {"bearer": "nonsense"},
		"status": statusConfig("status", map[string]any{"token": token}),
	})
	one, user := issue()
	for range 2 {
		f.expect(200, user, getRequest("r", bearer(one)))
	}
	f.expect(200, "", getRequest("r"))
	if f.advance(61 * time.Second) {
		f.expect(200, user, getRequest("r", bearer(one), "X-Never-Seen: before"))
	}
	for _, path := range []string{"/", "/metrics", "/status"} {
		f.askStatus(200, "GET", path, "", bearer(token))
	}
}

// stepStatusDoor comes to the status route in every way, most of them closed.
func stepStatusDoor(f *panicFixture) {
	token := f.unique("status-token")
	f.apply(Routes{"status": statusConfig("status", map[string]any{"token": token})})
	page := "Accept: text/html"
	for _, path := range []string{"/", "/metrics", "/status"} {
		f.askStatus(401, "GET", path, "", page)
	}
	f.askStatus(400, "GET", "/?token=x", "")
	f.askStatus(303, "GET", "/ops", "", bearer(token), page)
	f.askStatus(404, "GET", "/other", "", bearer(token))
	f.askStatus(405, "GET", "/forget", "", bearer(token))
	f.askStatus(403, "POST", "/", "token="+token, "Sec-Fetch-Site: cross-site")
	f.askStatus(401, "POST", "/", "token=wrong", "Sec-Fetch-Site: same-origin", page)
	login := f.askStatus(303, "POST", "/", "token="+token, "Sec-Fetch-Site: same-origin")
	cookie := "Cookie: " + strings.Split(login.Header.Get("Set-Cookie"), ";")[0]
	if login.Status == 303 {
		f.askStatus(200, "GET", "/", "", cookie)
		f.askStatus(303, "POST", "/logout", "", cookie, "Sec-Fetch-Site: same-origin")
	}
	for _, body := range []string{"", `{"beaer": "x"}`, `{"bearer": 1}`, `{"basic": "x"}`} {
		f.askStatus(400, "POST", "/forget", body, bearer(token))
	}
}

// stepForget has something forgotten by each subject.
func stepForget(f *panicFixture) {
	up, issue := f.newWebService()
	defer up.Close()
	tu := newThammasat(f.Clock())
	defer tu.Close()
	token := f.unique("status-token")
	f.apply(Routes{
		"r": webServiceConfig(up), "basic": basicConfig(tu), "key": routeConfig("applicationKey", "thammasat", tu.URL, "account", true),
		"status": statusConfig("status", map[string]any{"token": token}),
	})
	one, user := issue()
	f.expect(200, user, getRequest("r", bearer(one)))
	f.expect(200, "", getRequest("basic", basic(student, password)))
	f.expect(200, "", getRequest("key", key(validKey), basic(student, password)))
	for _, body := range []string{
		fmt.Sprintf(`{"bearer": %q}`, one), fmt.Sprintf(`{"applicationKey": %q}`, validKey), fmt.Sprintf(`{"basic": {"username": %q, "password": %q}}`, student, password),
		fmt.Sprintf(`{"account": %q}`, user), `{"api": "webservice"}`,
	} {
		f.askStatus(200, "POST", "/forget", body, bearer(token))
		f.expect(200, user, getRequest("r", bearer(one)))
	}
	two, second := issue()
	stepForgetMeanwhile(f, up, two, func() {
		f.askStatus(200, "POST", "/forget", fmt.Sprintf(`{"account": %q}`, second), bearer(token))
	})
	f.expect(200, second, getRequest("r", bearer(two)))
}

// stepForgetMeanwhile has a token asked about while its user is forgotten.
func stepForgetMeanwhile(f *panicFixture, up *upstreams.WebService, token string, forget func()) {
	release := up.Hold()
	done := make(chan bool)
	go func() {
		defer close(done)
		_, _ = f.Try(getRequest("r", bearer(token)))
	}()
	forget()
	release()
	<-done
}

// askStatus asks the status route; what it answers may be spoilt by a panic, and may not be
// a 200 in the place of anything else.
func (f *panicFixture) askStatus(status int, method, path, body string, lines ...string) Response {
	f.t.Helper()
	r, err := f.Try(Request{Route: "status", Method: method, Path: path, Body: strings.NewReader(body), Headers: lines})
	if err != nil || r.Status != status && !(f.enabled && r.Status == http.StatusInternalServerError) {
		f.t.Errorf("%s %s: %d %v, want %d", method, path, r.Status, err, status)
	}
	if status != 200 && r.Status == 200 {
		f.Counters.falseAccepts.Add(1)
	}
	return r
}
