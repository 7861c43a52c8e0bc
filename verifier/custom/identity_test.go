package custom

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// written is an identity as text.
func written(id verifier.Identity) string {
	var list []string
	for _, field := range id {
		text := field.Name + "=" + field.Value
		if field.Value == "" {
			text = field.Name + "=[" + strings.Join(field.Values, "|") + "]"
		}
		list = append(list, text)
	}
	return strings.Join(list, " ")
}

func TestIdentity(t *testing.T) {
	token := "e30.eyJzdWIiOiJjbGFpbSIsInJvbGUiOiJhZG1pbiIsImV4cGlyZXMiOiJ4IiwiYXBpIjoieSJ9.c2ln"

	t.Run("fields come from where they are said to", func(t *testing.T) {
		for _, c := range []struct {
			name, field, body, want string
		}{
			{"a path", "data.user.name", `{"data":{"user":{"name":"ann"}}}`, "user=ann"},
			{"the first that is there", "data.name or login", `{"login":"bob"}`, "user=bob"},
			{"null is not there", "name or login", `{"name":null,"login":"bob"}`, "user=bob"},
			{"an object is there", "name or login", `{"name":{},"login":"bob"}`, "user=[]"},
			{"numbers keep their digits", "id", `{"id":9007199254740993}`, "user=9007199254740993"},
			{"a boolean", "ok", `{"ok":true}`, "user=true"},
			{"a list", "scopes", `{"scopes":["a","b",3]}`, "user=[a|b|3]"},
			{"a list with an object", "scopes", `{"scopes":["a",{}]}`, "user=[]"},
			{"a text that is a list", "scopes each", `{"scopes":"repo, user  gist"}`, "user=[repo|user|gist]"},
			{"an empty text that is a list", "scopes each", `{"scopes":" , "}`, ""},
			{"a list stays one", "scopes each", `{"scopes":["a b","c"]}`, "user=[a b|c]"},
			{"a header", "header:X-Plan", `{}`, "user=pro"},
			{"a header that is a list", "header:X-Scopes each", `{}`, "user=[repo|user]"},
			{"a header that came twice", "header:X-Twice or login", `{"login":"bob"}`, "user=bob"},
			{"a claim", "token.sub", `{"sub":"body"}`, "user=claim"},
			{"the account", "credential.user", `{}`, "user=alice"},
			{"an empty text", "name", `{"name":""}`, ""},
			{"a control character", "name", `{"name":"a\nb"}`, "user=[]"},
			{"half a character", "name", `{"name":"\ud800"}`, "user=[]"},
			{"too long", "name", `{"name":"` + strings.Repeat("x", 1025) + `"}`, "user=[]"},
			{"nowhere", "name", `{}`, ""},
		} {
			d := plainDefinition(t)
			d.Identity.Fields = []Field{fieldOf(t, "user", c.field)}
			r := responseOf(200, c.body, "X-Plan", "pro", "X-Scopes", "repo, user", "X-Twice", "a", "X-Twice", "b")
			decision, defect := newDialect(d).identify(r, verifier.Credential{Token: token, User: "alice"})
			if got := written(decision.Identity); defect != "" || !decision.Allowed || got != c.want {
				t.Errorf("%s: %q instead of %q %s", c.name, got, c.want, defect)
			}
		}
	})

	t.Run("other scalars are fields by their own names, and take no name that is given or the gate's", func(t *testing.T) {
		d := plainDefinition(t)
		d.Identity.Fields = []Field{fieldOf(t, "user", "name"), fieldOf(t, "plan", "gone")}
		d.Identity.Others = sourceOf(t, "data")
		decision, _ := newDialect(d).identify(responseOf(200, `{"name":"ann","data":{"user":"forged","plan":"forged","api":"forged","expires":"forged","n":1,"o":{},"l":["a"]}}`), verifier.Credential{})
		if got := written(decision.Identity); got != "user=ann n=1 l=[a] o=[]" {
			t.Errorf("%q", got)
		}
		d.Identity.Others = sourceOf(t, "token")
		decision, _ = newDialect(d).identify(responseOf(200, `{"name":"ann"}`), verifier.Credential{Token: token})
		if got := written(decision.Identity); got != "user=ann sub=claim role=admin" {
			t.Errorf("%q", got)
		}
		decision, _ = newDialect(d).identify(responseOf(200, `{"name":"ann"}`), verifier.Credential{Token: "opaque"})
		if got := written(decision.Identity); got != "user=ann" {
			t.Errorf("%q", got)
		}
	})

	t.Run("without a required field a yes is no answer", func(t *testing.T) {
		for body, allows := range map[string]bool{
			`{"valid":true,"key_id":"k","plan":{"name":"pro"}}`: true, `{"valid":true,"key_id":"k"}`: false, `{"valid":true,"key_id":"k","plan":{"name":""}}`: false,
			`{"valid":true,"key_id":{},"plan":{"name":"pro"}}`: false, `{"valid":true,"key_id":null,"plan":{"name":"pro"}}`: false,
		} {
			decision, err := decide(keysDefinition(t), responseOf(200, body), "t")
			if decision.Allowed != allows || (err == nil) != allows {
				t.Errorf("%s: %v %v", body, decision.Allowed, err)
			}
			if err != nil && !strings.Contains(err.Error(), "custom.identity.required") {
				t.Error(err)
			}
		}
	})

	t.Run("a value that holds the gate's own secret is left out", func(t *testing.T) {
		d := plainDefinition(t)
		d.Request.Client.Secret = "s3cret"
		d.Identity.Fields = []Field{fieldOf(t, "user", "name"), fieldOf(t, "key", "key"), fieldOf(t, "keys", "keys")}
		decision, defect := newDialect(d).identify(responseOf(200, `{"name":"ann","key":"by s3cret","keys":["a","s3cret"]}`), verifier.Credential{})
		if got := written(decision.Identity); got != "user=ann key=[] keys=[]" || defect != "" {
			t.Errorf("%q %s", got, defect)
		}
	})

	t.Run("bodies do not count where status and headers say everything", func(t *testing.T) {
		d := plainDefinition(t)
		d.StatusOnly = true
		d.Rows[0].Statuses = "204"
		d.Identity.Fields = []Field{fieldOf(t, "user", "name or header:X-User")}
		decision, err := decide(d, responseOf(204, `{"name":"body"}`, "X-User", "ann"), "t")
		if err != nil || written(decision.Identity) != "user=ann" {
			t.Errorf("%q %v", written(decision.Identity), err)
		}
		decision, err = decide(d, responseOf(204, ""), "t")
		if err != nil || !decision.Allowed {
			t.Error("a 204 without a body does not allow")
		}
		decision, err = decide(d, transport.Response{Status: 204, Truncated: true, Received: received}, "t")
		if err == nil || decision.Allowed {
			t.Error("one that was cut off allows")
		}
		decision, err = decide(d, transport.Response{Status: 401, Truncated: true, Received: received}, "t")
		if err == nil || decision.Denial.Reason != verifier.Unavailable {
			t.Error("one that was cut off denies")
		}
		decision, err = decide(plainDefinition(t), responseOf(200, "<html>"), "t")
		if err == nil || decision.Allowed {
			t.Error("a page allows where a body is read")
		}
	})
}

func TestTimes(t *testing.T) {
	in := func(d time.Duration) string { return fmt.Sprint(received.Add(d).Unix()) }

	t.Run("the response's own times only shorten, and one whose end is over denies", func(t *testing.T) {
		for _, c := range []struct {
			name, body, line string
			want             string // allowed until, "once", "expired", or "defect"
		}{
			{"nothing", `{}`, "", "open"},
			{"an end", `{"end":` + in(time.Hour) + `}`, "", "1h0m0s"},
			{"an end at once", `{"end":` + in(0) + `}`, "", "expired"},
			{"an end that is over", `{"end":` + in(-time.Second) + `}`, "", "expired"},
			{"an end of 1970", `{"end":0}`, "", "expired"},
			{"an unreadable end", `{"end":"soon"}`, "", "defect"},
			{"null", `{"end":null,"left":null,"begin":null}`, "", "open"},
			{"seconds left", `{"left":90}`, "", "1m30s"},
			{"seconds left as a text", `{"left":"90"}`, "", "1m30s"},
			{"no seconds left", `{"left":0}`, "", "expired"},
			{"fewer than none", `{"left":-1}`, "", "expired"},
			{"unreadable seconds", `{"left":"soon"}`, "", "defect"},
			{"seconds of another type", `{"left":true}`, "", "defect"},
			{"seconds in an object", `{"left":{}}`, "", "defect"},
			{"the earlier of both", `{"left":90,"end":` + in(time.Minute) + `}`, "", "1m0s"},
			{"the earlier of both, the other way", `{"left":30,"end":` + in(time.Minute) + `}`, "", "30s"},
			{"many seconds", `{"left":999999999999999}`, "", "744h0m0s"},
			{"too many seconds", `{"left":9999999999999999}`, "", "defect"},
			{"an issue", `{"begin":` + in(-time.Hour) + `}`, "", "issued -1h0m0s"},
			{"an issue to come", `{"begin":` + in(time.Hour) + `}`, "", "open"},
			{"an unreadable issue", `{"begin":"x"}`, "", "defect"},
			{"no-store", `{}`, "no-store", "once"},
			{"no-cache among others", `{}`, "public, No-Cache", "once"},
			{"private", `{}`, "private", "once"},
			{"max-age", `{}`, "max-age=60", "1m0s"},
			{"max-age in quotes", `{}`, `max-age="60"`, "1m0s"},
			{"max-age and an end", `{"left":30}`, "max-age=60", "30s"},
			{"max-age of 0", `{}`, "max-age=0", "once"},
			{"max-age that is no number", `{}`, "max-age=x", "once"},
			{"two of them", `{}`, "max-age=60, max-age=30", "30s"},
			{"another directive", `{}`, "public, must-revalidate", "open"},
		} {
			d := plainDefinition(t)
			d.Identity.ExpiresAt, d.Identity.ExpiresIn, d.Identity.IssuedAt = instantOf(t, "end"), sourceOf(t, "left"), instantOf(t, "begin")
			d.Identity.CacheControl = true
			decision, err := decide(d, responseOf(200, c.body, "Cache-Control", c.line), "t")
			got := "open"
			switch {
			case err != nil:
				got = "defect"
			case !decision.Allowed:
				got = string(decision.Denial.Reason)
				if decision.Denial.Status != 401 || decision.Denial.HTTP != 200 {
					t.Errorf("%s: %d %d", c.name, decision.Denial.Status, decision.Denial.HTTP)
				}
			case decision.Once:
				got = "once"
			case !decision.Issued.IsZero():
				got = "issued " + decision.Issued.Sub(received).String()
			case !decision.Expires.IsZero():
				got = decision.Expires.Sub(received).String()
			}
			if got != c.want {
				t.Errorf("%s: %s instead of %s", c.name, got, c.want)
			}
			d.Identity.CacheControl = false
			decision, _ = decide(d, responseOf(200, `{}`, "Cache-Control", c.line), "t")
			if decision.Once || !decision.Expires.IsZero() {
				t.Errorf("%s: Cache-Control counts unasked", c.name)
			}
		}
	})
}
