package demo

import (
	"fmt"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Journey is a way through a login, as commands to paste one after the other into
// one shell, and the statuses that they print.
type Journey struct {
	Title    string
	Commands []string
	Statuses []string
}

// Journeys lead through the logins of both APIs that have one, and across a
// hand-off.
func (d *Demo) Journeys() []Journey {
	s, at := d.APIs.Secrets, d.Traefik.URL
	post := func(path, data string) string {
		return "curl -s -H 'Content-Type: application/json' -H 'Accept: application/json' -d '" + data + "' " + at + path
	}
	take := func(variable, field, command string) string {
		return variable + "=$(" + command + ` | sed -n 's/.*"` + field + `":"\([^"]*\)".*/\1/p')`
	}
	status := func(arguments string) string {
		return `curl -s -o /dev/null -w '%{http_code}\n' ` + arguments
	}
	const panel = "/v1/api/acl/auth/"
	bearer := func(variable string) string { return `-H "Authorization: Bearer $` + variable + `" ` }
	return []Journey{
		{"the SMS panel: login, text message, one-time password, in, logout, out", []string{
			take("WAITING", "token", post(panel+"login", fmt.Sprintf(`{"username":"%s","password":"%s"}`, upstreams.DemoSMSUser, s.Password))),
			status(bearer("WAITING")+at+"/panel") + " # it waits for its one-time password",
			post(panel+"send_sms_otp", `{"token":"'$WAITING'"}`) + " >/dev/null # sent by the panel",
			take("TOKEN", "token", post(panel+"confirm_otp", `{"token":"'$WAITING'","otp":"`+s.OTP+`"}`)),
			status(bearer("TOKEN")+at+"/panel") + " # one call at most, for who it is",
			status("-X POST -H 'Content-Type: application/json' " + `-H "Authorization: $TOKEN" ` + at + panel + "logout"),
			status(bearer("TOKEN")+at+"/panel") + " # forgotten at once",
		}, []string{"401", "200", "200", "401"}},
		{"the courier's API: login, in without a call, refresh, in", []string{
			take("BOTH", "access_token", post("/auth/login", fmt.Sprintf(`{"login":"%s","password":"%s"}`, upstreams.DemoCourier, s.Password))),
			status(bearer("BOTH")+at+"/courier") + " # no call: it was seen being given out",
			take("REFRESH", "refresh_token", post("/auth/login", fmt.Sprintf(`{"login":"%s","password":"%s"}`, upstreams.DemoCourier, s.Password))),
			status(bearer("REFRESH")+at+"/courier") + " # a refresh token opens nothing",
			take("ANEW", "access_token", post("/auth/refresh", `{"refresh_token":"'$REFRESH'"}`)),
			status(bearer("ANEW") + at + "/courier"),
		}, []string{"200", "401", "200"}},
		{"a browser's hand-off: a link with a token, a cookie, a logout", []string{
			"JAR=$(mktemp)",
			status(`-c $JAR "` + at + "/site/enter?token=" + d.APIs.IPPanel.IssueToken(upstreams.DemoDirect) + `"`),
			status("-b $JAR " + at + "/site/"),
			status(`-X POST -b $JAR -c $JAR -H "Origin: ` + at + `" ` + at + "/site/leave"),
			status("-b $JAR "+at+"/site/") + "; rm $JAR",
		}, []string{"303", "200", "303", "401"}},
	}
}
