package scenario

import (
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// UnclearTexts: what two readers could read differently names nobody.
var UnclearTexts = []Scenario{
	{Name: "a name with half of a surrogate pair names no user", Run: halfPairs},
	{Name: "a required user with half of a surrogate pair is no answer", Run: halfPairsRequired},
	{Name: "a member whose name has half of a surrogate pair is no field", Run: halfPairNames},
	{Name: "one byte order mark before an answer is skipped", Run: byteOrderMarks},
	{Name: "an answer of thousands of members is read like a small one", Run: largeAnswers},
}

// replying is an upstream whose answers are given by what a question's credential is;
// it denies every other.
func replying(t *testing.T, bodies map[string]string, no string) *upstreams.RawServer {
	up := upstreams.NewRawServer(nil, func(c net.Conn, r *http.Request, _ int) bool {
		question := r.Header.Get("Authorization")
		if strings.Contains(question, ".") {
			question = r.URL.RequestURI()
		}
		reply := upstreams.Raw(401, no)
		for token, body := range bodies {
			if strings.HasSuffix(question, token) {
				reply = upstreams.Raw(200, body)
			}
		}
		_, err := io.WriteString(c, reply)
		return err == nil
	})
	t.Cleanup(up.Close)
	return up
}

// dataOf is the web service's yes with these members.
func dataOf(members string) string { return `{"IsSuccess":true,"Data":{` + members + `}}` }

func halfPairs(t *testing.T, h *Harness) {
	names := map[string]string{ // as written, and in the header; empty: none
		`ann\ud800`: "", `ann\ud801`: "", `\udfffann`: "", `\ud83d\ude00\ude00`: "", `ann\uDC00\uD800`: "",
		`ann\ufffd`: "ann%EF%BF%BD", "ann\ufffd": "ann%EF%BF%BD", `ann\ud83d\ude00`: "ann%F0%9F%98%80", `ann\\ud800`: `ann\ud800`,
	}
	bodies, tokens := map[string]string{}, map[string]string{}
	for written := range names {
		token := fmt.Sprint(Marker, "token", len(tokens))
		tokens[written], bodies[token] = token, dataOf(`"UserName":"`+written+`","Name":"`+Marker+`Ann","Role":"`+written+`"`)
	}
	up := replying(t, bodies, rawNo)
	headers := map[string]any{"X-Auth-User": "user", "X-Auth-Name": "name", "X-Auth-Role": "Role"}
	required := map[string]any{"headers": headers, "require": map[string]any{"user": "ann\ufffd"}}
	h.Serve(Routes{
		"r":        with(rawConfig(up), "identity", map[string]any{"headers": headers}),
		"required": with(rawConfig(up), "identity", required),
	})
	for written, want := range names {
		r := h.Expect(200, Request{Route: "r", Headers: []string{bearer(tokens[written])}})
		for _, name := range []string{"X-Auth-User", "X-Auth-Role"} {
			if got := r.Seen.Header.Get(name); got != want || len(r.Seen.Header[name]) > 1 {
				h.Counters.falseAccepts.Add(1)
				t.Errorf("%s: %s %q, want %q", written, name, got, want)
			}
		}
		expectEqual(t, "X-Auth-Name", r.Seen.Header.Get("X-Auth-Name"), Marker+"Ann")
		status := 403
		if want == "ann%EF%BF%BD" {
			status = 200
		}
		h.Expect(status, Request{Route: "required", Headers: []string{bearer(tokens[written])}})
	}
}

func halfPairsRequired(t *testing.T, h *Harness) {
	panel := func(name string) string {
		return `{"data":{"user_name":"` + name + `","user_id":1},"meta":{"status":true,"message":"ok","message_code":"200-1"}}`
	}
	panelNo := `{"data":null,"meta":{"status":false,"message":"no","message_parameters":[],"message_code":"400-1","errors":{}}}`
	ipp := replying(t, map[string]string{Marker + "half": panel(`ann\ud800`), Marker + "whole": panel(`ann\ufffd`)}, panelNo)
	account := func(user string) string { return base64.StdEncoding.EncodeToString([]byte(user + ":" + password)) }
	tu := upstreams.NewRawServer(nil, func(c net.Conn, r *http.Request, _ int) bool {
		_, err := io.WriteString(c, upstreams.Raw(200, `{"status":true,"message":"Success","username":"ann\udc00","type":"student"}`))
		return err == nil
	})
	defer tu.Close()
	courier := "e30." + base64.RawURLEncoding.EncodeToString([]byte(`{"sub":"ann\ud800","name":"`+Marker+`Ann"}`)) + ".c2ln"
	bts := replying(t, map[string]string{"/check?": `{"status":true,"data":{}}`}, `{"name":"Unauthorized","message":"no","code":0,"status":401}`)
	h.Serve(Routes{
		"panel":   routeConfig("bearer", "ippanel", ipp.URL),
		"account": with(routeConfig("basic", "thammasat", tu.URL, "applicationKey", "env:UPSTREAMAUTH_TU_KEY"), "canary", "false"),
		"courier": with(routeConfig("bearer", "bts", bts.URL, "path", "/check?"), "canary", "false"),
	})
	h.Expect(500, Request{Route: "panel", Headers: []string{bearer(Marker + "half")}})
	r := h.Expect(200, Request{Route: "panel", Headers: []string{bearer(Marker + "whole")}})
	expectEqual(t, "X-Auth-User", r.Seen.Header.Get("X-Auth-User"), "ann%EF%BF%BD")
	h.Expect(500, Request{Route: "account", Headers: []string{"Authorization: Basic " + account(student)}})
	h.Expect(400, Request{Route: "account", Headers: []string{"Authorization: Basic " + account("ann\xed\xa0\x80")}})
	r = h.Expect(200, Request{Route: "courier", Headers: []string{bearer(courier)}})
	expectEqual(t, "X-Auth-User of a JWT", len(r.Seen.Header["X-Auth-User"]), 0)
	expectEqual(t, "X-Auth-Name of a JWT", r.Seen.Header.Get("X-Auth-Name"), Marker+"Ann")
}

func halfPairNames(t *testing.T, h *Harness) {
	up := replying(t, map[string]string{
		Marker + "half":  dataOf(`"UserName":"` + Marker + `ann","Role\ud800":"admin"`),
		Marker + "whole": dataOf(`"UserName":"` + Marker + `ann","Role\ufffd":"admin"`),
		Marker + "two":   dataOf(`"UserName":"` + Marker + `ann","Role\ud800":"admin","Role\ud801":"user"`),
		Marker + "mixed": dataOf(`"UserName":"` + Marker + `ann","Role\ud800":"admin","Role\ufffd":"user"`),
		Marker + "deep":  dataOf(`"UserName":"` + Marker + `ann","more":[{"a\udc00":1,"a\udc01":2}]`),
	}, rawNo)
	identity := map[string]any{"headers": map[string]any{"X-Auth-User": "user", "X-Auth-Role": "Role\ufffd"}}
	h.Serve(Routes{"r": with(rawConfig(up), "identity", identity)})
	r := h.Expect(200, Request{Route: "r", Headers: []string{bearer(Marker + "half")}})
	expectEqual(t, "X-Auth-Role", len(r.Seen.Header["X-Auth-Role"]), 0)
	r = h.Expect(200, Request{Route: "r", Headers: []string{bearer(Marker + "whole")}})
	expectEqual(t, "X-Auth-Role", r.Seen.Header.Get("X-Auth-Role"), "admin")
	for _, token := range []string{"two", "mixed", "deep"} {
		h.Expect(500, Request{Route: "r", Headers: []string{bearer(Marker + token)}})
	}
}

func byteOrderMarks(t *testing.T, h *Harness) {
	const mark = "\ufeff"
	yes := dataOf(`"UserName":"` + Marker + `ann"`)
	up := replying(t, map[string]string{Marker + "one": mark + yes, Marker + "two": mark + mark + yes, Marker + "behind": yes + mark}, mark+rawNo)
	h.Serve(Routes{"r": rawConfig(up)})
	r := h.Expect(200, Request{Route: "r", Headers: []string{bearer(Marker + "one")}})
	expectEqual(t, "X-Auth-User", r.Seen.Header.Get("X-Auth-User"), Marker+"ann")
	h.Expect(401, Request{Route: "r", Headers: []string{bearer(Marker + "junk")}})
	h.Expect(500, Request{Route: "r", Headers: []string{bearer(Marker + "two")}})
	h.Expect(500, Request{Route: "r", Headers: []string{bearer(Marker + "behind")}})
}

func largeAnswers(t *testing.T, h *Harness) {
	members := ""
	for i := range 2000 {
		members += fmt.Sprintf(`"m%d":{"a":[%d]},`, i, i)
	}
	user := `"UserName":"` + Marker + `ann","Id":9007199254740993,"Name":"` + Marker + `อัน","Role":"driver"`
	up := replying(t, map[string]string{
		Marker + "items":   dataOf(user + `,"list":[` + strings.Repeat("1,", 32000-200) + `1]`),
		Marker + "members": dataOf(user + "," + members + `"z":1`),
		Marker + "outside": `{"more":[` + strings.Repeat(`{"":1},`, 8000) + `{}],` + dataOf(user)[1:],
		Marker + "escaped": dataOf(user + `,"list":[` + strings.Repeat(`"\\\"",`, 5000) + `"\u00e9"]`),
		Marker + "twice":   dataOf(user + `,"role":"x","list":[` + strings.Repeat("1,", 30000) + `1]`),
		Marker + "deep":    dataOf(user + `,"list":` + strings.Repeat("[", 33) + "1" + strings.Repeat("]", 33)),
	}, rawNo)
	headers := map[string]any{"X-Auth-User": "user", "X-Auth-Id": "id", "X-Auth-Name": "name", "X-Auth-Role": "Role", "X-Auth-M": "m3"}
	h.Serve(Routes{"r": with(rawConfig(up), "identity", map[string]any{"headers": headers})})
	for _, token := range []string{"items", "members", "outside", "escaped"} {
		seen := h.Expect(200, Request{Route: "r", Headers: []string{bearer(Marker + token)}}).Seen
		if seen == nil {
			continue
		}
		got := fmt.Sprint(seen.Header.Get("X-Auth-User"), seen.Header.Get("X-Auth-Id"), seen.Header.Get("X-Auth-Role"), len(seen.Header["X-Auth-M"]))
		expectEqual(t, token, got, Marker+"ann9007199254740993driver0")
	}
	h.Expect(500, Request{Route: "r", Headers: []string{bearer(Marker + "twice")}})
	h.Expect(500, Request{Route: "r", Headers: []string{bearer(Marker + "deep")}})
}
