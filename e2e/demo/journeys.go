package demo

import (
	"fmt"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Journey is a login and what follows it, as commands to paste one after the other
// into one shell, and the statuses that they print.
type Journey struct {
	Title    string
	Commands []string
	Statuses []string
}

// Journeys are the logins of both APIs that have one, and a session's hand-off.
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
		{"the SMS panel: login, text message, one-time password, allowed, logout, denied", []string{
			take("WAITING", "token", post(panel+"login", fmt.Sprintf(`{"username":"%s","password":"%s"}`, upstreams.DemoSMSUser, s.Password))),
			status(bearer("WAITING")+at+"/panel") + " # it waits for its one-time password",
			post(panel+"send_sms_otp", `{"token":"'$WAITING'"}`) + " >/dev/null # sent by the panel",
			take("TOKEN", "token", post(panel+"confirm_otp", `{"token":"'$WAITING'","otp":"`+s.OTP+`"}`)),
			status(bearer("TOKEN")+at+"/panel") + " # at most one call, for the identity",
			status("-X POST -H 'Content-Type: application/json' " + `-H "Authorization: $TOKEN" ` + at + panel + "logout"),
			status(bearer("TOKEN")+at+"/panel") + " # denied at once",
		}, []string{"401", "200", "200", "401"}},
		{"the courier API: login, allowed without a call, refresh, allowed", []string{
			take("BOTH", "access_token", post("/auth/login", fmt.Sprintf(`{"login":"%s","password":"%s"}`, upstreams.DemoCourier, s.Password))),
			status(bearer("BOTH")+at+"/courier") + " # no call: the issuer route saw it in the login's response",
			take("REFRESH", "refresh_token", post("/auth/login", fmt.Sprintf(`{"login":"%s","password":"%s"}`, upstreams.DemoCourier, s.Password))),
			status(bearer("REFRESH")+at+"/courier") + " # a refresh token is not an access token",
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
