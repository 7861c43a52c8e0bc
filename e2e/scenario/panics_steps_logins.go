package scenario

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
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
	if f.advance(721 * time.Hour) { // all logins have ended
		f.apply(Routes{"login": issuerConfig("ippanel", ipp.URL)})
	}
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

func stepSessions(f *panicFixture) {
	up := newSMSPanel(f.Clock())
	defer up.Close()
	config := sessionConfig(routeConfig("bearer", "ippanel", up.URL), "cookie", "panel", "redirect", "/x")
	config["applicationKey"] = map[string]any{"api": "thammasat", "url": up.URL}
	f.apply(Routes{"r": config, "logins": sessionConfig(routeConfig("bearer", "ippanel", up.URL, "loginSecret", loginSecret))})
	link := func(route, token string) Request {
		return Request{Route: route, Path: "/external-login?token=" + url.QueryEscape(token)}
	}
	token, theirs := up.IssueToken(Marker+"ali"), up.IssueToken(Marker+"sara")
	cookie := f.handOff(303, link("r", token))
	if cookie == "" {
		return
	}
	f.expect(200, Marker+"ali", getRequest("r", cookie))
	f.expect(200, Marker+"ali", getRequest("r", cookie, "Authorization: Digest x"))
	f.expect(200, Marker+"sara", getRequest("r", cookie, bearer(theirs)))
	f.expect(401, "", getRequest("r", "Cookie: panel=forged"))
	sent := link("r", theirs)
	sent.Headers = []string{cookie}
	f.expect(303, "", sent)
	f.expect(401, "", link("r", "wrong"))
	long := strings.Repeat("x", 4000)
	up.AddAPIKey(Marker+"ali", long)
	f.expect(500, "", link("r", long))
	form := func() Request {
		return Request{Route: "r", Method: http.MethodPost, Path: "/external-login", Body: strings.NewReader("token=" + token), Headers: []string{"Content-Type: application/x-www-form-urlencoded"}}
	}
	f.expect(303, "", form())
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
