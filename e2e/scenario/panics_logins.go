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

// passed sends a call that leads through an issuer route, and tells whether it
// came back as its upstream sent it: where a panic may have gone off, it may be
// cut off too.
func (x *Exam) passed(status int, c Call) (Reply, bool) {
	x.t.Helper()
	c.Route, c.Method = "login", http.MethodPost
	r, err := x.Try(c)
	if err == nil && r.Status == status {
		return r, true
	}
	if !x.armed {
		x.t.Errorf("%s: %d %v %s, want %d", c.Path, r.Status, err, r.Body, status)
	}
	return r, false
}

// login logs in through the issuer route; both are empty where it did not pass.
func (x *Exam) login(path, body string) (token, refresh string) {
	x.t.Helper()
	r, ok := x.passed(200, Call{Path: path, Body: strings.NewReader(body), Lines: []string{"Content-Type: application/json", "Accept: application/json"}})
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

func actLogins(x *Exam) {
	ipp, bts := smsPanel(x.Clock()), courier(x.Clock())
	defer ipp.Close()
	defer bts.Close()
	x.serve(Routes{"login": issuerOf("ippanel", ipp.URL), "r": block("bearer", "ippanel", ipp.URL, "loginSecret", word)})
	x.Backend.Lead("login", strings.TrimSuffix(ipp.URL, pathOf(ipp.URL)))
	token, _ := x.login("/v1"+panelAuth+"login", fmt.Sprintf(`{"username":%q,"password":%q}`, Marker+"ali", password))
	if token != "" {
		x.want(200, Marker+"ali", get("r", bearer(token)))
		if _, ok := x.passed(200, Call{Path: "/v1" + panelAuth + "logout", Lines: []string{"Authorization: " + token, "Content-Type: application/json"}}); ok {
			x.want(401, "", get("r", bearer(token)))
		}
	}
	x.passed(401, Call{Path: "/v1" + panelAuth + "logout", Lines: []string{"Content-Type: application/json"}})

	o := newOrigin(x.t)
	defer o.Close()
	x.Backend.Lead("login", o.URL)
	x.serve(Routes{"login": issuerOf("bts", bts.URL), "r": block("bearer", "bts", bts.URL, "path", upstreams.BTSStatusPath, "loginSecret", word)})
	access := bts.IssueToken(Marker + "courier")
	reply := packed(loginReply(access, ""))
	o.answers(fmt.Sprintf("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(reply), reply))
	x.passed(200, Call{Path: "/auth/login", Lines: []string{"Accept-Encoding: gzip"}})
	x.want(200, Marker+"courier", get("r", bearer(access)))
	x.Backend.Lead("login", bts.URL)
	access, refresh := x.login("/auth/login", fmt.Sprintf(`{"login":%q,"password":%q}`, Marker+"courier", password))
	if access != "" {
		x.want(200, Marker+"courier", get("r", bearer(access)))
		x.want(401, "", get("r", bearer(refresh)))
	}
	if x.pass(721 * time.Hour) { // what was learned has long been let go
		x.serve(Routes{"login": issuerOf("ippanel", ipp.URL)})
	}
}

// enter follows a hand-off, and returns the cookie's line, if it gives one.
func (x *Exam) enter(status int, c Call) string {
	x.t.Helper()
	x.want(status, "", c)
	r, err := x.Try(c)
	line, _, _ := strings.Cut(r.Header.Get("Set-Cookie"), ";")
	if err != nil || line == "" {
		return ""
	}
	return "Cookie: " + line
}

func actSessions(x *Exam) {
	up := smsPanel(x.Clock())
	defer up.Close()
	config := session(block("bearer", "ippanel", up.URL), "cookie", "panel", "redirect", "/x")
	config["applicationKey"] = map[string]any{"api": "thammasat", "url": up.URL}
	x.serve(Routes{"r": config, "learned": session(block("bearer", "ippanel", up.URL, "loginSecret", word))})
	link := func(route, token string) Call {
		return Call{Route: route, Path: "/external-login?token=" + url.QueryEscape(token)}
	}
	token, theirs := up.IssueToken(Marker+"ali"), up.IssueToken(Marker+"sara")
	cookie := x.enter(303, link("r", token))
	if cookie == "" {
		return
	}
	x.want(200, Marker+"ali", get("r", cookie))
	x.want(200, Marker+"ali", get("r", cookie, "Authorization: Digest x"))
	x.want(200, Marker+"sara", get("r", cookie, bearer(theirs)))
	x.want(401, "", get("r", "Cookie: panel=forged"))
	sent := link("r", theirs)
	sent.Lines = []string{cookie}
	x.want(303, "", sent)
	x.want(401, "", link("r", "wrong"))
	long := strings.Repeat("x", 4000)
	up.AddAPIKey(Marker+"ali", long)
	x.want(500, "", link("r", long))
	form := func() Call {
		return Call{Route: "r", Method: http.MethodPost, Path: "/external-login", Body: strings.NewReader("token=" + token), Lines: []string{"Content-Type: application/x-www-form-urlencoded"}}
	}
	x.want(303, "", form())
	logout := func(route, cookie string) {
		c := Call{Route: route, Method: http.MethodPost, Path: "/logout", Lines: []string{cookie, "Origin: http://" + route + ".test"}}
		if r, err := x.Try(c); err == nil && r.Status == 303 {
			x.want(401, "", get(route, cookie))
		} else if !x.armed {
			x.t.Errorf("a logout: %d %v", r.Status, err)
		}
	}
	logout("r", cookie)
	if cookie := x.enter(303, link("learned", theirs)); cookie != "" {
		logout("learned", cookie)
	}
}
