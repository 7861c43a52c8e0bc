package custom

import (
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
)

func TestRefusal(t *testing.T) {
	t.Run("message, code and errors are relayed from where they are said to be", func(t *testing.T) {
		d := plainDefinition(t)
		d.Refusal = Refusal{Message: pathsOf(t, "message"), Code: pathsOf(t, "code"), Errors: pathsOf(t, "errors")}
		d.Rows = []Row{
			{Statuses: "401", Meaning: apis.Denied},
			{Statuses: "402", Meaning: apis.Denied, Answer: 403, Code: "13/paid", Message: "Pay."},
			{Statuses: "403", Meaning: apis.Denied, Text: pathsOf(t, "header:X-Why")},
			{Statuses: "404", Meaning: apis.Denied, Answer: 402},
			{Statuses: "422", Meaning: apis.Denied},
			{Statuses: "429", Meaning: apis.RateLimited},
			{Statuses: "5xx", Meaning: apis.Outage},
		}
		for _, c := range []struct {
			status int
			body   string
			want   verifier.Denial
		}{
			{401, `{"message":"No.","code":"E1"}`, verifier.Denial{Reason: verifier.Invalid, Status: 401, Code: "E1", Message: "No."}},
			{401, `{"message":5,"code":12}`, verifier.Denial{Reason: verifier.Invalid, Status: 401, Code: "12"}},
			{401, `{"message":"` + strings.Repeat("m", 513) + `","code":"two words"}`, verifier.Denial{Reason: verifier.Invalid, Status: 401}},
			{401, `{"message":"\ud800","code":null}`, verifier.Denial{Reason: verifier.Invalid, Status: 401}},
			{401, `{"code":"a/b"}`, verifier.Denial{Reason: verifier.Invalid, Status: 401, Code: "a/b"}},
			{402, `{"message":"No.","code":"E1"}`, verifier.Denial{Reason: verifier.Forbidden, Status: 403, Code: "13/paid", Message: "Pay."}},
			{403, `{"message":"No."}`, verifier.Denial{Reason: verifier.Forbidden, Status: 403, Message: "Because."}},
			{404, `{}`, verifier.Denial{Reason: verifier.Forbidden, Status: 402}},
			{422, `{"errors":{"a":["b"]}}`, verifier.Denial{Reason: verifier.Unprocessable, Status: 422, Errors: `{"a":["b"]}`}},
			{422, `{"errors":{"a":"b"}}`, verifier.Denial{Reason: verifier.Unprocessable, Status: 422}},
			{429, `{"message":"Slow."}`, verifier.Denial{Reason: verifier.Throttled, Status: 429, Message: "Slow.", RetryAfter: time.Minute}},
			{503, `{"code":"E9"}`, verifier.Denial{Reason: verifier.Unavailable, Code: "E9"}},
		} {
			decision, _ := decide(d, responseOf(c.status, c.body, "X-Why", "Because."), "the-token-of-the-client")
			got := decision.Denial
			c.want.HTTP = c.status
			if decision.Allowed || got != c.want {
				t.Errorf("%d %s: %+v instead of %+v", c.status, c.body, got, c.want)
			}
		}
	})

	t.Run("of several places the first that is there counts", func(t *testing.T) {
		d := plainDefinition(t)
		d.Refusal = Refusal{Message: pathsOf(t, `"the text" or header:X-Why`), Code: pathsOf(t, "meta.code or code"), Errors: pathsOf(t, "meta.errors or errors or data")}
		d.Rows = []Row{{Statuses: "4xx", Meaning: apis.Denied}}
		for body, want := range map[string]verifier.Denial{
			`{"the text":"First.","meta":{"code":"A","errors":{"a":["b"]}},"code":"B","errors":{"c":["d"]}}`: {Message: "First.", Code: "A", Errors: `{"a":["b"]}`},
			`{"meta":{},"code":"B","errors":{"c":["d"]}}`:                                                    {Message: "Second.", Code: "B", Errors: `{"c":["d"]}`},
			`{"the text":7,"meta":{"code":null,"errors":"a"},"code":"B","errors":{"c":["d"]}}`:               {},
		} {
			want.Reason, want.Status, want.HTTP = verifier.Unprocessable, 422, 422
			decision, _ := decide(d, responseOf(422, body, "X-Why", "Second."), "the-token-of-the-client")
			if decision.Allowed || decision.Denial != want {
				t.Errorf("%s: %+v instead of %+v", body, decision.Denial, want)
			}
		}
	})

	t.Run("nothing that is relayed holds a secret, in whatever spelling", func(t *testing.T) {
		d := plainDefinition(t)
		d.Request.Client = Client{ID: "gateway", Secret: "s3cret-of/the+gateway"}
		d.Refusal = Refusal{Message: pathsOf(t, "message"), Code: pathsOf(t, "code"), Errors: pathsOf(t, "errors")}
		for _, secret := range []string{
			"s3cret-of/the+gateway", "S3CRET-OF/THE+GATEWAY", `s3cret-of\\/the+gateway`, "s3cret-of%2Fthe%2Bgateway", "s3cret-of&#x2F;the&#43;gateway",
			base64.StdEncoding.EncodeToString([]byte("gateway:s3cret-of/the+gateway")), "Bearer the-token-of-the-client", "key s3cret-o… is bad",
		} {
			for _, status := range []int{401, 403, 422, 429, 500} {
				code := strings.ReplaceAll(strings.ReplaceAll(secret, " ", ""), "…", "")
				body := `{"message":"x ` + secret + `","code":"` + code + `","errors":{"a":["` + secret + `"]}}`
				r := responseOf(status, body)
				if r.Body == nil {
					t.Fatalf("%s is not read", body)
				}
				decision, err := decide(d, r, "the-token-of-the-client")
				if denial := decision.Denial; denial.Message != "" || denial.Code != "" || denial.Errors != "" {
					t.Errorf("%d %s: %+v", status, secret, denial)
				}
				if err != nil && strings.Contains(strings.ToLower(err.Error()), "s3cret") {
					t.Errorf("%d %s: %v", status, secret, err)
				}
			}
		}
	})

	t.Run("a throttle waits for as long as the response says, 1 to 3600 s", func(t *testing.T) {
		for _, c := range []struct {
			wait Wait
			path string
			body string
			want time.Duration
		}{
			{Wait{}, "header:Retry-After", `{}`, 7 * time.Second},
			{Wait{}, "wait", `{"wait":30}`, 30 * time.Second},
			{Wait{}, "wait", `{"wait":30.9}`, 30 * time.Second},
			{Wait{}, "wait", `{"wait":"30"}`, 30 * time.Second},
			{Wait{}, "wait", `{"wait":"Mon, 04 May 2026 12:01:00 GMT"}`, 61 * time.Second},
			{Wait{}, "wait", `{"wait":0}`, time.Second},
			{Wait{}, "wait", `{"wait":-9}`, time.Second},
			{Wait{}, "wait", `{"wait":99999}`, time.Hour},
			{Wait{}, "wait", `{"wait":99999999999999999999999}`, time.Hour},
			{Wait{}, "wait", `{"wait":"soon"}`, 7 * time.Second},
			{Wait{}, "wait", `{"wait":true}`, 7 * time.Second},
			{Wait{}, "wait", `{}`, 7 * time.Second},
			{Wait{Unix: true}, "header:X-Reset", `{}`, 90 * time.Second},
			{Wait{Unix: true}, "wait", `{"wait":1}`, time.Second},
			{Wait{Unix: true}, "wait", `{"wait":"soon"}`, 7 * time.Second},
			{Wait{InText: true}, "wait", `{"wait":"try 3 times, in 12 seconds"}`, 12 * time.Second},
			{Wait{InText: true}, "wait", `{"wait":"۱۲ ثانیه دیگر"}`, 12 * time.Second},
			{Wait{InText: true}, "wait", `{"wait":"٣٠"}`, 30 * time.Second},
			{Wait{InText: true}, "wait", `{"wait":"soon"}`, 7 * time.Second},
		} {
			for _, ofRow := range []bool{false, true} {
				d := plainDefinition(t)
				wait := c.wait
				wait.Path = *pathOf(t, c.path)
				d.Refusal.Wait = &wait
				if ofRow {
					d.Refusal.Wait = &Wait{Path: *pathOf(t, "header:X-Other")}
					d.Rows[4].Wait = &wait
				}
				decision, err := decide(d, responseOf(429, c.body, "Retry-After", "7", "X-Reset", "1777896090", "X-Other", "999"), "t")
				if err != nil || decision.Denial.RetryAfter != c.want {
					t.Errorf("%s %s: %s instead of %s", c.path, c.body, decision.Denial.RetryAfter, c.want)
				}
			}
		}
	})

	t.Run("a body is chosen by status, and by whether there is a code", func(t *testing.T) {
		d := plainDefinition(t)
		d.Rows[1].Code = "13/expired"
		d.Refusal = Refusal{
			Code: pathsOf(t, "code"), Codes: map[verifier.Reason]string{verifier.Missing: "none"},
			Body: bodyOf(t, `{"c":{code},"m":"{message}","t":"{title}","r":"{reason}"}`), OwnBody: bodyOf(t, `{"own":"{code}","s":{status},"w":{retryAfter}}`),
			Bodies: map[int]*Template{422: bodyOf(t, `{"e":{errors}}`)},
		}
		api := New(d)
		for _, c := range []struct {
			denial verifier.Denial
			want   string
		}{
			{verifier.Denial{Status: 401, Reason: verifier.Invalid, Code: "12", Message: "a \"b\""}, `{"c":12,"m":"a \"b\"","t":"Unauthorized","r":"invalid"}`},
			{verifier.Denial{Status: 401, Reason: verifier.Expired, Code: "13/expired"}, `{"c":13,"m":"","t":"Unauthorized","r":"expired"}`},
			{verifier.Denial{Status: 401, Reason: verifier.Invalid, Code: "a/b", Message: "\xff"}, `{"c":"a/b","m":"` + "\ufffd" + `","t":"Unauthorized","r":"invalid"}`},
			{verifier.Denial{Status: 401, Reason: verifier.Missing}, `{"own":"none","s":401,"w":0}`},
			{verifier.Denial{Status: 429, Reason: verifier.Throttled, RetryAfter: 1500 * time.Millisecond}, `{"own":"","s":429,"w":2}`},
			{verifier.Denial{Status: 422, Reason: verifier.Unprocessable, Code: "x", Errors: `{"a":["b"]}`}, `{"e":{"a":["b"]}}`},
			{verifier.Denial{Status: 422, Reason: verifier.Unprocessable, Code: "x"}, `{"e":{}}`},
		} {
			if got := api.Body(c.denial); got != c.want {
				t.Errorf("%+v:\n%s\ninstead of\n%s", c.denial, got, c.want)
			}
		}
	})

	t.Run("a code is documented if a row has it, or its form is one", func(t *testing.T) {
		d := plainDefinition(t)
		d.Rows[1].Code = "13/expired"
		for code, documented := range map[string]bool{"13/expired": true, "13": false, "": false, "12": false} {
			if New(d).Documented(code) != documented {
				t.Errorf("%q", code)
			}
		}
		d.Refusal.Code = pathsOf(t, "code")
		d.Refusal.CodePattern, _ = ParseCodePattern("[0-9]{2}|x")
		for code, documented := range map[string]bool{"13/expired": true, "13": true, "": false, "123": false, "x": true, "xx": false} {
			if New(d).Documented(code) != documented {
				t.Errorf("with a pattern: %q", code)
			}
		}
		for _, text := range []string{"x)|(?:.*", `\Qx`} {
			if _, fault := ParseCodePattern(text); fault == "" {
				t.Errorf("%s is taken for an expression of a whole code", text)
			}
		}
		d.Refusal.CodePattern, _ = ParseCodePattern(".+")
		if l := newDialect(d); l.isCode("a\xff") || !l.isCode("é") {
			t.Error("what is no text is a code, and could not be written into a body")
		}
		if _, fault := ParseCodePattern("("); fault == "" {
			t.Error("an open bracket is a pattern")
		}
	})
}
