package apis

import (
	"bytes"
	"encoding/json"
	"errors"
	"math/big"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// Whatever an upstream replies, an API's reader says yes where the documents do,
// and nowhere else. The documents are written down here a second time, over what
// encoding/json makes of the reply.

// document is a reply's body as encoding/json has it; nil where there is none.
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

// documented is one check of an API, as its document has it: whether a reply is
// a yes, and whether it may be a no.
type documented struct {
	settings  Settings
	from      verifier.Credential
	yes       func(status int, d document) bool
	maybeNo   func(status int, d document) bool
	unwritten func(d document) bool // whether it is a yes is for the reader to say
}

func FuzzThammasatReply(f *testing.F) {
	no := func(status int, d document) bool {
		return status == 401 || status == 403 || (d["status"] != true && d.text("message") != "" && status == 400) || (d["status"] == false && status == 200)
	}
	account := func(status int, d document) bool { return status == 200 && d["status"] == true }
	bare := func(status int, d document) bool {
		return status == 400 && d["status"] == false && strings.HasPrefix(d.text("message"), "Body no data")
	}
	aboutKey := func(status int, _ document) bool { return status == 401 || status == 403 }
	probe := &Account{User: "operator", Password: "p"}
	fuzzReplies(f, withDefaults(thammasat()), []documented{
		{Settings{Kind: verifier.ApplicationKey}, verifier.Credential{Kind: verifier.ApplicationKey, Token: "k"}, bare, aboutKey, nil},
		{Settings{Kind: verifier.ApplicationKey, Probe: probe}, verifier.Credential{Kind: verifier.ApplicationKey, Token: "k"}, account, aboutKey, nil},
		{Settings{Kind: verifier.ApplicationKey, Account: true}, verifier.Credential{Kind: verifier.ApplicationKey, Token: "k", User: "u", Password: "p"}, account, no, nil},
		{Settings{Kind: verifier.Basic, Key: "k"}, verifier.Credential{Kind: verifier.Basic, User: "u", Password: "p"}, account, no, nil},
	})
}

func FuzzIPPanelReply(f *testing.F) {
	yes := func(status int, d document) bool {
		meta := d.inner("meta")
		return status == 200 && meta["status"] == true && strings.HasPrefix(meta.text("message_code"), "200-") && d.inner("data").text("user_name") != ""
	}
	no := func(status int, d document) bool {
		meta := d.inner("meta")
		code := meta.text("message_code")
		if code == "400-1" || code == "400-2" || strings.HasPrefix(code, "422-") || status == 401 || status == 403 || status == 422 {
			return true
		}
		return meta["status"] == false && (strings.HasPrefix(code, "400-") || strings.HasPrefix(code, "401-") || strings.HasPrefix(code, "403-"))
	}
	odd := func(d document) bool {
		name := d.inner("data")["user_name"]
		text, isText := name.(string)
		return name != nil && (!isText || !presentable(text))
	}
	fuzzReplies(f, withDefaults(ippanel()), []documented{{Settings{Kind: verifier.Bearer}, verifier.Credential{Kind: verifier.Bearer, Token: "t"}, yes, no, odd}})
}

func FuzzBTSReply(f *testing.F) {
	yes := func(status int, d document) bool {
		if status < 200 || status > 299 {
			return false
		}
		_, list := d["data"].([]any)
		return d["status"] == true || (!d.has("status") && (list || d.inner("data") != nil))
	}
	no := func(status int, d document) bool {
		code := d.number("status_code")
		return status == 401 || status == 403 || status == 422 ||
			(status/100 == 2 && d["status"] == false && (code == "400" || code == "401" || code == "403" || code == "422"))
	}
	fuzzReplies(f, withDefaults(bts()), []documented{{Settings{Kind: verifier.Bearer}, verifier.Credential{Kind: verifier.Bearer, Token: "a.b.c"}, yes, no, nil}})
}

func FuzzWebserviceReply(f *testing.F) {
	yes := func(status int, d document) bool { return status >= 200 && status <= 299 && d["IsSuccess"] == true }
	no := func(status int, d document) bool {
		if status/100 == 2 && d["IsSuccess"] == false {
			return containsWord("-3 -202 -203 -1 -5 -102 -103 -104 -105", d.inner("Msg").number("Code"))
		}
		return status == 400 || status == 401 || status == 403
	}
	fuzzReplies(f, withDefaults(webservice()), []documented{{Settings{Kind: verifier.Bearer}, verifier.Credential{Kind: verifier.Bearer, Token: "t"}, yes, no, nil}})
}

func fuzzReplies(f *testing.F, api *API, checks []documented) {
	names, err := filepath.Glob(filepath.Join("..", "..", "testdata", api.Name, "*.json"))
	if err != nil || len(names) < 2 {
		f.Fatalf("no cases of %s: %v", api.Name, err)
	}
	for _, name := range names {
		var cases struct{ Cases []struct{ Reply *toldReply } }
		read(f, name, &cases)
		for _, c := range cases.Cases {
			if c.Reply != nil {
				for i := range checks {
					for _, flag := range []string{"true", "false", `"true"`, "1", "null", "{}"} {
						f.Add(byte(i), uint16(c.Reply.Status), "60", bytes.ReplaceAll(c.Reply.Body, []byte("true"), []byte(flag)))
					}
				}
			}
		}
	}
	f.Fuzz(func(t *testing.T, which byte, status uint16, retryAfter string, body []byte) {
		if status < 100 || status > 999 {
			return // is no status of HTTP, and never arrives
		}
		check := checks[int(which)%len(checks)]
		reply := transport.Response{Status: int(status), RetryAfter: retryAfter, Received: time.Unix(1_800_000_000, 0), Body: strictjson.Read(body)}
		var d document
		if reply.Body != nil {
			decoder := json.NewDecoder(strings.NewReader(string(body)))
			decoder.UseNumber()
			if err := decoder.Decode(&d); err != nil {
				t.Fatal(err)
			}
		}
		u := NewUpstream(api, check.settings, nil)
		decision, err := u.interpret(reply, check.from)
		if again, _ := u.interpret(reply, check.from); again.Allowed != decision.Allowed || again.Denial != decision.Denial {
			t.Fatalf("%+v, then %+v", decision, again)
		}
		want := reply.Body != nil && check.yes(reply.Status, d)
		if decision.Allowed != want && (check.unwritten == nil || !check.unwritten(d)) {
			t.Fatalf("allowed: %v; by the document: %v", decision.Allowed, want)
		}
		checkJudged(t, api, check, reply, d, decision, err)
	})
}

// checkJudged holds what is so of every judgement.
func checkJudged(t *testing.T, api *API, check documented, reply transport.Response, d document, decision verifier.Decision, err error) {
	t.Helper()
	if decision.Allowed {
		if err != nil || reply.Body == nil || reply.Status >= 500 || decision.Denial != (verifier.Denial{}) {
			t.Fatalf("a yes with something beside: %v %+v", err, decision)
		}
		for i, field := range decision.Identity {
			if !presentable(field.Value) || i >= maxFields || decision.Identity.Get(field.Name) != field.Value {
				t.Fatalf("a field that no header may have: %q", field)
			}
		}
		return
	}
	denial := decision.Denial
	if decision.Refused() && (err != nil || reply.Body == nil || !check.maybeNo(reply.Status, d)) {
		t.Fatalf("a no that the document does not know: %+v %v", denial, err)
	}
	if errors.Is(err, verifier.ErrOutage) != (reply.Status >= 500) {
		t.Fatalf("a fault or none: HTTP %d: %v", reply.Status, err)
	}
	if err == nil && denial.Reason == verifier.Throttled && denial.RetryAfter < time.Second {
		t.Fatal("not now, and not later")
	}
	if denial.RetryAfter < 0 || denial.RetryAfter > time.Hour || denial.HTTP != reply.Status || len(denial.Message) > maxMessage || len(denial.Errors) > maxErrors+2 {
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

// FuzzRetryAfter: whatever the header says, it is a wait of 1 to 3,600 seconds,
// or nothing that was understood.
func FuzzRetryAfter(f *testing.F) {
	for _, text := range []string{
		"", "0", "7", "-1", "+7", "3600", "3601", "99999999999999999999", "1.5", "7, 8", " 7", "soon", "Tue, 24 Nov 2026 08:00:00 GMT",
		"Tuesday, 24-Nov-26 08:00:00 GMT", "Tue Nov 24 08:00:00 2026", "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT",
	} {
		f.Add(text, int64(1_795_507_200))
	}
	f.Fuzz(func(t *testing.T, text string, unix int64) {
		now := time.Unix(unix%(1<<33), 0)
		wait := retryAfter(text, now)
		if wait != 0 && (wait < time.Second || wait > time.Hour) {
			t.Fatalf("%q at %s: %s", text, now, wait)
		}
		number, isNumber := new(big.Int).SetString(text, 10)
		if strings.Contains(text, "_") {
			isNumber = false
		}
		if !isNumber {
			_, err := http.ParseTime(text)
			if (wait == 0) != (err != nil) {
				t.Fatalf("%q: %s, and as a date: %v", text, wait, err)
			}
			return
		}
		want := time.Second
		if number.Cmp(big.NewInt(3600)) >= 0 {
			want = time.Hour
		} else if number.Sign() > 0 {
			want = time.Duration(number.Int64()) * time.Second
		}
		if wait != want && (wait != 0 || !strings.ContainsAny(text, "+-")) {
			t.Fatalf("%q: %s, want %s", text, wait, want)
		}
	})
}

// presentable is what may stand in a header: 1 to 1024 bytes of text without
// control characters.
func presentable(text string) bool {
	return text != "" && len(text) <= 1024 && utf8.ValidString(text) && strings.IndexFunc(text, unicode.IsControl) < 0
}
