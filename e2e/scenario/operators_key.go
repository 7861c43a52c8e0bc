package scenario

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// OperatorsKey: what an upstream says of the operator's own key, plan or account is no
// answer about a client, and no secret reaches one in an upstream's words.
var OperatorsKey = []Scenario{
	{Name: "a refusal of the operator's key or plan is no answer about an account", Run: operatorsKeyRefused},
	{Name: "a refusal of the operator's key or plan throws out no remembered account", Run: operatorsKeyRevalidates},
	{Name: "a refusal of the operator's key is logged with the key to correct, and without its words", Run: operatorsKeyLogged},
	{Name: "a refusal of the account is an answer, whatever else is said", Run: accountStillRefused},
	{Name: "no message that holds a secret of the configuration reaches a client", Run: secretsStay},
	{Name: "no message or errors that hold the client's credential reach a client", Run: credentialsStay},
}

// aboutTheKey are replies about the operator's key or plan: status and body.
var aboutTheKey = []upstreams.Reply{
	{Status: 403, Body: `{"status":false,"message":"Application-Key ` + OperatorKey + ` has expired!"}`},
	{Status: 403, Body: `{"status":false,"message":"Your plan has expired"}`},
	{Status: 403, Body: `{"status":false,"message":"Not authorized to access the resource. Confirm that your account or plan is authorized to access the resource."}`},
	{Status: 403, Body: `{"status":false,"message":"` + Marker + `suspended"}`},
	{Status: 403, Body: `{"status":false}`},
	{Status: 403, Body: `{}`},
	{Status: 401, Body: `{"status":false,"message":"` + Marker + `unpaid"}`},
	{Status: 401, Body: `<html>401</html>`},
	{Status: 400, Body: `{"status":false,"message":"Application-Key Invalid!"}`},
	{Status: 400, Body: `{"message":"Application-Key Invalid!"}`},
	{Status: 400, Body: `{"status":false,"message":"The application key ` + Marker + ` is disabled."}`},
	{Status: 400, Body: `{"status":false,"message":"YOUR PLAN HAS EXPIRED"}`},
	{Status: 200, Body: `{"status":false,"message":"Application-Key ` + Marker + ` has expired!"}`},
	{Status: 200, Body: `{"status":false,"message":"Plan: none"}`},
	{Status: 200, Body: `{"status":false,"message":"Your API key is not active"}`},
	{Status: 200, Body: `{"status":false,"message":"Valid channel access token is not specified"}`},
}

func underOperatorsKey(up *upstreams.Thammasat, more ...any) map[string]any {
	return routeConfig("basic", "thammasat", up.URL, append(more, "applicationKey", "env:UPSTREAMAUTH_TU_KEY")...)
}

func operatorsKeyRefused(t *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": underOperatorsKey(up)})
	h.Expect(200, Request{Route: "r", Headers: []string{basic(student, password)}})
	for i, reply := range aboutTheKey {
		up.AnswerAll(&reply)
		line := []string{basic(fmt.Sprint(Marker, "another-", i), password)}
		r := h.Expect(500, Request{Route: "r", Headers: line})
		if strings.Contains(r.Body, Marker) || strings.Contains(strings.ToLower(r.Body), "plan") || strings.Contains(strings.ToLower(r.Body), "key") || len(r.Header["Www-Authenticate"]) > 0 {
			t.Errorf("%d %s: the client got %v %s", reply.Status, reply.Body, r.Header, r.Body)
		}
	}
	// Nothing was remembered, but that it is not asked about again for a second.
	h.Advance(1100 * time.Millisecond)
	up.AnswerAll(&upstreams.Reply{Status: 200, Body: `{"status":true,"message":"Success"}`})
	for i := range aboutTheKey {
		h.Expect(200, Request{Route: "r", Headers: []string{basic(fmt.Sprint(Marker, "another-", i), password)}})
	}
}

func operatorsKeyRevalidates(t *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": underOperatorsKey(up, "revalidate", "1s")})
	request := Request{Route: "r", Headers: []string{basic(student, password)}}
	h.Expect(200, request)
	for _, i := range []int{0, 1, 8, 12} {
		calls := up.Calls()
		up.AnswerAll(&aboutTheKey[i])
		h.Advance(1100 * time.Millisecond)
		waitFor(t, "it is revalidated", func() bool {
			h.Expect(200, request) // the last revalidation may not have ended yet
			return up.Calls() > calls
		})
		time.Sleep(20 * time.Millisecond) // the answer's way back
		h.Expect(200, request)
	}
}

func operatorsKeyLogged(t *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": underOperatorsKey(up)})
	h.Expect(200, Request{Route: "r", Headers: []string{basic(student, password)}})
	for i, reply := range aboutTheKey {
		up.AnswerAll(&reply)
		h.Expect(500, Request{Route: "r", Headers: []string{basic(fmt.Sprint(Marker, "another-", i), password)}})
	}
	waitFor(t, "it is in the log", func() bool { return strings.Contains(h.Logs(), `"event":"misconfigured"`) })
	found := 0
	for _, line := range strings.Split(h.Logs(), "\n") {
		if !strings.Contains(line, `"event":"misconfigured"`) {
			continue
		}
		found++
		if !strings.Contains(line, "correct basic.applicationKey") || strings.Contains(line, "plan has") || strings.Contains(line, "expired") {
			t.Errorf("the line: %s", line)
		}
	}
	if found > 6 {
		t.Errorf("%d lines", found)
	}
}

func accountStillRefused(t *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": underOperatorsKey(up)})
	h.Expect(200, Request{Route: "r", Headers: []string{basic(student, password)}})
	for i, reply := range []upstreams.Reply{
		{Status: 400, Body: `{"status":false,"message":"Users or Password Invalid!"}`},
		{Status: 200, Body: `{"status":false,"message":"Users or Password Invalid!"}`},
		{Status: 200, Body: `{"status":false}`},
		{Status: 200, Body: `{"status":false,"message":"The user is not in the plant directory; an explanation was mailed"}`},
	} {
		up.AnswerAll(&reply)
		h.Expect(401, Request{Route: "r", Headers: []string{basic(fmt.Sprint(Marker, "another-", i), password)}})
	}
}

// spellingsOf are ways in which a reply may hold a secret.
func spellingsOf(secret string) []string {
	percent := ""
	for _, b := range []byte(secret) {
		percent += fmt.Sprintf("%%%02x", b)
	}
	return []string{
		secret, strings.ToUpper(secret), strings.ToLower(secret), url.QueryEscape(secret), percent,
		base64.StdEncoding.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte("x:" + secret)),
		secret[:8] + "…", "…" + secret[len(secret)-8:],
	}
}

func secretsStay(t *testing.T, h *Harness) {
	up := newThammasat(h.Clock())
	defer up.Close()
	up.AddAccount(upstreams.Account{User: "probe", Password: password, Type: "employee"})
	h.Serve(Routes{
		"basic": underOperatorsKey(up),
		"probe": routeConfig("applicationKey", "thammasat", up.URL, "probe", map[string]any{"username": "probe", "password": "env:UPSTREAMAUTH_PROBE"}),
	})
	h.Expect(200, Request{Route: "basic", Headers: []string{basic(student, password)}})
	h.Expect(200, Request{Route: "probe", Headers: []string{key(validKey)}})
	say := func(status int, message string) {
		text, _ := json.Marshal(message)
		up.AnswerAll(&upstreams.Reply{Status: status, Body: `{"status":false,"message":` + string(text) + `}`})
	}
	expect := func(r Response, message string) {
		t.Helper()
		if !strings.Contains(r.Body, `"message":"`+message+`"`) {
			t.Errorf("the client got %s, want the message %q", r.Body, message)
		}
	}
	for i, spelled := range spellingsOf(OperatorKey) {
		say(200, "refused, as asked with "+spelled+".")
		expect(h.Expect(401, Request{Route: "basic", Headers: []string{basic(fmt.Sprint("another", i), "0123456789-0123456789")}}), "Users or Password Invalid!")
	}
	for i, spelled := range spellingsOf(password)[:7] { // of 15 characters, so that a part of it tells nothing
		say(403, "refused for "+spelled)
		expect(h.Expect(403, Request{Route: "probe", Headers: []string{key(fmt.Sprint("0123456789-0123456789-", i))}}), "Forbidden.")
	}
	say(403, "refused for the day")
	expect(h.Expect(403, Request{Route: "probe", Headers: []string{key("0123456789-0123456789")}}), "refused for the day")
}

func credentialsStay(t *testing.T, h *Harness) {
	ipp, ws := newIPPanel(h.Clock()), newWebService(h.Clock())
	defer ipp.Close()
	defer ws.Close()
	h.Serve(Routes{"panel": routeConfig("bearer", "ippanel", ipp.URL), "service": webServiceConfig(ws)})
	for i := range spellingsOf(validKey) {
		token := fmt.Sprintf("%02d-abcdefghijklmnopqrstuvwxyz+/%02d", i, i)
		text, _ := json.Marshal("no: " + spellingsOf(token)[i])
		ws.Answer(token, upstreams.Reply{Status: 401, Body: `{"status":"error","code":401,"message":` + string(text) + `}`})
		r := h.Expect(401, Request{Route: "service", Headers: []string{bearer(token)}})
		if strings.Contains(r.Body, "no: ") {
			t.Errorf("the client got %s", r.Body)
		}
		ipp.Answer(token, upstreams.Reply{Status: 422, Body: `{"errors":{"token":["x",` + string(text) + `]},"meta":{"status":false,"message":"relayed","message_code":"422-1"}}`})
		r = h.Expect(422, Request{Route: "panel", Headers: []string{bearer(token)}})
		if strings.Contains(r.Body, "no: ") || !strings.Contains(r.Body, "relayed") {
			t.Errorf("the client got %s", r.Body)
		}
	}
}
