package demo

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/upstreamauth/upstreamauth/e2e/demo/page"
	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// content is what the page offers to try.
func (d *Demo) content() page.Content {
	s := d.APIs.Secrets
	courier := d.APIs.BTS.IssueToken(upstreams.DemoCourier)
	forged := courier[:strings.LastIndexByte(courier, '.')+1] + strings.Repeat("A", 43)
	bearer := func(token string) string { return "Authorization: Bearer " + token }
	door := func(api, path, title, about string, tries ...page.Try) page.Door {
		return page.Door{API: api, Path: path, Title: title, About: about, Tries: tries}
	}
	return page.Content{
		Token: d.StatusToken, Password: s.Password, OTP: s.OTP, SMSUser: upstreams.DemoSMSUser, DirectUser: upstreams.DemoDirect,
		Doors: []page.Door{
			door("thammasat", "/university", "Thammasat University", "The account API. Callers bring an Application-Key, or a student's account.",
				page.Try{Name: "Good key", Header: "Application-Key: " + s.ApplicationKey},
				page.Try{Name: "Bad key", Header: "Application-Key: " + wrongKey},
				page.Try{Name: "No key"},
				page.Try{Name: "A student", Path: "/account", Header: account(s.Password)}),
			door("ippanel", "/panel", "IPPanel", "An SMS panel. Callers bring a token of it, or an API key.",
				page.Try{Name: "Good token", Header: bearer(d.APIs.IPPanel.IssueToken(upstreams.DemoDirect))},
				page.Try{Name: "Bad token", Header: bearer(wrongToken)},
				page.Try{Name: "No token"}),
			door("bts", "/courier", "BTS", "A courier service. Callers bring a JWT; the bad one has another signature.",
				page.Try{Name: "Good JWT", Header: bearer(courier)},
				page.Try{Name: "Bad JWT", Header: bearer(forged)},
				page.Try{Name: "No JWT"}),
			door("webservice", "/service", "Web service", "Any API with one protected address that says who is calling.",
				page.Try{Name: "Good token", Header: bearer(s.ServiceToken)},
				page.Try{Name: "Bad token", Header: bearer(wrongService)},
				page.Try{Name: "No token"}),
		},
	}
}

// reached is what the list says of a request that the backend got.
func reached(r Received) page.Event {
	text := r.Method + " " + r.Path
	if user := r.Of("X-Auth-User"); user != "" {
		text += " for " + user
	}
	return page.Event{From: page.Backend, API: r.Of("X-Auth-Api"), Kind: "backend", Text: text}
}

// asked is what the list says of a call to an API, as that saw it.
func asked(s upstreams.Seen) page.Event {
	e := page.Event{From: page.API, API: s.API, Kind: "asked", Detail: fmt.Sprintf("%s %s: %d", s.Method, s.Path, s.Status)}
	last := s.Path[strings.LastIndexByte(s.Path, '/')+1:]
	denied := s.Status == http.StatusUnauthorized || s.Status == http.StatusForbidden
	switch {
	case strings.Contains(s.Path, "/auth/") && !strings.HasSuffix(s.Path, "/verify") && last != "check_token":
		e.Kind, e.Text = "login", logins[last]
	case denied && !givenOut(s):
		e.Kind, e.Text = "canary", "a made-up credential: denied, as it has to be"
	case denied:
		e.Text = "is it valid? No"
	case s.Status == http.StatusOK:
		e.Text = "is it valid? Yes"
	case s.API == "thammasat" && s.Status == http.StatusBadRequest: // a key alone lacks an account
		e.Text = "is it valid? Yes, and an account is missing"
	}
	if e.Text == "" {
		e.Text = "it answered " + fmt.Sprint(s.Status)
	}
	return e
}

var logins = map[string]string{
	"login": "a login", "send_sms_otp": "a one-time password is sent", "confirm_otp": "the one-time password is confirmed",
	"logout": "a logout", "refresh": "a token is refreshed",
}

// givenOut tells whether a call was about a wrong credential that the demo gives out.
// What else an API denies is the gate's own canary, or made up by a caller.
func givenOut(s upstreams.Seen) bool {
	return s.Presents(wrongKey) || s.Presents(wrongToken) || s.Presents(wrongService) ||
		s.Presents(upstreams.DemoStudent+":"+wrongAccount) || strings.HasPrefix(s.API, "bts") && s.PresentsSuffix("."+strings.Repeat("A", 43))
}
