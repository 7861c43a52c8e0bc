package scenario

import (
	"slices"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

func lateAllowElsewhere(t testing.TB, f *Fleet) {
	up := newSMSPanel(f.Clock())
	defer up.Close()
	login := f.logins("ippanel", up.URL, []any{"timeout", "20s"})
	other := f.other()
	other.Expect(200, getRequest("r", bearer(login.login(up, Marker+"ali"))))
	f.listens(2)
	token, next := login.login(up, Marker+"ali"), login.login(up, Marker+"sara")
	other.Expect(200, getRequest("r", bearer(next)))
	told := make(chan struct{})
	up.Answer(token, upstreams.Reply{Until: told, Body: `{"data":{"user_name":"x"},"meta":{"status":true,"message_code":"200-1"}}`})
	late := make(chan Response, 1)
	go func() {
		r, _ := other.Try(getRequest("r", bearer(token)))
		late <- r
	}()
	waitFor(t, "the lookup has begun", func() bool { return up.CallsWith(token) == 1 })
	up.Unscript(token)
	for _, ended := range []string{token, next} {
		login.post(200, panelAuth+"logout", nil, "Authorization: "+ended)
	}
	f.feltAfter(other, next, time.Now(), mostFelt) // what is told is heard in its order, so the first logout was heard
	close(told)
	if r := <-late; r.Status == 200 || r.Seen != nil {
		other.Counters.falseAccepts.Add(1)
		t.Errorf("the late answer is used: %d", r.Status)
	}
	time.Sleep(100 * time.Millisecond)
	routes := f.shareAll(Routes{"r": routeConfig("bearer", "ippanel", up.URL, "loginSecret", loginSecret)})
	for _, h := range append(slices.Clone(f.Replicas), f.openFreshWith(routes)) {
		h.Expect(401, getRequest("r", bearer(token)))
	}
}
