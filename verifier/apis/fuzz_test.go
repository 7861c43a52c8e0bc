package apis

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// For any response, an API allows a credential where its documents do, and nowhere
// else. The documents are written here a second time, in terms of what encoding/json
// reads.

// document is a response's body as encoding/json reads it; nil where there is none.
type document map[string]any

func (d document) has(name string) bool { _, ok := d[name]; return ok }

func (d document) inner(name string) document {
	inner, _ := d[name].(map[string]any)
	return inner
}

func (d document) text(name string) string {
	text, _ := d[name].(string)
	return text
}

func (d document) number(name string) string {
	number, _ := d[name].(json.Number)
	return number.String()
}

// documentedCall is one variant of an API's call: which responses to it allow, and which
// may deny, by the document.
type documentedCall struct {
	settings    Settings
	credential  verifier.Credential
	allows      func(status int, d document) bool
	mayDeny     func(status int, d document) bool
	unspecified func(d document) bool // the document does not say whether it allows; nil: it always does
}

func FuzzThammasatResponse(f *testing.F) {
	marked := func(d document) bool {
		return (d["status"] == false && d.text("message") != "") || thammasatTexts[d.text("message")]
	}
	denies := func(status int, d document) bool {
		return (marked(d) && (status == 401 || status == 403 || (d["status"] != true && status == 400))) || (d["status"] == false && status == 200)
	}
	aboutAccount := func(status int, d document) bool {
		return denies(status, d) && status != 401 && status != 403 && !thammasatAboutKey.MatchString(d.text("message"))
	}
	account := func(status int, d document) bool { return status == 200 && d["status"] == true }
	bare := func(status int, d document) bool {
		return status == 400 && d["status"] == false && strings.HasPrefix(d.text("message"), "Body no data")
	}
	aboutKey := func(status int, d document) bool { return marked(d) && (status == 401 || status == 403) }
	probe := &Account{User: "operator", Password: "p"}
	fuzzResponses(f, withDefaults(thammasat()), []documentedCall{
		{Settings{Kind: verifier.ApplicationKey}, verifier.Credential{Kind: verifier.ApplicationKey, Token: "k"}, bare, aboutKey, nil},
		{Settings{Kind: verifier.ApplicationKey, Probe: probe}, verifier.Credential{Kind: verifier.ApplicationKey, Token: "k"}, account, aboutKey, nil},
		{Settings{Kind: verifier.ApplicationKey, Account: true}, verifier.Credential{Kind: verifier.ApplicationKey, Token: "k", User: "u", Password: "p"}, account, denies, nil},
		{Settings{Kind: verifier.Basic, Key: "k"}, verifier.Credential{Kind: verifier.Basic, User: "u", Password: "p"}, account, aboutAccount, nil},
	})
}

func FuzzIPPanelResponse(f *testing.F) {
	allows := func(status int, d document) bool {
		meta := d.inner("meta")
		return status == 200 && meta["status"] == true && strings.HasPrefix(meta.text("message_code"), "200-") && d.inner("data").text("user_name") != ""
	}
	denies := func(status int, d document) bool {
		meta := d.inner("meta")
		code := meta.text("message_code")
		marked := (meta["status"] == false && code != "") || (status == 422 && (d.has("errors") || meta.has("errors")))
		if !marked && (status == 400 || status == 401 || status == 403 || status == 422) {
			return false
		}
		if code == "400-1" || code == "400-2" || strings.HasPrefix(code, "422-") || status == 401 || status == 403 || status == 422 {
			return true
		}
		return meta["status"] == false && (strings.HasPrefix(code, "400-") || strings.HasPrefix(code, "401-") || strings.HasPrefix(code, "403-"))
	}
	unspecified := func(d document) bool {
		name := d.inner("data")["user_name"]
		text, isText := name.(string)
		return name != nil && (!isText || !presentable(text))
	}
	fuzzResponses(f, withDefaults(ippanel()), []documentedCall{{Settings{Kind: verifier.Bearer}, verifier.Credential{Kind: verifier.Bearer, Token: "t"}, allows, denies, unspecified}})
}

func FuzzBTSResponse(f *testing.F) {
	allows := func(status int, d document) bool {
		if status < 200 || status > 299 {
			return false
		}
		_, list := d["data"].([]any)
		return d["status"] == true || (!d.has("status") && (list || d.inner("data") != nil))
	}
	denies := func(status int, d document) bool {
		code := d.number("status_code")
		marked := (d["status"] == false && code != "") || (d.text("name") != "" && d.number("status") == strconv.Itoa(status))
		return (marked && (status == 401 || status == 403 || status == 422)) ||
			(status/100 == 2 && d["status"] == false && (code == "400" || code == "401" || code == "403" || code == "422"))
	}
	fuzzResponses(f, withDefaults(bts()), []documentedCall{{Settings{Kind: verifier.Bearer}, verifier.Credential{Kind: verifier.Bearer, Token: "a.b.c"}, allows, denies, nil}})
}

func FuzzWebserviceResponse(f *testing.F) {
	allows := func(status int, d document) bool { return status >= 200 && status <= 299 && d["IsSuccess"] == true }
	denies := func(status int, d document) bool {
		if status/100 == 2 && d["IsSuccess"] == false {
			return containsWord("-3 -202 -203 -1 -5 -102 -103 -104 -105", d.inner("Msg").number("Code"))
		}
		marked := (d.text("status") == "error" && d.number("code") != "") || (d["IsSuccess"] == false && d.inner("Msg").number("Code") != "")
		return marked && (status == 400 || status == 401 || status == 403)
	}
	fuzzResponses(f, withDefaults(webservice()), []documentedCall{{Settings{Kind: verifier.Bearer}, verifier.Credential{Kind: verifier.Bearer, Token: "t"}, allows, denies, nil}})
}

func fuzzResponses(f *testing.F, api *API, calls []documentedCall) {
	names, err := filepath.Glob(filepath.Join("..", "..", "testdata", api.Name, "*.json"))
	if err != nil || len(names) < 2 {
		f.Fatalf("no cases of %s: %v", api.Name, err)
	}
	for _, name := range names {
		var cases struct{ Cases []savedCase }
		readJSON(f, name, &cases)
		for _, c := range cases.Cases {
			if c.Response != nil {
				for i := range calls {
					for _, flag := range []string{"true", "false", `"true"`, "1", "null", "{}"} {
						f.Add(byte(i), uint16(c.Response.Status), "60", bytes.ReplaceAll(c.Response.Body, []byte("true"), []byte(flag)))
					}
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, which byte, status uint16, retryAfter string, body []byte) {
		if status < 100 || status > 999 {
			return // no HTTP status, so that no such response arrives
		}
		call := calls[int(which)%len(calls)]
		response := transport.Response{Status: int(status), RetryAfter: retryAfter, Received: time.Unix(1_800_000_000, 0), Body: strictjson.Read(body)}
		var d document
		if response.Body != nil {
			decoder := json.NewDecoder(strings.NewReader(string(body)))
			decoder.UseNumber()
			if err := decoder.Decode(&d); err != nil {
				t.Fatal(err)
			}
		}
		u := NewUpstream(api, call.settings, nil)
		decision, err := u.Interpret(response, call.credential)
		if again, _ := u.Interpret(response, call.credential); again.Allowed != decision.Allowed || again.Denial != decision.Denial {
			t.Fatalf("%+v, then %+v", decision, again)
		}
		want := response.Body != nil && call.allows(response.Status, d)
		if decision.Allowed != want && (call.unspecified == nil || !call.unspecified(d)) {
			t.Fatalf("allowed: %v; by the document: %v", decision.Allowed, want)
		}
		checkDecision(t, api, call, response, d, decision, err)
	})
}

// checkDecision checks what holds for each decision, whatever the response.
func checkDecision(t *testing.T, api *API, call documentedCall, response transport.Response, d document, decision verifier.Decision, err error) {
	t.Helper()
	if decision.Allowed {
		if err != nil || response.Body == nil || response.Status >= 500 || decision.Denial != (verifier.Denial{}) {
			t.Fatalf("allowed, and something else: %v %+v", err, decision)
		}
		checkIdentity(t, decision.Identity)
		return
	}
	denial := decision.Denial
	if decision.Refused() && (err != nil || response.Body == nil || !call.mayDeny(response.Status, d)) {
		t.Fatalf("denied, and the document does not: %+v %v", denial, err)
	}
	if errors.Is(err, verifier.ErrOutage) != (response.Status >= 500) {
		t.Fatalf("an outage or none: HTTP %d: %v", response.Status, err)
	}
	if err == nil && denial.Reason == verifier.Throttled && denial.RetryAfter < time.Second {
		t.Fatal("rate-limited without a time")
	}
	if denial.RetryAfter < 0 || denial.RetryAfter > time.Hour || denial.HTTP != response.Status || len(denial.Message) > maxMessage || len(denial.Errors) > maxErrors+2 {
		t.Fatalf("%+v", denial)
	}
	if (denial.Code != "" && !api.Documented(denial.Code)) || (denial.Errors != "" && !json.Valid([]byte(denial.Errors))) {
		t.Fatalf("%+v", denial)
	}
	if denial.Status == 0 {
		denial.Status = http.StatusInternalServerError
	}
	if denial.Status < 400 || denial.Status > 599 || !json.Valid([]byte(api.Body(denial))) {
		t.Fatalf("%d %s", denial.Status, api.Body(denial))
	}
}

// checkIdentity checks that a header can carry each field that has a value: one, or a
// list that is not longer in all.
func checkIdentity(t *testing.T, identity verifier.Identity) {
	t.Helper()
	usable := 0
	for _, field := range identity {
		values, found := identity.Values(field.Name)
		if !found || identity.Get(field.Name) != field.Value || (field.Value != "" && field.Values != nil) {
			t.Fatalf("a field that is not found, or has both a value and a list: %q", field)
		}
		if len(values) == 0 {
			continue
		}
		usable++
		for _, value := range append(values, strings.Join(values, ",")) {
			if !presentable(value) {
				t.Fatalf("a field that no header can carry: %q", field)
			}
		}
	}
	if usable > maxFields || len(identity) > 2*maxFields {
		t.Fatalf("%d fields, %d with a value", len(identity), usable)
	}
}

// presentable tells whether a header may carry a text: 1 to 1024 bytes without control
// characters.
func presentable(text string) bool {
	return text != "" && len(text) <= 1024 && utf8.ValidString(text) && strings.IndexFunc(text, unicode.IsControl) < 0
}
