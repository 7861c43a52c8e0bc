package scenario

import (
	"encoding/base64"
	"encoding/json"
	"fmt"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// The upstreams of the scenarios, each with users, and what it takes to configure
// a route for one and to send it a credential.

const (
	validKey = Marker + "good-key-0123456789"
	otherKey = Marker + "other-key-0123456789"
	student  = Marker + "student"
	employee = Marker + "employee"
	password = Marker + "password"
)

func newThammasat(clock *upstreams.Clock) *upstreams.Thammasat {
	up := upstreams.NewThammasat(upstreams.ThammasatOptions{Options: upstreams.Options{Clock: clock}})
	up.AddKey(validKey)
	up.AddKey(otherKey)
	up.AddKey(OperatorKey)
	up.AddAccount(upstreams.Account{
		User: student, Password: password, Type: "student",
		NameTH: Marker + "สมชาย ใจดี", NameEN: Marker + "Somchai  Jaidee", Email: Marker + "somchai@dome.tu.ac.th",
		Department: Marker + "ภาควิชา", Faculty: Marker + "คณะ",
	})
	up.AddAccount(upstreams.Account{
		User: employee, Password: password, Type: "employee", Username: true,
		NameTH: Marker + "สมหญิง", NameEN: Marker + "Somying", Email: Marker + "somying@tu.ac.th",
		Department: Marker + "งานพัฒนา", Organization: Marker + "สำนักงาน",
	})
	return up
}

func newIPPanel(clock *upstreams.Clock) *upstreams.IPPanel {
	up := upstreams.NewIPPanel(upstreams.IPPanelOptions{Options: upstreams.Options{Clock: clock}})
	up.AddUser(upstreams.PanelUser{
		UserName: Marker + "ali", Password: password, Method: upstreams.MethodLogin,
		UserID: 9007199254740993, Name: Marker + "علی",
	})
	return up
}

func newBTS(clock *upstreams.Clock) *upstreams.BTS {
	up := upstreams.NewBTS(upstreams.BTSOptions{Options: upstreams.Options{Clock: clock}})
	up.AddUser(upstreams.BTSUser{
		Login: Marker + "courier", Password: password, Name: Marker + "Kuryer", Email: Marker + "k@bts.uz",
		Claims: map[string]any{"branch": json.Number("9007199254740993"), "role": "driver"},
	})
	return up
}

func newWebService(clock *upstreams.Clock) *upstreams.WebService {
	return upstreams.NewWebService(upstreams.WebServiceOptions{Options: upstreams.Options{Clock: clock}})
}

func key(value string) string    { return "Application-Key: " + value }
func bearer(token string) string { return "Authorization: Bearer " + token }
func basic(user, password string) string {
	return "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// routeConfig is a route's configuration with one credential block; more are
// further keys of that block and their values.
func routeConfig(kind, api, url string, more ...any) map[string]any {
	inner := map[string]any{"api": api, "url": url}
	for i := 0; i+1 < len(more); i += 2 {
		inner[fmt.Sprint(more[i])] = more[i+1]
	}
	return map[string]any{kind: inner, "log": "debug"}
}

// basicConfig is a route's configuration for accounts under the operator's key.
func basicConfig(up *upstreams.Thammasat, more ...any) map[string]any {
	return routeConfig("basic", "thammasat", up.URL, append([]any{"applicationKey", "env:UPSTREAMAUTH_TU_KEY"}, more...)...)
}

// webServiceConfig is a route's configuration for tokens of the web service.
func webServiceConfig(up *upstreams.WebService, more ...any) map[string]any {
	return routeConfig("bearer", "webservice", up.URL, append([]any{"path", up.Path()}, more...)...)
}

// btsConfig is a route's configuration for access tokens of BTS.
func btsConfig(up *upstreams.BTS, more ...any) map[string]any {
	return routeConfig("bearer", "bts", up.URL, append([]any{"path", upstreams.BTSStatusPath}, more...)...)
}

// issueToken is a token of the web service, of a user with this name.
func issueToken(up *upstreams.WebService, name string) string {
	return up.IssueToken(upstreams.User{UserName: Marker + name})
}

// with returns a copy of a configuration with further keys.
func with(config map[string]any, more ...any) map[string]any {
	merged := map[string]any{}
	for key, value := range config {
		merged[key] = value
	}
	for i := 0; i+1 < len(more); i += 2 {
		merged[fmt.Sprint(more[i])] = more[i+1]
	}
	return merged
}

// credential is a valid credential of one API, with the route that takes it.
type credential struct {
	route  string
	config map[string]any
	header string
	calls  func() int
}

// oneOfEach starts the four upstreams and returns a valid credential of each
// kind; done closes them.
func oneOfEach(clock *upstreams.Clock, more ...any) ([]credential, func()) {
	tu, ipp, bts, ws := newThammasat(clock), newIPPanel(clock), newBTS(clock), newWebService(clock)
	panelToken := ipp.IssueToken(Marker + "ali")
	jwt := bts.IssueToken(Marker + "courier")
	serviceToken := ws.IssueToken(upstreams.User{UserName: Marker + "client", ID: 7, Name: Marker + "مشتری"})
	all := []credential{
		{"key", routeConfig("applicationKey", "thammasat", tu.URL, more...), key(validKey), func() int { return tu.CallsWith(validKey) }},
		{"account", routeConfig("basic", "thammasat", tu.URL, append(more, "applicationKey", "env:UPSTREAMAUTH_TU_KEY")...), basic(student, password), func() int { return tu.CallsWith(student + ":" + password) }},
		{"panel", routeConfig("bearer", "ippanel", ipp.URL, more...), bearer(panelToken), func() int { return ipp.CallsWith(panelToken) }},
		{"courier", btsConfig(bts, more...), bearer(jwt), func() int { return bts.CallsWith(jwt) }},
		{"service", webServiceConfig(ws, more...), bearer(serviceToken), func() int { return ws.CallsWith(serviceToken) }},
	}
	return all, func() {
		tu.Close()
		ipp.Close()
		bts.Close()
		ws.Close()
	}
}

func routesOf(all []credential) Routes {
	routes := Routes{}
	for _, cred := range all {
		routes[cred.route] = cred.config
	}
	return routes
}
