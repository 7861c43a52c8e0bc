package scenario

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Lists: a field of several values in headers and requirements, patterns, and what the
// operator is told of a field that never comes.
var Lists = []Scenario{
	{Name: "a list of scalars is a header of several values, whatever the API", Run: listsArrive},
	{Name: "a list meets a requirement by any of its values, and by none that only looks so", Run: listsRequired},
	{Name: "a caller whose name is a list has no name", Run: listedUser},
	{Name: "a required field that no answer has had is one log line", Run: absentFieldLogged},
	{Name: "a required field that came as an object is one log line", Run: objectFieldLogged},
	{Name: "what no identity of a block can have is one log line", Run: neverMetLogged},
}

// serviceToken is a token of the web service whose Data has these members too.
func serviceToken(up *upstreams.WebService, data map[string]any) string {
	return up.IssueToken(upstreams.User{UserName: Marker + "client", Data: data})
}

func requiring(config map[string]any, require map[string]any) map[string]any {
	return with(config, "identity", map[string]any{"require": require})
}

// listValues are lists as the upstreams send them, and the header that they become.
var listValues = []struct {
	list any
	want string
}{
	{[]any{"admin"}, "admin"},
	{[]any{"admin", "editor"}, "admin,editor"},
	{[]any{"a,b", "c d", "100%"}, "a%2Cb,c%20d,100%25"},
	{[]any{"ادمین", 7, true}, "%D8%A7%D8%AF%D9%85%DB%8C%D9%86,7,true"},
	{[]any{"", "admin", ""}, "admin"},
	{[]any{}, ""},
	{[]any{""}, ""},
	{[]any{"admin", nil}, ""},
	{[]any{"admin", []any{"x"}}, ""},
	{[]any{map[string]any{"name": "admin"}}, ""},
	{[]any{"admin", "a\r\nX-Auth-User: b"}, ""},
	{[]any{strings.Repeat("x", 600), strings.Repeat("y", 600)}, strings.Repeat("x", 600) + "," + strings.Repeat("y", 600)},
	{[]any{strings.Repeat("x", 900), strings.Repeat("y", 900), strings.Repeat("z", 900), strings.Repeat("0", 900), strings.Repeat("1", 900)}, ""},
	{[]any{strings.Repeat("x", 1025), "admin"}, ""},
	{map[string]any{"0": "admin"}, ""},
}

func listsArrive(t *testing.T, h *Harness) {
	ipp, bts, ws := newIPPanel(h.Clock()), newBTS(h.Clock()), newWebService(h.Clock())
	defer ipp.Close()
	defer bts.Close()
	defer ws.Close()
	headers := map[string]any{"headers": map[string]any{"X-Roles": "roles"}}
	h.Serve(Routes{
		"panel":   with(routeConfig("bearer", "ippanel", ipp.URL), "identity", headers),
		"courier": with(btsConfig(bts), "identity", headers),
		"service": with(webServiceConfig(ws), "identity", headers),
	})
	h.Expect(200, Request{Route: "panel", Headers: []string{bearer(ipp.IssueToken(Marker + "ali"))}}) // trusted from here on
	for i, c := range listValues {
		login := fmt.Sprint(Marker, "courier-", i)
		bts.AddUser(upstreams.BTSUser{Login: login, Claims: map[string]any{"roles": c.list}})
		roles, _ := json.Marshal(c.list)
		ipp.AnswerAll(&upstreams.Reply{Status: 200, Body: `{"data":{"user_name":"` + Marker + `ali","roles":` + string(roles) + `},"meta":{"status":true,"message_code":"200-1"}}`})
		for route, token := range map[string]string{
			"panel": fmt.Sprint(Marker, "panel-token-0123456789-", i), "courier": bts.IssueToken(login),
			"service": serviceToken(ws, map[string]any{"roles": c.list}),
		} {
			for _, round := range []string{"a miss", "a hit"} {
				r := h.Expect(200, Request{Route: route, Headers: []string{bearer(token), "X-Roles: forged"}})
				got := strings.Join(r.Seen.Header["X-Roles"], "|")
				if got != c.want {
					t.Errorf("%s, %s: %v is %q, want %q", route, round, c.list, got, c.want)
				}
			}
		}
	}
}

func listsRequired(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	tokens := map[string]string{}
	for name, roles := range map[string]any{
		"admin": []any{"admin"}, "both": []any{"editor", "admin"}, "text": "admin", "comma": []any{"x,admin"}, "joined": "x,admin",
		"case": []any{"Admin"}, "deputy": []any{"admin-deputy"}, "banned": []any{"admin", "banned"}, "number": []any{7}, "none": []any{},
		"object": map[string]any{"admin": true}, "nested": []any{[]any{"admin"}}, "staff": []any{"banned", "somchai@tu.ac.th"},
	} {
		tokens[name] = bearer(serviceToken(up, map[string]any{"roles": roles}))
	}
	tokens["absent"] = bearer(issueToken(up, "client"))
	routes, allowed := Routes{}, map[string]string{}
	for route, c := range map[string]struct {
		require any
		allowed string
	}{
		"exact":      {[]any{"admin"}, "admin both text banned"},
		"two":        {"editor, 7", "both number"},
		"pattern":    {[]any{"admin*"}, "admin both text deputy banned"},
		"ending":     {[]any{"*@tu.ac.th", "ed*or"}, "staff both"},
		"any":        {[]any{"*"}, "admin both text comma joined case deputy banned number staff"},
		"forbidden":  {"!banned", "admin both text comma joined case deputy number"},
		"forbidding": {[]any{"admin", "!ban*"}, "admin both text"},
		"commas":     {[]any{"x,admin"}, "comma joined"},
	} {
		routes[route] = requiring(webServiceConfig(up), map[string]any{"roles": c.require})
		allowed[route] = " " + c.allowed + " "
	}
	h.Serve(routes)
	for range 3 { // a miss, a lookup, a hit
		for route := range routes {
			for name, token := range tokens {
				status := 403
				if strings.Contains(allowed[route], " "+name+" ") {
					status = 200
				}
				if r := h.Expect(status, Request{Route: route, Headers: []string{token}}); r.Status != status {
					t.Errorf("%s: roles of %s", route, name)
				}
			}
		}
	}
}

func listedUser(t *testing.T, h *Harness) {
	ipp, ws := newIPPanel(h.Clock()), newWebService(h.Clock())
	defer ipp.Close()
	defer ws.Close()
	h.Serve(Routes{
		"panel":       routeConfig("bearer", "ippanel", ipp.URL),
		"service":     webServiceConfig(ws),
		"listed-name": requiring(webServiceConfig(ws), map[string]any{"user": []any{"*"}}),
	})
	h.Expect(200, Request{Route: "panel", Headers: []string{bearer(ipp.IssueToken(Marker + "ali"))}}) // trusted from here on
	ipp.AnswerAll(&upstreams.Reply{Status: 200, Body: `{"data":{"user_name":["ali","admin"]},"meta":{"status":true,"message_code":"200-1"}}`})
	h.Expect(500, Request{Route: "panel", Headers: []string{bearer(Marker + "panel-token-0123456789")}})
	token := bearer(serviceToken(ws, map[string]any{"UserName": []any{Marker + "client"}}))
	for range 2 {
		r := h.Expect(200, Request{Route: "service", Headers: []string{token, "X-Auth-User: forged"}})
		expectEqual(t, "user", r.Seen.Header["X-Auth-User"], []string(nil))
		h.Expect(403, Request{Route: "listed-name", Headers: []string{token}})
	}
	expectLogged(t, h, "a list where one value is expected", 1)
}

// expectLogged waits until the log has a text that many times, and looks again later.
func expectLogged(t *testing.T, h *Harness, text string, want int) {
	t.Helper()
	count := func() int {
		n := 0
		for _, line := range strings.Split(h.Logs(), "\n") {
			if strings.Contains(line, text) {
				n++
			}
		}
		return n
	}
	if want > 0 {
		waitFor(t, "in the log: "+text, func() bool { return count() >= want })
	}
	time.Sleep(20 * time.Millisecond)
	expectCount(t, "log lines with "+text, count(), want)
}

func absentFieldLogged(t *testing.T, h *Harness) {
	up := newBTS(h.Clock())
	defer up.Close()
	bts := btsConfig(up)
	up.AddUser(upstreams.BTSUser{Login: Marker + "plain"})
	routes := Routes{
		"misspelled": requiring(bts, map[string]any{"rolle": []any{"driver"}, "role": []any{"driver"}}),
		"right":      requiring(bts, map[string]any{"role": []any{"driver"}}),
		"header":     with(bts, "identity", map[string]any{"headers": map[string]any{"X-Role": "role", "X-Brnch": "brnch"}}),
	}
	h.Serve(routes)
	courier, plain := bearer(up.IssueToken(Marker+"courier")), bearer(up.IssueToken(Marker+"plain"))
	for range 2 {
		for range 3 {
			h.Expect(403, Request{Route: "misspelled", Headers: []string{courier}})
			h.Expect(200, Request{Route: "right", Headers: []string{courier}})
			h.Expect(200, Request{Route: "header", Headers: []string{courier}})
			h.Expect(403, Request{Route: "right", Headers: []string{plain}})
		}
		h.Serve(routes) // a reload says nothing again
	}
	expectLogged(t, h, `identity.require: no answer of bts has had a value of the field \"rolle\" so far`, 1)
	expectLogged(t, h, `identity.headers: no answer of bts has had a value of the field \"brnch\" so far`, 1)
	expectLogged(t, h, `the field \"role\"`, 0) // others have it
}

func objectFieldLogged(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": requiring(webServiceConfig(up), map[string]any{"roles": []any{"admin"}})})
	good := bearer(serviceToken(up, map[string]any{"roles": []any{"admin"}}))
	h.Expect(200, Request{Route: "r", Headers: []string{good}})
	for _, roles := range []any{map[string]any{Marker: true}, []any{map[string]any{"name": Marker}}, []any{"admin", nil}, Marker + "\n"} {
		token := bearer(serviceToken(up, map[string]any{"roles": roles}))
		for range 3 {
			h.Expect(403, Request{Route: "r", Headers: []string{token}})
		}
	}
	h.Expect(200, Request{Route: "r", Headers: []string{good}})
	expectLogged(t, h, `identity.require: the field \"roles\" of webservice came as an object`, 1)
	expectLogged(t, h, `has had a value`, 0)
}

func neverMetLogged(t *testing.T, h *Harness) {
	tu, ws := newThammasat(h.Clock()), newWebService(h.Clock())
	defer tu.Close()
	defer ws.Close()
	both := with(webServiceConfig(ws), "basic", basicConfig(tu)["basic"])
	alone := routeConfig("applicationKey", "thammasat", tu.URL)
	routes := Routes{
		"both":  requiring(both, map[string]any{"roles": []any{"admin"}}),
		"alone": requiring(alone, map[string]any{"type": []any{"student"}}),
	}
	h.Serve(routes)
	h.Expect(200, Request{Route: "both", Headers: []string{bearer(serviceToken(ws, map[string]any{"roles": []any{"admin"}}))}})
	h.Expect(403, Request{Route: "both", Headers: []string{basic(student, password)}})
	h.Expect(403, Request{Route: "alone", Headers: []string{key(validKey)}})
	h.Serve(routes)
	h.Expect(403, Request{Route: "both", Headers: []string{basic(employee, password)}})
	expectLogged(t, h, `no identity of basic (thammasat) can meet the requirement of \"roles\"`, 1)
	expectLogged(t, h, `no identity of applicationKey (thammasat), of which a caller is not known, can meet the requirement of \"type\"`, 1)
}
