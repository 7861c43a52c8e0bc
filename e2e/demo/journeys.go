package demo

import (
	"fmt"
	"path/filepath"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Journey is a login and what follows it, as commands to paste one after the other
// into one shell, and the statuses that they print. Each begins with a login of its
// own, so that it works any number of times, in any order.
//
// What a login brings is kept in files of the demo, since every shell has other
// variables. The commands are for all of bash, zsh, fish and dash; see Say.
type Journey struct {
	Title    string
	Commands []string
	Statuses []string
}

// Journeys are the logins of both APIs that have one, and a session's hand-off.
func (d *Demo) Journeys() []Journey {
	return []Journey{d.panelJourney(), d.courierJourney(), d.siteJourney()}
}

// post is a request with a body of JSON, which is empty where the command before it
// makes it.
func (d *Demo) post(path, data string) string {
	if data == "" {
		data = "@-"
	} else {
		data = "'" + data + "'"
	}
	return "curl -s -H 'Content-Type: application/json' -H 'Accept: application/json' -d " + data + " " + d.URL + path
}

// status is a request of which only the status is shown.
func (d *Demo) status(arguments, path string) string {
	return `curl -s -o /dev/null -w '%{http_code}\n' ` + arguments + " " + d.URL + path
}

// file is one that a journey keeps something in.
func (d *Demo) file(name string) string { return filepath.Join(d.dir, name) }

// take cuts a field out of a response, and puts it into a text at &.
func take(field, text string) string {
	const found = `\1`
	return `sed -n 's/.*"` + field + `":"\([^"]*\)".*/` + fmt.Sprintf(text, found) + `/p'`
}

func (d *Demo) panelJourney() Journey {
	const auth = "/v1/api/acl/auth/"
	s, reply, waiting, token := d.APIs.Secrets, d.file("panel-login.json"), d.file("panel-waiting.txt"), d.file("panel-token.txt")
	return Journey{"the SMS panel: login, text message, one-time password, allowed, logout, denied", []string{
		d.post(auth+"login", fmt.Sprintf(`{"username":"%s","password":"%s"}`, upstreams.DemoSMSUser, s.Password)) + " -o " + reply,
		take("token", "Authorization: %s") + " " + reply + " > " + waiting,
		Say("its token waits for the one-time password: denied"),
		d.status("-H @"+waiting, "/panel"),
		Say("the panel sends the password, which is confirmed"),
		take("token", `{"token":"%s"}`) + " " + reply + " | " + d.post(auth+"send_sms_otp", "") + " -o /dev/null",
		take("token", `{"token":"%s","otp":"`+s.OTP+`"}`) + " " + reply + " | " + d.post(auth+"confirm_otp", "") +
			" | " + take("token", "Authorization: %s") + " > " + token,
		Say("at most one call, for the identity"),
		d.status("-H @"+token, "/panel"),
		Say("after a logout it is denied at once"),
		d.status("-X POST -H 'Content-Type: application/json' -H @"+token, auth+"logout"),
		d.status("-H @"+token, "/panel"),
	}, []string{"401", "200", "200", "401"}}
}

func (d *Demo) courierJourney() Journey {
	s, reply := d.APIs.Secrets, d.file("courier-login.json")
	access, refresh, anew := d.file("courier-access.txt"), d.file("courier-refresh.txt"), d.file("courier-anew.txt")
	return Journey{"the courier API: login, allowed, refresh, allowed", []string{
		d.post("/auth/login", fmt.Sprintf(`{"login":"%s","password":"%s"}`, upstreams.DemoCourier, s.Password)) + " -o " + reply,
		take("access_token", "Authorization: Bearer %s") + " " + reply + " > " + access,
		take("refresh_token", "Authorization: Bearer %s") + " " + reply + " > " + refresh,
		Say("one call, at its first use"),
		d.status("-H @"+access, "/courier"),
		Say("a refresh token is not an access token"),
		d.status("-H @"+refresh, "/courier"),
		take("refresh_token", `{"refresh_token":"%s"}`) + " " + reply + " | " + d.post("/auth/refresh", "") +
			" | " + take("access_token", "Authorization: Bearer %s") + " > " + anew,
		d.status("-H @"+anew, "/courier"),
	}, []string{"200", "401", "200"}}
}

func (d *Demo) siteJourney() Journey {
	s, link, jar := d.APIs.Secrets, d.file("site-link.txt"), d.file("site-cookies.txt")
	return Journey{"the hand-off of a browser: a link with a token, a cookie, a logout", []string{
		d.post("/v1/api/acl/auth/login", fmt.Sprintf(`{"username":"%s","password":"%s"}`, upstreams.DemoDirect, s.Password)) +
			" | " + take("token", "token=%s") + " > " + link,
		Say("the link is /site/enter?token=..., and curl -G makes it of a file"),
		d.status("-c "+jar+" -G -d @"+link, "/site/enter"),
		d.status("-b "+jar, "/site/"),
		d.status("-X POST -b "+jar+" -c "+jar+" -H 'Origin: "+d.URL+"'", "/site/leave"),
		d.status("-b "+jar, "/site/"),
	}, []string{"303", "200", "303", "401"}}
}
