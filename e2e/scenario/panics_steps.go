package scenario

import (
	"net/http"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// panicStep sends requests that pass a part of the plugin, and expects the responses
// that they get without a panic. It starts upstreams of its own.
type panicStep struct {
	name string
	run  func(f *panicFixture)

	shares bool // several of its requests wait for one lookup, and are lost together
}

// panicSteps pass, together, every function of the plugin that can be reached.
var panicSteps = []panicStep{
	{"allowed, cached and denied, of every API", stepEveryAPI, false},
	{"cached denials", stepDenied, false},
	{"headers and anonymous requests", stepHeaders, false},
	{"lists, requirements, and two gates", stepRequirements, false},
	{"faulty configurations", stepConfigurationFaults, false},
	{"error formats and statuses", stepErrorFormats, false},
	{"budget and limits of clients", stepLimits, false},
	{"guessed passwords", stepPasswordGuessing, false},
	{"a crowd behind one address", stepCrowd, false},
	{"an outage and its end", stepOutage, false},
	{"distrusted upstreams", stepDistrusted, false},
	{"revalidation", stepRevalidation, false},
	{"a shared lookup, and a timeout in it", stepSharedLookup, true},
	{"more concurrent lookups than allowed", stepSaturated, true},
	{"a canary without a response", stepCanaryTimeout, false},
	{"expired JWTs", stepJWT, false},
	{"full caches and new epochs", stepFullCaches, false},
	{"TLS", stepTLS, false},
	{"a circuit that opens, and its trials", stepCircuit, false},
	{"an upstream of HTTP/2 that breaks off", stepHTTP2, false},
	{"lookups that are cut off", stepCutOff, false},
	{"calls on all connections", stepAllConnections, false},
	{"large requests and replies", stepLarge, false},
	{"logins and a logout", stepLogins, false},
	{"sessions", stepSessions, false},
	{"pages, and the way to a login and back", stepPages, false},
	{"a login page, and web sockets", stepLoginPage, false},
	{"refused uploads and calls of gRPC", stepRefusals, false},
	{"causes of no answer", stepCauses, false},
	{"a load that is logged", stepLoad, false},
	{"a fault that stays", stepFaultStays, false},
	{"traces", stepTraces, false},
	{"a described API", stepDescribed, false},
	{"described APIs with users", stepDescribedUsers, false},
	{"a description with everything", stepDescribedWhole, false},
	{"credentials in other places", stepPlaces, false},
	{"questions through a proxy", stepProxies, false},
	{"a memory that several Traefiks share", stepShared, false},
	{"logins and logouts that others are told", stepSharedLogins, false},
	{"keys and faults of a memory that is shared", stepSharedFaults, false},
	{"the status route", stepStatus, false},
	{"ways to the status route", stepStatusDoor, false},
	{"what an operator has forgotten", stepForget, false},
}

func getRequest(route string, lines ...string) Request { return Request{Route: route, Headers: lines} }

func (f *panicFixture) newWebService() (up *upstreams.WebService, issue func() (token, user string)) {
	up = newWebService(f.Clock())
	return up, func() (string, string) {
		name := f.unique("user")
		return up.IssueToken(upstreams.User{UserName: name, Name: "full name", ID: 7}), name
	}
}

func stepEveryAPI(f *panicFixture) {
	all, done := oneOfEach(f.Clock())
	defer done()
	routes := routesOf(all)
	tu := newThammasat(f.Clock())
	defer tu.Close()
	tu.AddAccount(upstreams.Account{User: "probe", Password: password, Type: "employee"})
	routes["probe"] = routeConfig("applicationKey", "thammasat", tu.URL, "probe", map[string]any{"username": "probe", "password": "env:UPSTREAMAUTH_PROBE"})
	routes["both"] = routeConfig("applicationKey", "thammasat", tu.URL, "account", true)
	routes["three"] = with(with(all[2].config, "applicationKey", routes["probe"]["applicationKey"]),
		"basic", map[string]any{"api": "thammasat", "url": tu.URL, "applicationKey": "file:/nowhere"})
	delete(routes["three"], "basic")
	f.apply(routes)
	for range 2 {
		for _, cred := range all {
			f.expect(200, "", getRequest(cred.route, cred.header, "X-Auth-User: forged"))
		}
		f.expect(200, "", getRequest("probe", key(validKey)))
		f.expect(200, "", getRequest("both", key(validKey), basic(student, password)))
		f.expect(200, "", getRequest("three", key(validKey)))
		f.expect(200, "", getRequest("three", all[2].header))
		f.expect(400, "", getRequest("three", key(validKey), all[2].header))
		f.expect(401, "", getRequest("three"))
		f.expect(403, "", getRequest("probe", key(Marker+"bad")))
		f.expect(401, "", getRequest("both", key(validKey), basic(student, "wrong")))
		f.expect(401, "", getRequest("panel", bearer(Marker+"bad")))
		f.expect(400, "", getRequest("panel", "Authorization: Bearer a b"))
		f.expect(401, "", getRequest("courier", bearer(Marker+"bad")))
		f.expect(401, "", getRequest("service", bearer(Marker+"bad")))
		f.expect(401, "", getRequest("account", basic("unknown", "wrong")))
	}
}

// stepDenied sets no debug log, which would keep denials off the fast path.
func stepDenied(f *panicFixture) {
	up, issue := f.newWebService()
	defer up.Close()
	f.apply(Routes{"r": with(webServiceConfig(up), "log", "info")})
	token, user := issue()
	wrong := f.unique("wrong")
	for range 4 {
		f.expect(200, user, getRequest("r", bearer(token)))
		f.expect(401, "", getRequest("r", bearer(wrong)))
	}
}

func stepHeaders(f *panicFixture) {
	up, issue := f.newWebService()
	defer up.Close()
	config := webServiceConfig(up)
	f.apply(Routes{
		"own": with(config, "identity", map[string]any{
			"headers": map[string]any{"X-Auth-User": "user", "X-Call": "name"}, "require": map[string]any{"id": []any{"6", "7"}},
		}, "optional", true, "preflight", true, "forwardCredential", true),
		"strict": with(config, "identity", map[string]any{"require": map[string]any{"name": []any{"Another", "name"}}}),
	})
	token, user := issue()
	for range 2 {
		f.expect(200, user, getRequest("own", bearer(token), "x-auth-user: forged", "X_Call: forged", "Connection: close, X-Auth-User", "X-New: y"))
	}
	f.expect(200, "", getRequest("own"))
	f.expect(200, "", Request{Route: "own", Method: http.MethodOptions, Headers: []string{"Origin: https://a.example", "Access-Control-Request-Method: GET", bearer(token)}})
	f.expect(200, user, Request{Route: "own", Method: http.MethodOptions, Headers: []string{bearer(token)}})
	f.expect(403, "", getRequest("strict", bearer(token)))
	f.expect(403, "", Request{Route: "strict", Method: http.MethodHead, Headers: []string{bearer(token)}})
}

func stepConfigurationFaults(f *panicFixture) {
	up, issue := f.newWebService()
	defer up.Close()
	good := webServiceConfig(up, "budget", "100/1h", "revalidate", "1h", "lifetime", "2h", "timeout", "3s")
	f.apply(Routes{
		"empty":   {},
		"unknown": with(good, "unknown-key", "x"),
		"values":  with(good, "cache", map[string]any{"size": 1.5, "negativeLifetime": "-1s", "negativeSize": 0, "epoch": []any{"x"}}, "errors", "x", "log", "loud"),
		"url":     routeConfig("bearer", "webservice", "ftp://user:"+Marker+"@x?y", "path", "x", "budget", "some", "revalidate", "-1s", "lifetime", "1ns"),
		"tls":     routeConfig("bearer", "bts", "https://x.example", "tls", map[string]any{"ca": "no", "cert": "no"}, "method", "PUT"),
		"secret":  routeConfig("basic", "thammasat", up.URL, "applicationKey", "env:NOT_ALLOWED"),
		"file":    routeConfig("basic", "thammasat", up.URL, "applicationKey", "file:/nowhere/at/all"),
		"probe":   routeConfig("applicationKey", "thammasat", up.URL, "probe", map[string]any{"username": "x"}),
		"header":  with(good, "identity", map[string]any{"headers": map[string]any{"Host": "user", "X-A": "nothing"}, "require": map[string]any{"x": 7}, "prefix": " "}),
		"prefix":  with(good, "identity", map[string]any{"prefix": "X-Forwarded-"}),
		"open":    with(routeConfig("bearer", "bts", up.URL, "path", "/x"), "canary", false),
		"bare":    with(routeConfig("applicationKey", "thammasat", up.URL), "canary", false, "identity", map[string]any{"require": map[string]any{"type": "student"}}),
		"meant": with(good, "limits", map[string]any{"perClient": "20/min"}, "cache", map[string]any{"size": "10k", "negativeLifetime": "1 min"},
			"url", up.URL, "errors", map[string]any{"statuses": map[string]any{"401": "Payment Required"}}),
		"api":    routeConfig("bearer", "thammasat", "https://${HOST}"),
		"unset":  routeConfig("basic", "thammasat", up.URL, "applicationKey", "${TU_KEY}"),
		"digits": routeConfig("basic", "thammasat", up.URL, "applicationKey", 1e34),
		"line":   routeConfig("applicationKey", "thammasat", up.URL, "probe", map[string]any{"username": "x", "password": "x\ty"}),
		"unkn":   with(good, "limits", map[string]any{"perClient": "x", "clientDepth": -1}, "optional", "perhaps"),
		"good":   with(good, "limits", map[string]any{"perClient": "100/1m", "clientDepth": 1}, "errors", map[string]any{"format": "problem", "statuses": map[string]any{"-105": 402}, "unavailable": 500}),
	})
	for _, route := range []string{"empty", "unknown", "values", "url", "tls", "secret", "file", "probe", "header", "unkn", "prefix", "bare", "meant", "api", "unset", "digits", "line"} {
		f.expect(500, "", getRequest(route, bearer(Marker+"x")))
	}
	f.expect(500, "", getRequest("open", bearer(Marker+"x")))
	token, user := issue()
	f.expect(200, user, getRequest("good", bearer(token)))
}

func stepErrorFormats(f *panicFixture) {
	ipp, bts := newIPPanel(f.Clock()), newBTS(f.Clock())
	ws, _ := f.newWebService()
	defer ipp.Close()
	defer bts.Close()
	defer ws.Close()
	statuses := map[string]map[string]any{"panel": {"400-2": 400}, "courier": {"422": 418}, "service": {"-105": 402}}
	routes := Routes{
		"panel":   routeConfig("bearer", "ippanel", ipp.URL),
		"courier": btsConfig(bts),
		"service": webServiceConfig(ws),
	}
	for _, name := range []string{"panel", "courier", "service"} {
		config := routes[name]
		routes[name+"-problem"] = with(config, "errors", map[string]any{"format": "problem", "statuses": statuses[name]})
	}
	f.apply(routes)
	answer := func(route string, status int, body string, want, wantProblem int) {
		for name, expected := range map[string]int{route: want, route + "-problem": wantProblem} {
			token := f.unique("token")
			r := upstreams.Reply{Status: status, Body: body, Header: map[string]string{"Retry-After": "5"}}
			ipp.Answer(token, r)
			bts.Answer(token, r)
			ws.Answer(token, r)
			f.expect(expected, "", getRequest(name, bearer(token)))
			f.expect(expected, "", getRequest(name, bearer(token)))
		}
	}
	answer("panel", 422, `{"data":null,"meta":{"status":false,"message":"no","message_code":"400-2","errors":{"otp":["x","y"]}}}`, 422, 400)
	answer("panel", 422, `{"errors":{"otp":["x"]}}`, 422, 422)
	answer("panel", 403, `{"message":"not the panel's own"}`, 500, 500)
	answer("panel", 429, `{}`, 429, 429)
	huge := upstreams.Reply{Status: 429, Body: "{}", Header: map[string]string{"Retry-After": "99999999999999999999"}}
	ws.Answer(Marker+"huge", huge)
	f.expect(429, "", getRequest("service", bearer(Marker+"huge")))
	answer("courier", 422, `{"status":false,"message":"Validation error.","status_code":422,"errors":{"a":["b"]}}`, 422, 418)
	answer("courier", 200, `{"status":false,"message":"no","status_code":403}`, 403, 403)
	answer("courier", 404, `{}`, 500, 500)
	answer("service", 200, `{"IsSuccess":false,"Msg":{"Code":-105,"Msg":"x"}}`, 403, 402)
	answer("service", 200, `{"IsSuccess":false,"Msg":{"Code":-104,"Msg":"منقضی"}}`, 403, 403)
	answer("service", 200, `{"IsSuccess":false,"Msg":{"Code":-201,"Msg":"۳ - ٣ - 9"}}`, 429, 429)
	answer("service", 200, `[]`, 500, 500)
	answer("service", 200, `{"a":[{"b":null},1.5,"x",true],"a":1}`, 500, 500)
}
