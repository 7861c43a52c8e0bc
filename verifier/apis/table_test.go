package apis

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

func TestFindRow(t *testing.T) {
	t.Run("the first row that matches counts", func(t *testing.T) {
		rows := []Row{
			{Name: "outage", HTTP: "5xx 3xx"},
			{Name: "rate-limited", HTTP: "429"},
			{Name: "valid", HTTP: "200", Flag: "true", Code: "200-*"},
			{Name: "special code", Code: "400-1"},
			{Name: "one variant", HTTP: "400", Variants: "bare"},
			{Name: "any code", HTTP: "400", Code: "*"},
			{Name: "no flag", HTTP: "2xx", Flag: "none"},
			{Name: "denied", HTTP: "2xx", Flag: "false none"},
			{Name: "401", HTTP: "401"},
		}
		cases := []struct {
			status              int
			flag, code, variant string
			want                string
		}{
			{500, "true", "200-1", "", "outage"},
			{599, "", "", "", "outage"},
			{600, "false", "400-1", "", "outage"},
			{619, "", "400-1", "", "outage"},
			{999, "true", "200-1", "", "outage"},
			{302, "true", "200-1", "", "outage"},
			{429, "", "", "", "rate-limited"},
			{200, "true", "200-1", "", "valid"},
			{200, "true", "200-", "", "valid"},
			{200, "true", "201-1", "", ""},
			{201, "true", "200-1", "", ""},
			{200, "TRUE", "200-1", "", ""},
			{200, "other", "200-1", "", ""},
			{200, "true", "", "", ""},
			{401, "", "400-1", "", "special code"},
			{401, "", "400-10", "", "401"},
			{400, "", "x", "bare", "one variant"},
			{400, "", "x", "account", "any code"},
			{400, "", "", "account", ""},
			{204, "", "", "", "no flag"},
			{204, "false", "", "", "denied"},
			{204, "other", "", "", ""},
			{418, "true", "200-1", "", ""},
			{100, "", "", "", ""},
			{0, "true", "200-1", "", ""},
			{20, "true", "200-1", "", ""},
			{29, "", "", "", ""},
		}
		for _, c := range cases {
			got := ""
			if row := findRow(rows, c.status, c.flag, c.code, c.variant); row != nil {
				got = row.Name
			}
			if got != c.want {
				t.Errorf("%d, flag %q, code %q, variant %q: row %q, want %q", c.status, c.flag, c.code, c.variant, got, c.want)
			}
		}
	})
}

func TestRetryAfter(t *testing.T) {
	t.Run("it is read in every form, and clamped to an hour", func(t *testing.T) {
		now := time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)
		cases := []struct {
			text string
			want time.Duration
		}{
			{"", 0},
			{"1", time.Second},
			{"120", 2 * time.Minute},
			{"3600", time.Hour},
			{"3601", time.Hour},
			{"0", time.Second},
			{"-1", time.Second},
			{"9223372036854775807", time.Hour},
			{"9223372036854775808", time.Hour},
			{strings.Repeat("9", 5000), time.Hour},
			{"soon", 0},
			{"1.5", 0},
			{"1e3", 0},
			{"60 seconds", 0},
			{"٦٠", 0},
			{now.Add(90 * time.Second).Format(http.TimeFormat), 91 * time.Second},
			{now.Format(http.TimeFormat), time.Second},
			{now.Add(-24 * time.Hour).Format(http.TimeFormat), time.Second},
			{now.Add(24 * time.Hour).Format(http.TimeFormat), time.Hour},
			{"Fri, 31 Dec 9999 23:59:59 GMT", time.Hour},
			{"Mon, 01 Jan 0001 00:00:00 GMT", time.Second},
			{now.Add(90 * time.Second).Format(time.RFC850), 91 * time.Second},
			{"Fri, 32 Dec 2031 23:59:59 GMT", 0},
		}
		for _, c := range cases {
			if got := RetryAfter(c.text, now); got != c.want {
				t.Errorf("%.40q: %s, want %s", c.text, got, c.want)
			}
		}
	})
}

func TestRowDenial(t *testing.T) {
	t.Run("a row determines what the client gets", func(t *testing.T) {
		response := transport.Response{Status: 418, RetryAfter: "7"}
		cases := []struct {
			row  Row
			want verifier.Denial
		}{
			{Row{Meaning: Denied, Status: 401}, verifier.Denial{Reason: verifier.Invalid, Status: 401, Message: "Unauthorized."}},
			{Row{Meaning: Denied, Status: 401, Message: "Denied."}, verifier.Denial{Reason: verifier.Invalid, Status: 401, Message: "Denied."}},
			{Row{Meaning: Denied, Status: 403, Reason: verifier.Expired}, verifier.Denial{Reason: verifier.Expired, Status: 403, Message: "Forbidden."}},
			{Row{Meaning: Denied, Status: 403}, verifier.Denial{Reason: verifier.Forbidden, Status: 403, Message: "Forbidden."}},
			{Row{Meaning: Denied, Status: 400}, verifier.Denial{Reason: verifier.Unprocessable, Status: 400, Message: "Bad Request."}},
			{Row{Meaning: Denied, Status: 422}, verifier.Denial{Reason: verifier.Unprocessable, Status: 422, Message: "Unprocessable Entity."}},
			{Row{Meaning: RateLimited}, verifier.Denial{Reason: verifier.Throttled, Status: 429, Message: "Too Many Requests."}},
			{Row{Meaning: Outage}, verifier.Denial{Reason: verifier.Unavailable}},
			{Row{Meaning: Misconfigured}, verifier.Denial{Reason: verifier.Unavailable}},
			{Row{}, verifier.Denial{Reason: verifier.Unavailable}},
		}
		for _, c := range cases {
			c.want.HTTP, c.want.RetryAfter = 418, 7*time.Second
			if got := c.row.denial(response); got != c.want {
				t.Errorf("%+v: %+v, want %+v", c.row, got, c.want)
			}
		}
	})

	t.Run("a rate limit without a readable time lasts for a minute", func(t *testing.T) {
		limited := Row{Meaning: RateLimited}
		if got := limited.denial(transport.Response{Status: 429, RetryAfter: "soon"}); got.RetryAfter != time.Minute {
			t.Errorf("%s", got.RetryAfter)
		}
	})
}

func TestTables(t *testing.T) {
	// A row that is incomplete by mistake must not allow a client.
	t.Run("each row has a name of its own and a meaning, and allows no client by its status alone", func(t *testing.T) {
		for _, api := range All() {
			names := map[string]bool{}
			for _, row := range api.Rows {
				if row.Name == "" || names[row.Name] {
					t.Errorf("%s: row %q has no name of its own", api.Name, row.Name)
				}
				names[row.Name] = true
				if row.Meaning == "" {
					t.Errorf("%s: row %q has no meaning", api.Name, row.Name)
				}
				if row.Meaning == Valid && (row.HTTP == "" || (row.Flag != "true" && row.Code == "")) {
					t.Errorf("%s: row %q allows by its status alone", api.Name, row.Name)
				}
				if row.Meaning == Denied && (row.Status < 400 || row.Status > 499) {
					t.Errorf("%s: row %q denies with %d", api.Name, row.Name, row.Status)
				}
			}
		}
	})

	t.Run("an undocumented response allows no client", func(t *testing.T) {
		for _, api := range All() {
			for _, status := range []int{100, 200, 201, 204, 206, 300, 400, 404, 418, 451, 600, 999} {
				for _, flag := range []string{"", "false", "other", "TRUE", "True", "1"} {
					for _, code := range []string{"", "0", "200", "ok", "200-1"} {
						row := findRow(api.Rows, status, flag, code, "")
						if row != nil && row.Meaning == Valid {
							t.Errorf("%s: HTTP %d, flag %q, code %q is row %q", api.Name, status, flag, code, row.Name)
						}
					}
				}
			}
		}
	})
}

func TestContainsWord(t *testing.T) {
	t.Run("a word is a whole word", func(t *testing.T) {
		for word, want := range map[string]bool{"user": true, "id": true, "name": true, "": false, "use": false, "ser": false, "user id": false, " ": false, "id ": false, "Name": false} {
			if containsWord("user id name", word) != want {
				t.Errorf("%q: %t", word, !want)
			}
		}
		if containsWord("", "") || !containsWord("x", "x") {
			t.Error("of no words, or of one")
		}
	})
}
