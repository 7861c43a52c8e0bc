package custom

import (
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
)

func TestAPI(t *testing.T) {
	t.Run("the default rows mean what the design says", func(t *testing.T) {
		for _, c := range []struct {
			status int
			body   string
			want   string
			proves bool
		}{
			{200, `{}`, "allowed", false},
			{200, ``, "unavailable", false},
			{200, `[]`, "unavailable", false},
			{200, `{"a":1,"A":2}`, "unavailable", false},
			{201, `{}`, "unavailable", false},
			{204, ``, "unavailable", false},
			{401, `{}`, "invalid", true},
			{401, `<html>`, "unavailable", false},
			{403, `{}`, "forbidden", true},
			{422, `{}`, "unprocessable", false},
			{400, `{}`, "unavailable", false},
			{429, ``, "throttled", false},
			{302, ``, "unavailable", false},
			{404, `{}`, "unavailable", false},
			{405, `{}`, "unavailable", false},
			{500, `{}`, "unavailable", false},
			{407, `{}`, "unavailable", false},
			{418, `{}`, "unavailable", false},
		} {
			decision, err := decide(plainDefinition(t), responseOf(c.status, c.body), "t")
			got := string(decision.Denial.Reason)
			if decision.Allowed {
				got = "allowed"
			}
			if got != c.want || decision.Denial.Unknown != c.proves || (err != nil) != (c.want == "unavailable") {
				t.Errorf("%d %s: %s %v %v", c.status, c.body, got, decision.Denial.Unknown, err)
			}
		}
	})

	t.Run("what a proxy on the way says of itself is no answer, whatever rows there are", func(t *testing.T) {
		for _, meaning := range []apis.Meaning{apis.Valid, apis.Denied, apis.RateLimited, apis.Outage} {
			d := plainDefinition(t)
			d.Rows = []Row{{Meaning: meaning, Answer: 401}}
			d.Rows[0].SetDefaultProof()
			decision, err := decide(d, responseOf(407, `{}`), "t")
			if err == nil || decision.Allowed || decision.Denial.Unknown || !strings.Contains(err.Error(), "a proxy on the way wants a login of its own") {
				t.Errorf("%s: %+v %v", meaning, decision, err)
			}
		}
	})

	t.Run("a row proves a canary by its reason, by the response's status, or as it says", func(t *testing.T) {
		yes, no := true, false
		for _, c := range []struct {
			name   string
			row    Row
			said   *bool
			status int
			proves bool
		}{
			{"invalid", Row{Answer: 401}, nil, 200, true},
			{"expired", Row{Answer: 403, Reason: verifier.Expired}, nil, 200, true},
			{"forbidden in a 200", Row{Answer: 403}, nil, 200, false},
			{"forbidden in a 403", Row{Answer: 403}, nil, 403, true},
			{"forbidden in a 404", Row{Answer: 403}, nil, 404, false},
			{"unprocessable in a 422", Row{}, nil, 422, false},
			{"unprocessable in a 401", Row{Answer: 422}, nil, 401, true},
			{"the response's own 401", Row{}, nil, 401, true},
			{"it says that it does", Row{Answer: 403}, &yes, 200, true},
			{"it says that it does not", Row{Answer: 401}, &no, 401, false},
		} {
			d := plainDefinition(t)
			c.row.Meaning = apis.Denied
			c.row.SetDefaultProof()
			if c.said != nil {
				c.row.Proof, c.row.ProofByStatus = *c.said, false
			}
			d.Rows = []Row{c.row}
			decision, err := decide(d, responseOf(c.status, `{}`), "t")
			if err != nil || decision.Denial.Unknown != c.proves {
				t.Errorf("%s: %v %v", c.name, decision.Denial.Unknown, err)
			}
		}
	})

	t.Run("a mistake of the operator's names the keys to correct", func(t *testing.T) {
		_, err := decide(keysDefinition(t), responseOf(401, `{}`), "t")
		if err == nil || err.Error() != "misconfigured: custom.replies[5] (HTTP 401): a gateway, a firewall or a login page in between: does it block Traefik's address, or want a key of its own? Otherwise correct bearer.url" &&
			err.Error() != "misconfigured: custom.replies[5] (HTTP 401): correct bearer.url, bearer.path, or what bearer.custom.request sends" {
			t.Error(err)
		}
	})

	t.Run("accounts are counted for a user's password alone", func(t *testing.T) {
		d := plainDefinition(t)
		d.Kind = verifier.Basic
		rejects := New(d).RejectsAccount
		if rejects == nil || !rejects(verifier.Denial{Reason: verifier.Invalid}) || rejects(verifier.Denial{Reason: verifier.Forbidden}) || rejects(verifier.Denial{Reason: verifier.Expired}) {
			t.Error("it counts something else")
		}
		if New(plainDefinition(t)).RejectsAccount != nil {
			t.Error("tokens have no accounts")
		}
	})

	t.Run("headers are those of the fields", func(t *testing.T) {
		d := plainDefinition(t)
		d.Identity.Fields = []Field{fieldOf(t, "user", "a"), fieldOf(t, "name_th", "b")}
		want := []apis.HeaderField{{Header: "Api", Field: "api"}, {Header: "user", Field: "user"}, {Header: "name-th", Field: "name_th"}, {Header: "Expires", Field: "expires"}}
		got := New(d).Headers
		if len(got) != len(want) {
			t.Fatal(got)
		}
		for i := range want {
			if got[i] != want[i] {
				t.Errorf("%v instead of %v", got[i], want[i])
			}
		}
	})

	t.Run("the texts and codes of what the gate refuses by itself are the definition's", func(t *testing.T) {
		d := keysDefinition(t)
		d.Refusal.Messages = map[verifier.Reason]string{verifier.Missing: "Requires authentication"}
		api := New(d)
		if api.Message(verifier.Missing) != "Requires authentication" || api.Message(verifier.Invalid) != "" || api.OwnCode(verifier.Missing) != "missing_key" ||
			api.Absent(apis.Settings{Kind: verifier.Bearer}) != "Requires authentication" {
			t.Error("they are not")
		}
		if New(plainDefinition(t)).Body != nil {
			t.Error("without a body it is RFC 9457's")
		}
	})
}

func TestDefinition(t *testing.T) {
	t.Run("rows that can prove a canary are told from others", func(t *testing.T) {
		for _, c := range []struct {
			row Row
			can bool
		}{
			{Row{Statuses: "200", Meaning: apis.Denied, Answer: 401}, true},
			{Row{Statuses: "200", Meaning: apis.Denied, Answer: 403}, false},
			{Row{Statuses: "403", Meaning: apis.Denied}, true},
			{Row{Statuses: "4xx", Meaning: apis.Denied, Answer: 403}, true},
			{Row{Meaning: apis.Denied, Answer: 403}, true},
			{Row{Statuses: "422", Meaning: apis.Denied}, false},
			{Row{Statuses: "401", Meaning: apis.RateLimited}, false},
			{Row{Statuses: "200", Meaning: apis.Valid}, false},
			{Row{Statuses: "401 422", Meaning: apis.Denied}, true},
		} {
			c.row.SetDefaultProof()
			if c.row.CanProve() != c.can {
				t.Errorf("%+v", c.row)
			}
		}
		for i, row := range DefaultRows() {
			if row.CanProve() != (i == 1 || i == 2) {
				t.Errorf("default row %d", i)
			}
		}
	})
}
