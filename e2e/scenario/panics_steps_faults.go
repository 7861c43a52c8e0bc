package scenario

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/floods"
	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// The steps with an upstream that cannot be reached or breaks off, and with requests and
// replies that are too large for the usual way of reading them.

// stepCircuit opens the circuit by refused connections, and has a trial close it.
func stepCircuit(f *panicFixture) {
	up, issue := f.newWebService()
	defer up.Close()
	proxy := upstreams.NewFaultProxy(up.URL, nil)
	defer proxy.Close()
	f.apply(Routes{"r": routeConfig("bearer", "webservice", proxy.URL, "path", up.Path())})
	token, user := issue()
	f.expect(200, user, getRequest("r", bearer(token)))
	proxy.Inject(&upstreams.Fault{Refused: true})
	for range 7 { // one more than open it: a panic may have kept one from being counted
		f.expect(500, "", getRequest("r", bearer(f.unique("invalid"))))
	}
	f.expect(200, user, getRequest("r", bearer(token)))
	if f.advance(11 * time.Second) {
		f.expect(500, "", getRequest("r", bearer(f.unique("invalid")))) // the trial fails
	}
	proxy.Inject(nil)
	if !f.advance(11 * time.Second) {
		return
	}
	for range 3 {
		token, user := issue()
		f.expect(200, user, getRequest("r", bearer(token)))
	}
}

// stepHTTP2 has an upstream that speaks HTTP/2, and breaks off one response.
func stepHTTP2(f *panicFixture) {
	broken := f.unique("broken")
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		switch {
		case token == broken:
			panic(http.ErrAbortHandler)
		case !strings.HasPrefix(token, Marker+"user"):
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"status":"error","message":"x","code":401}`))
		default:
			_, _ = fmt.Fprintf(w, `{"IsSuccess":true,"Data":{"UserName":%q,"Id":7}}`, token)
		}
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	f.apply(Routes{"r": routeConfig("bearer", "webservice", server.URL, "path", "/", "timeout", "5s", "tls", map[string]any{"insecureSkipVerify": "true"})})
	user := f.unique("user")
	f.expect(200, user, getRequest("r", bearer(user)))
	f.expect(500, "", getRequest("r", bearer(broken)))
	user = f.unique("user")
	f.expect(200, user, getRequest("r", bearer(user)))
}

// stepCutOff has lookups that end by their timeout while the upstream is asked.
func stepCutOff(f *panicFixture) {
	up, issue := f.newWebService()
	defer up.Close()
	timeout := "300ms"
	if !f.enabled {
		timeout = "1500ms" // the first lookup has to succeed
	}
	f.apply(Routes{"r": webServiceConfig(up, "timeout", timeout)})
	token, user := issue()
	f.expect(200, user, getRequest("r", bearer(token)))
	release := up.Hold()
	var all sync.WaitGroup
	for range 4 {
		line := bearer(f.unique("invalid"))
		all.Go(func() { f.expect(500, "", getRequest("r", line)) })
	}
	all.Wait()
	time.Sleep(20 * time.Millisecond) // the lookup ends at the same instant as its callers
	release()
	f.expect(200, user, getRequest("r", bearer(token)))
}

// stepAllConnections has as many lookups as may be, of several clients, and the canary's
// call beside them.
func stepAllConnections(f *panicFixture) {
	up, issue := f.newWebService()
	defer up.Close()
	f.apply(Routes{"r": with(webServiceConfig(up, "timeout", "5s"), "limits", map[string]any{"clientDepth": 1})})
	token, user := issue()
	f.expect(200, user, getRequest("r", bearer(token)))
	f.advance(11 * time.Minute) // the canary's call is due again
	before, release := up.Calls(), up.Hold()
	var all sync.WaitGroup
	for i := range 72 {
		line, from := bearer(f.unique("invalid")), fmt.Sprint("X-Forwarded-For: 192.0.2.", i)
		all.Go(func() { f.expect(401, "", getRequest("r", line, from)) })
	}
	for begun := time.Now(); up.Calls() < before+64 && time.Since(begun) < 3*time.Second; {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(20 * time.Millisecond) // one more waits for a connection
	release()
	all.Wait()
	token, user = issue()
	f.expect(200, user, getRequest("r", bearer(token)))
}

// stepLarge brings requests with too many headers, and replies that are read by
// compiled code.
func stepLarge(f *panicFixture) {
	up, issue := f.newWebService()
	defer up.Close()
	f.apply(Routes{"r": webServiceConfig(up)})
	token, user := issue()
	f.expect(200, user, getRequest("r", bearer(token)))
	f.expect(431, "", getRequest("r", floods.Repeat(17, bearer(token))...))
	f.expect(431, "", getRequest("r", append(floods.Count(201, "X-Name-%d: x"), bearer(token))...))
	for _, more := range []string{
		strings.Repeat("0,", 200) + "0", strings.Repeat("[1,[2]],", 60) + "0", `"\ud83d",` + strings.Repeat("0,", 200) + "0",
	} {
		large := f.unique("large")
		up.Answer(large, upstreams.Reply{Body: fmt.Sprintf(`{"IsSuccess":true,"Data":{"UserName":%q,"Id":7,"More":[%s]}}`, large, more)})
		f.expect(200, large, getRequest("r", bearer(large)))
	}
	panel := newIPPanel(f.Clock())
	defer panel.Close()
	f.apply(Routes{"panel": routeConfig("bearer", "ippanel", panel.URL)})
	unprocessable := f.unique("unprocessable")
	panel.Answer(unprocessable, upstreams.Reply{Status: 422, Body: `{"data":[` + strings.Repeat("0,", 200) +
		`0],"meta":{"status":false,"message":"no","message_code":"400-2","errors":{"otp":["x","y"]}}}`})
	f.expect(422, "", getRequest("panel", bearer(unprocessable)))
}
