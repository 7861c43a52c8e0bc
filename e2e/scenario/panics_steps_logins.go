package scenario

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// viaIssuer sends a request through an issuer route, and reports whether the response
// has this status. Where a panic may have occurred, it may be missing or cut off.
func (f *panicFixture) viaIssuer(status int, request Request) (Response, bool) {
	f.t.Helper()
	request.Route, request.Method = "login", http.MethodPost
	r, err := f.Try(request)
	if err == nil && r.Status == status {
		return r, true
	}
	if !f.enabled {
		f.t.Errorf("%s: %d %v %s, want %d", request.Path, r.Status, err, r.Body, status)
	}
	return r, false
}

// login logs in through the issuer route; both tokens are empty where that failed.
func (f *panicFixture) login(path, body string) (token, refresh string) {
	f.t.Helper()
	r, ok := f.viaIssuer(200, Request{Path: path, Body: strings.NewReader(body), Headers: []string{"Content-Type: application/json", "Accept: application/json"}})
	var reply struct {
		Data struct {
			Token   string `json:"token"`
			Access  string `json:"access_token"`
			Refresh string `json:"refresh_token"`
		}
	}
	if !ok || json.Unmarshal([]byte(r.Body), &reply) != nil {
		return "", ""
	}
	return reply.Data.Token + reply.Data.Access, reply.Data.Refresh
}

func stepLogins(f *panicFixture) {
	ipp, bts := newSMSPanel(f.Clock()), newBTS(f.Clock())
	defer ipp.Close()
	defer bts.Close()
	f.apply(Routes{"login": issuerConfig("ippanel", ipp.URL), "r": routeConfig("bearer", "ippanel", ipp.URL, "loginSecret", loginSecret)})
	f.Backend.ProxyTo("login", strings.TrimSuffix(ipp.URL, pathOf(ipp.URL)))
	token, _ := f.login("/v1"+panelAuth+"login", fmt.Sprintf(`{"username":%q,"password":%q}`, Marker+"ali", password))
	if token != "" {
		f.expect(200, Marker+"ali", getRequest("r", bearer(token)))
		if _, ok := f.viaIssuer(200, Request{Path: "/v1" + panelAuth + "logout", Headers: []string{"Authorization: " + token, "Content-Type: application/json"}}); ok {
			f.expect(401, "", getRequest("r", bearer(token)))
		}
	}
	f.viaIssuer(401, Request{Path: "/v1" + panelAuth + "logout", Headers: []string{"Content-Type: application/json"}})

	raw := newRawServer(f.t)
	defer raw.Close()
	f.Backend.ProxyTo("login", raw.URL)
	f.apply(Routes{"login": issuerConfig("bts", bts.URL), "r": btsConfig(bts, "loginSecret", loginSecret)})
	access := bts.IssueToken(Marker + "courier")
	reply := gzipped(loginReply(access, ""))
	raw.respondWith(fmt.Sprintf("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(reply), reply))
	f.viaIssuer(200, Request{Path: "/auth/login", Headers: []string{"Accept-Encoding: gzip"}})
	f.expect(200, Marker+"courier", getRequest("r", bearer(access)))
	f.Backend.ProxyTo("login", bts.URL)
	access, refresh := f.login("/auth/login", fmt.Sprintf(`{"login":%q,"password":%q}`, Marker+"courier", password))
	if access != "" {
		f.expect(200, Marker+"courier", getRequest("r", bearer(access)))
		f.expect(401, "", getRequest("r", bearer(refresh)))
	}
	f.provisionally(bts)
	f.overtaken(bts, raw)
	if f.advance(721 * time.Hour) { // all logins have ended
		f.apply(Routes{"login": issuerConfig("ippanel", ipp.URL)})
	}
}

// provisionally presents a token of a login that the API gives no answer about, and
// later one; meanwhile the clock is set back.
func (f *panicFixture) provisionally(bts *upstreams.BTS) {
	f.t.Helper()
	access, _ := f.login("/auth/login", fmt.Sprintf(`{"login":%q,"password":%q}`, Marker+"courier", password))
	if access == "" {
		return
	}
	bts.Answer(access, upstreams.Reply{Status: 429})
	f.expect(200, Marker+"courier", getRequest("r", bearer(access)))
	bts.Unscript(access)
	if !f.advance(61 * time.Second) {
		return
	}
	f.expect(200, Marker+"courier", getRequest("r", bearer(access)))
	f.Clock().Set(-time.Hour)
	f.expect(200, Marker+"courier", getRequest("r", bearer(access)))
	f.Clock().Set(time.Hour)
}

// overtaken presents a token while the response of its login is on its way.
func (f *panicFixture) overtaken(bts *upstreams.BTS, raw *rawServer) {
	f.t.Helper()
	f.Backend.ProxyTo("login", raw.URL)
	token := bts.IssueToken(Marker + "courier")
	release := bts.Hold()
	early := make(chan struct{})
	go func() {
		_, _ = f.Try(getRequest("r", bearer(token)))
		close(early)
	}()
	for end := time.Now().Add(time.Second); bts.CallsWith(token) == 0 && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
	raw.respondWith(wholeReply(loginReply(token, "")))
	f.viaIssuer(200, Request{Path: "/auth/login"})
	release()
	<-early
	f.expect(200, Marker+"courier", getRequest("r", bearer(token)))
}

// handOff opens a hand-off's link, and returns the Cookie header, if one was set.
func (f *panicFixture) handOff(status int, request Request) string {
	f.t.Helper()
	f.expect(status, "", request)
	r, err := f.Try(request)
	line, _, _ := strings.Cut(r.Header.Get("Set-Cookie"), ";")
	if err != nil || line == "" {
		return ""
	}
	return "Cookie: " + line
}

// expectPage expects one of the plugin's own pages.
func (f *panicFixture) expectPage(request Request) {
	f.t.Helper()
	r, err := f.Try(request)
	if err == nil && (r.Status == 200 && strings.Contains(r.Body, "<form ") || f.enabled && r.Status == 500) {
		return
	}
	f.t.Errorf("%s: no page: %d %v", request.Path, r.Status, err)
}

// postHandOff is a hand-off by form, with the headers of the page that it is on.
func postHandOff(form string, lines ...string) Request {
	return Request{
		Route: "r", Method: http.MethodPost, Path: "/external-login", Body: strings.NewReader(form),
		Headers: append([]string{"Content-Type: application/x-www-form-urlencoded"}, lines...),
	}
}

func stepSessions(f *panicFixture) {
	up := newSMSPanel(f.Clock())
	defer up.Close()
	config := sessionConfig(routeConfig("bearer", "ippanel", up.URL), "cookie", "panel", "redirect", "/x", "origins", "https://app.test")
	config["applicationKey"] = map[string]any{"api": "thammasat", "url": up.URL}
	f.apply(Routes{
		"r": config, "logins": sessionConfig(routeConfig("bearer", "ippanel", up.URL, "loginSecret", loginSecret)), "forwards": with(config, "forwardCredential", true),
	})
	link := func(route, token string, lines ...string) Request {
		return Request{Route: route, Path: "/external-login?token=" + url.QueryEscape(token), Headers: lines}
	}
	token, theirs := up.IssueToken(Marker+"ali"), up.IssueToken(Marker+"sara")
	cookie := f.handOff(303, link("r", token))
	if cookie == "" {
		return
	}
	f.expect(200, Marker+"ali", getRequest("r", cookie))
	f.expect(200, Marker+"ali", getRequest("r", cookie, "Authorization: Digest x"))
	f.expect(200, Marker+"ali", getRequest("forwards", cookie))
	f.expect(200, Marker+"sara", getRequest("r", cookie, bearer(theirs)))
	f.expect(401, "", getRequest("r", "Cookie: panel=forged"))
	f.expectPage(link("r", theirs, cookie))
	f.expectPage(link("r", theirs, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Dest: iframe"))
	f.expectPage(postHandOff("token="+theirs, "Origin: https://evil.test"))
	f.expect(303, "", postHandOff("token-step=keep", cookie, "Sec-Fetch-Site: same-site", "Origin: https://app.test"))
	f.expect(303, "", link("r", "wrong", cookie))
	f.expect(401, "", link("r", "wrong"))
	long := strings.Repeat("x", 4000)
	up.AddAPIKey(Marker+"ali", long)
	f.expect(500, "", link("r", long))
	f.expect(303, "", postHandOff("token="+token))
	f.expect(400, "", Request{Route: "r", Path: "/External-Login?token=" + url.QueryEscape(token)})
	logout := func(route, cookie string) {
		request := Request{Route: route, Method: http.MethodPost, Path: "/logout", Headers: []string{cookie, "Origin: http://" + route + ".test"}}
		if r, err := f.Try(request); err == nil && r.Status == 303 {
			f.expect(401, "", getRequest(route, cookie))
		} else if !f.enabled {
			f.t.Errorf("a logout: %d %v", r.Status, err)
		}
	}
	logout("r", cookie)
	if cookie := f.handOff(303, link("logins", theirs)); cookie != "" {
		logout("logins", cookie)
	}
}
