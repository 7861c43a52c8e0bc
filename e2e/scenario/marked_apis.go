package scenario

import (
	"fmt"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// marked is a way to ask one API: a route with an upstream behind it.
type marked struct {
	route   string
	config  map[string]any
	server  *upstreams.Server
	good    []string             // a valid credential
	unknown func(i int) []string // another one that the upstream does not know
	own     map[string][2]int    // bodies that are the API's own no: the upstream's status and the client's
	allows  upstreams.Reply      // what it says of a valid credential

	valid func(i int) (user string, headers []string) // another one that the upstream knows, and whose it is; empty: nobody's, or the one account's
}

// markedAPIs starts an upstream for each way to ask; done closes them.
func markedAPIs(clock *upstreams.Clock, more ...any) (all []marked, done func()) {
	tu, under, ipp, bts, ws := newThammasat(clock), newThammasat(clock), newIPPanel(clock), newBTS(clock), newWebService(clock)
	token := func(i int) []string { return []string{bearer(fmt.Sprint(Marker, "unknown-", i))} }
	all = append(markedKeys(tu, under, more), []marked{
		{
			"panel", routeConfig("bearer", "ippanel", ipp.URL, more...), ipp.Server,
			[]string{bearer(ipp.IssueToken(Marker + "ali"))},
			token,
			map[string][2]int{
				`{"data":null,"meta":{"status":false,"message":"no","message_code":"400-1"}}`: {401, 401},
				`{"meta":{"status":false,"message_code":"403-1"}}`:                            {403, 403},
				`{"errors":{"username":["no"]}}`:                                              {422, 422},
			},
			upstreams.Reply{Status: 200, Body: `{"data":{"user_name":"anybody"},"meta":{"status":true,"message_code":"200-1"}}`},
			eachOnce(func(i int) (string, []string) {
				user := fmt.Sprint(Marker, "panel-user-", i)
				ipp.AddUser(upstreams.PanelUser{UserName: user, Password: password, Method: upstreams.MethodLogin})
				return user, []string{bearer(ipp.IssueToken(user))}
			}),
		},
		{
			"courier", btsConfig(bts, more...), bts.Server,
			[]string{bearer(bts.IssueToken(Marker + "courier"))},
			token,
			map[string][2]int{
				`{"name":"Unauthorized","message":"no","code":0,"status":401,"type":"x"}`: {401, 401},
				`{"name":"Forbidden","message":"no","code":0,"status":403}`:               {403, 403},
				`{"status":false,"message":"no","status_code":422,"errors":{}}`:           {422, 422},
			},
			upstreams.Reply{Status: 200, Body: `{"status":true,"data":{}}`},
			eachOnce(func(i int) (string, []string) {
				user := fmt.Sprint(Marker, "courier-", i)
				return user, []string{bearer(bts.Sign(map[string]any{"sub": user, "jti": user, "exp": time.Now().Add(100 * time.Hour).Unix()}))}
			}),
		},
		{
			"service", webServiceConfig(ws, more...), ws.Server,
			[]string{bearer(issueToken(ws, "client"))},
			token,
			map[string][2]int{
				`{"status":"error","message":"no","code":401}`:       {401, 401},
				`{"IsSuccess":false,"Msg":{"Code":-102,"Msg":"no"}}`: {401, 401},
				`{"status":"error","code":400}`:                      {400, 400},
			},
			upstreams.Reply{Status: 200, Body: `{"IsSuccess":true,"Data":{}}`},
			eachOnce(func(i int) (string, []string) {
				return fmt.Sprint(Marker, "client-", i), []string{bearer(issueToken(ws, fmt.Sprint("client-", i)))}
			}),
		},
	}...)
	return all, func() {
		for _, m := range all {
			m.server.Close()
		}
	}
}

// markedKeys are the ways to ask that begin with an application key.
func markedKeys(tu, under *upstreams.Thammasat, more []any) []marked {
	return []marked{
		{
			"key", routeConfig("applicationKey", "thammasat", tu.URL, more...), tu.Server,
			[]string{key(validKey)},
			func(i int) []string { return []string{key(fmt.Sprint(Marker, "unknown-", i))} },
			map[string][2]int{
				`{"status":false,"message":"Application-Key Invalid!"}`: {403, 403},
				`{"message":"Application-Key Invalid!"}`:                {403, 403},
				`{"status":false,"message":"in other words"}`:           {401, 401},
			},
			upstreams.Reply{Status: 400, Body: `{"status":false,"message":"Body no data! Request body {user / pass}"}`},
			eachOnce(func(i int) (string, []string) {
				tu.AddKey(fmt.Sprint(validKey, i))
				return "", []string{key(fmt.Sprint(validKey, i))}
			}),
		},
		{
			"account", routeConfig("basic", "thammasat", under.URL, append(more, "applicationKey", "env:UPSTREAMAUTH_TU_KEY")...), under.Server,
			[]string{basic(student, password)},
			func(i int) []string { return []string{basic(fmt.Sprint(Marker, "unknown-", i), "wrong-password")} },
			map[string][2]int{
				`{"status":false,"message":"Users or Password Invalid!"}`: {400, 401},
				`{"message":"Users or Password Invalid!"}`:                {400, 401},
				`{"status":false,"message":"in other words"}`:             {400, 401},
			},
			upstreams.Reply{Status: 200, Body: `{"status":true,"message":"Success"}`},
			eachOnce(func(i int) (string, []string) {
				user := fmt.Sprint(Marker, "account-", i)
				under.AddAccount(upstreams.Account{User: user, Password: password, Type: "student"})
				return strings.ToLower(user), []string{basic(user, password)}
			}),
		},
	}
}

// eachOnce makes the credential of each number once.
func eachOnce(create func(i int) (string, []string)) func(i int) (string, []string) {
	users, headers := map[int]string{}, map[int][]string{}
	return func(i int) (string, []string) {
		if headers[i] == nil {
			users[i], headers[i] = create(i)
		}
		return users[i], headers[i]
	}
}

func routesOfMarked(all []marked) Routes {
	routes := Routes{}
	for _, m := range all {
		routes[m.route] = m.config
	}
	return routes
}
