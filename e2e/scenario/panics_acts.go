package scenario

import (
	"fmt"
	"net/http"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Act is some requests that pass a part of the plugin, with the answers that
// they get where no panic goes off. Its upstreams are new each time.
type Act struct {
	Name string
	Play func(x *Exam)
}

// Acts pass, together, all of the plugin that can be passed.
var Acts = []Act{
	{"in, again, and refused", actEverybody},
	{"refused again and again", actRefused},
	{"headers and anonymous requests", actHeaders},
	{"faulty configurations", actFaulty},
	{"errors in other forms", actErrors},
	{"budget and clients", actLimits},
	{"guessed accounts", actGuessing},
	{"an outage and its end", actOutage},
	{"an upstream that believes anybody", actOpen},
	{"asked again while requests go on", actAgain},
	{"a crowd, and one that leaves", actCrowd},
	{"more at once than are asked about", actTooMany},
	{"a canary that is not answered", actSilent},
	{"JWTs that end", actJWT},
	{"full caches and new epochs", actFull},
	{"TLS", actTLS},
	{"logins on their way, and a logout", actLogins},
	{"sessions", actSessions},
}

func get(route string, lines ...string) Call { return Call{Route: route, Lines: lines} }

func (x *Exam) service() (up *upstreams.WebService, issue func() (token, user string)) {
	up = service(x.Clock())
	return up, func() (string, string) {
		name := x.fresh("user")
		return up.IssueToken(upstreams.User{UserName: name, Name: "name of somebody", ID: 7}), name
	}
}

func actEverybody(x *Exam) {
	all, done := four(x.Clock())
	defer done()
	routes := routesOf(all)
	tu := university(x.Clock())
	defer tu.Close()
	tu.AddAccount(upstreams.Account{User: "probe", Password: password, Type: "employee"})
	routes["probe"] = block("applicationKey", "thammasat", tu.URL, "probe", map[string]any{"username": "probe", "password": "env:UPSTREAMAUTH_PROBE"})
	routes["both"] = block("applicationKey", "thammasat", tu.URL, "account", true)
	routes["three"] = with(with(all[2].config, "applicationKey", routes["probe"]["applicationKey"]),
		"basic", map[string]any{"api": "thammasat", "url": tu.URL, "applicationKey": "file:/nowhere"})
	delete(routes["three"], "basic")
	x.serve(routes)
	for range 2 {
		for _, o := range all {
			x.want(200, "", get(o.route, o.line, "X-Auth-User: forged"))
		}
		x.want(200, "", get("probe", key(goodKey)))
		x.want(200, "", get("both", key(goodKey), basic(student, password)))
		x.want(200, "", get("three", key(goodKey)))
		x.want(200, "", get("three", all[2].line))
		x.want(400, "", get("three", key(goodKey), all[2].line))
		x.want(401, "", get("three"))
		x.want(403, "", get("probe", key(Marker+"bad")))
		x.want(401, "", get("both", key(goodKey), basic(student, "wrong")))
		x.want(401, "", get("panel", bearer(Marker+"bad")))
		x.want(400, "", get("panel", "Authorization: Bearer a b"))
		x.want(401, "", get("courier", bearer(Marker+"bad")))
		x.want(401, "", get("service", bearer(Marker+"bad")))
		x.want(401, "", get("account", basic("nobody", "wrong")))
	}
}

// actRefused is without the debug log, which keeps refusals off the short way.
func actRefused(x *Exam) {
	up, issue := x.service()
	defer up.Close()
	x.serve(Routes{"r": with(block("bearer", "webservice", up.URL, "path", up.Path()), "log", "info")})
	token, user := issue()
	wrong := x.fresh("wrong")
	for range 4 {
		x.want(200, user, get("r", bearer(token)))
		x.want(401, "", get("r", bearer(wrong)))
	}
}

func actHeaders(x *Exam) {
	up, issue := x.service()
	defer up.Close()
	config := block("bearer", "webservice", up.URL, "path", up.Path())
	x.serve(Routes{
		"own": with(config, "identity", map[string]any{
			"headers": map[string]any{"X-Auth-User": "user", "X-Call": "name"}, "require": map[string]any{"id": []any{"6", "7"}},
		}, "optional", true, "preflight", true, "forwardCredential", true),
		"strict": with(config, "identity", map[string]any{"require": map[string]any{"name": []any{"Somebody", "else"}}}),
	})
	token, user := issue()
	for range 2 {
		x.want(200, user, get("own", bearer(token), "x-auth-user: forged", "X_Call: forged", "Connection: close, X-Auth-User", "X-New: y"))
	}
	x.want(200, "", get("own"))
	x.want(200, "", Call{Route: "own", Method: http.MethodOptions, Lines: []string{"Origin: https://a.example", "Access-Control-Request-Method: GET", bearer(token)}})
	x.want(200, user, Call{Route: "own", Method: http.MethodOptions, Lines: []string{bearer(token)}})
	x.want(403, "", get("strict", bearer(token)))
	x.want(403, "", Call{Route: "strict", Method: http.MethodHead, Lines: []string{bearer(token)}})
}

func actFaulty(x *Exam) {
	up, issue := x.service()
	defer up.Close()
	good := block("bearer", "webservice", up.URL, "path", up.Path(), "budget", "100/1h", "revalidate", "1h", "lifetime", "2h", "timeout", "3s")
	x.serve(Routes{
		"empty":   {},
		"unknown": with(good, "nobody-knows", "x"),
		"values":  with(good, "cache", map[string]any{"size": 1.5, "negativeLifetime": "-1s", "negativeSize": 0, "epoch": []any{"x"}}, "errors", "x", "log", "loud"),
		"url":     block("bearer", "webservice", "ftp://user:"+Marker+"@x?y", "path", "x", "budget", "some", "revalidate", "-1s", "lifetime", "1ns"),
		"tls":     block("bearer", "bts", "https://x.example", "tls", map[string]any{"ca": "no", "cert": "no"}, "method", "PUT"),
		"secret":  block("basic", "thammasat", up.URL, "applicationKey", "env:NOBODY_HAS_IT"),
		"file":    block("basic", "thammasat", up.URL, "applicationKey", "file:/nowhere/at/all"),
		"probe":   block("applicationKey", "thammasat", up.URL, "probe", map[string]any{"username": "x"}),
		"header":  with(good, "identity", map[string]any{"headers": map[string]any{"Host": "user", "X-A": "nothing"}, "require": map[string]any{"x": 7}, "prefix": " "}),
		"prefix":  with(good, "identity", map[string]any{"prefix": "X-Forwarded-"}),
		"open":    with(block("bearer", "bts", up.URL, "path", "/x"), "canary", false),
		"bare":    with(block("applicationKey", "thammasat", up.URL), "canary", false, "identity", map[string]any{"require": map[string]any{"type": "student"}}),
		"unkn":    with(good, "limits", map[string]any{"perClient": "x", "clientDepth": -1}, "optional", "perhaps"),
		"good":    with(good, "limits", map[string]any{"perClient": "100/1m", "clientDepth": 1}, "errors", map[string]any{"format": "problem", "statuses": map[string]any{"-105": 402}, "unavailable": 503}),
	})
	for _, route := range []string{"empty", "unknown", "values", "url", "tls", "secret", "file", "probe", "header", "unkn", "prefix", "bare"} {
		x.want(500, "", get(route, bearer(Marker+"x")))
	}
	x.want(500, "", get("open", bearer(Marker+"x")))
	token, user := issue()
	x.want(200, user, get("good", bearer(token)))
}

func actErrors(x *Exam) {
	ipp, bts := panel(x.Clock()), courier(x.Clock())
	ws, _ := x.service()
	defer ipp.Close()
	defer bts.Close()
	defer ws.Close()
	statuses := map[string]map[string]any{"panel": {"400-2": 400}, "courier": {"422": 418}, "service": {"-105": 402}}
	routes := Routes{
		"panel":   block("bearer", "ippanel", ipp.URL),
		"courier": block("bearer", "bts", bts.URL, "path", upstreams.BTSStatusPath),
		"service": block("bearer", "webservice", ws.URL, "path", ws.Path()),
	}
	for _, name := range []string{"panel", "courier", "service"} {
		config := routes[name]
		routes[name+"-problem"] = with(config, "errors", map[string]any{"format": "problem", "statuses": statuses[name]})
	}
	x.serve(routes)
	answer := func(route string, status int, body string, want, wantProblem int) {
		for name, expected := range map[string]int{route: want, route + "-problem": wantProblem} {
			token := x.fresh("token")
			r := upstreams.Reply{Status: status, Body: body, Header: map[string]string{"Retry-After": "5"}}
			ipp.Answer(token, r)
			bts.Answer(token, r)
			ws.Answer(token, r)
			x.want(expected, "", get(name, bearer(token)))
			x.want(expected, "", get(name, bearer(token)))
		}
	}
	answer("panel", 422, `{"data":null,"meta":{"status":false,"message":"no","message_code":"400-2","errors":{"otp":["x","y"]}}}`, 422, 400)
	answer("panel", 429, `{}`, 429, 429)
	huge := upstreams.Reply{Status: 429, Body: "{}", Header: map[string]string{"Retry-After": "99999999999999999999"}}
	ws.Answer(Marker+"huge", huge)
	x.want(429, "", get("service", bearer(Marker+"huge")))
	answer("courier", 422, `{"status":false,"message":"Validation error.","status_code":422,"errors":{"a":["b"]}}`, 422, 418)
	answer("courier", 200, `{"status":false,"message":"no","status_code":403}`, 403, 403)
	answer("courier", 404, `{}`, 500, 500)
	answer("service", 200, `{"IsSuccess":false,"Msg":{"Code":-105,"Msg":"x"}}`, 403, 402)
	answer("service", 200, `{"IsSuccess":false,"Msg":{"Code":-104,"Msg":"منقضی"}}`, 403, 403)
	answer("service", 200, `{"IsSuccess":false,"Msg":{"Code":-201,"Msg":"۳ - ٣ - 9"}}`, 429, 429)
	answer("service", 200, `[]`, 500, 500)
	answer("service", 200, `{"a":[{"b":null},1.5,"x",true],"a":1}`, 500, 500)
}

func actLimits(x *Exam) {
	up, issue := x.service()
	defer up.Close()
	config := block("bearer", "webservice", up.URL, "path", up.Path(), "budget", "20/1h")
	wider := block("bearer", "webservice", up.URL, "path", up.Path(), "budget", "90/1h")
	x.serve(Routes{"r": with(config, "limits", map[string]any{"perClient": "2/1h", "clientDepth": 1}), "wider": wider})
	token, user := issue()
	from := "X-Forwarded-For: 192.0.2." + fmt.Sprint(x.n)
	x.want(200, user, get("r", bearer(token), from))
	x.want(401, "", get("r", bearer(x.fresh("junk")), from))
	x.want(401, "", get("r", bearer(x.fresh("junk")), from))
	if !x.armed {
		x.want(429, "", get("r", bearer(x.fresh("junk")), from))
	} else {
		_, _ = x.Try(get("r", bearer(x.fresh("junk")), from)) // one that was not counted leaves room
	}
	x.want(200, user, get("r", bearer(token), from))
	for i := range 30 {
		_, _ = x.Try(get("r", bearer(x.fresh("junk")), fmt.Sprint("X-Forwarded-For: 198.51.100.", i)))
	}
	x.want(429, "", get("r", bearer(x.fresh("junk")), "X-Forwarded-For: 2001:db8::1"))
	x.want(200, user, get("r", bearer(token)))
}

func actGuessing(x *Exam) {
	up := university(x.Clock())
	defer up.Close()
	x.serve(Routes{"r": block("basic", "thammasat", up.URL, "applicationKey", "env:UPSTREAMAUTH_TU_KEY")})
	x.want(200, "", get("r", basic(student, password)))
	for i := range 7 {
		_, _ = x.Try(get("r", basic(employee, fmt.Sprint("wrong", i))))
	}
	x.want(429, "", get("r", basic(employee, "guess")))
	x.want(200, "", get("r", basic(student, password)))
}

func actJWT(x *Exam) {
	up := courier(x.Clock())
	defer up.Close()
	x.serve(Routes{"r": block("bearer", "bts", up.URL, "path", upstreams.BTSStatusPath, "lifetime", "2h")})
	now := time.Now()
	if x.Clock() != nil {
		now = x.Clock().Now()
	}
	sign := func(age, life time.Duration) string {
		issued := now.Add(-age)
		return up.Sign(map[string]any{"sub": Marker + "courier", "jti": x.fresh("id"), "iat": issued.Unix(), "exp": issued.Add(life).Unix()})
	}
	x.want(200, "", get("r", bearer(sign(time.Minute, time.Hour))))
	x.want(401, "", get("r", bearer(sign(3*time.Hour, time.Hour))))
	x.want(401, "", get("r", bearer(sign(time.Minute, time.Hour)+"x")))
}

func actFull(x *Exam) {
	up, issue := x.service()
	defer up.Close()
	config := block("bearer", "webservice", up.URL, "path", up.Path())
	small := with(config, "cache", map[string]any{"size": 100, "negativeSize": 100})
	large := with(config, "cache", map[string]any{"size": 200, "negativeSize": 200})
	lean := with(small, "identity", map[string]any{"headers": map[string]any{"X-Auth-User": "user"}}) // a plan of its own
	for _, config := range []map[string]any{small, lean, large, with(config, "cache", map[string]any{"epoch": "next"}), small} {
		x.serve(Routes{"r": config})
		x.pass(time.Minute) // and those replaced have left
		for range 3 {
			token, user := issue()
			x.want(200, user, get("r", bearer(token)))
			x.want(401, "", get("r", bearer(x.fresh("junk"))))
		}
	}
}

func actTLS(x *Exam) {
	up := upstreams.NewWebService(upstreams.WebServiceOptions{Options: upstreams.Options{Clock: x.Clock(), TLS: true}})
	defer up.Close()
	token := up.IssueToken(upstreams.User{UserName: "somebody"})
	x.serve(Routes{
		"r":     block("bearer", "webservice", up.URL, "path", up.Path(), "tls", map[string]any{"ca": up.CA()}),
		"wrong": block("bearer", "webservice", up.URL, "path", up.Path()),
	})
	x.want(200, "somebody", get("r", bearer(token)))
	x.want(500, "", get("wrong", bearer(token)))
}
