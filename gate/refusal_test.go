package gate

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
)

// testRefusal is that of a route with ippanel's tokens, thammasat's keys and accounts.
func testRefusal() *refusal {
	byName := map[string]*apis.API{}
	for _, api := range apis.All() {
		byName[api.Name] = api
	}
	return &refusal{unavailable: 500, schemes: []*scheme{
		{kind: verifier.Bearer, api: byName["ippanel"]},
		{kind: verifier.ApplicationKey, api: byName["thammasat"]},
		{kind: verifier.Basic, api: byName["thammasat"]},
	}}
}

// respond returns the response to a denied request.
func respond(rf *refusal, method string, kind verifier.Kind, denial verifier.Denial) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	rf.write(w, httptest.NewRequest(method, "/", nil), kind, denial)
	return w
}

// A 401, and no other status, has a challenge for each kind that the route takes.
func TestChallenges(t *testing.T) {
	const (
		bearer = `Bearer realm="ippanel"`
		key    = `Application-Key realm="thammasat"`
		basic  = `Basic realm="thammasat", charset="UTF-8"`
		denied = `, error="invalid_token"`
	)
	cases := []struct {
		name   string
		kind   verifier.Kind
		denial verifier.Denial
		status int
		want   []string
	}{
		{"no credential", "", verifier.Denial{Reason: verifier.Missing}, 401, []string{bearer, key, basic}},
		{"no key", verifier.ApplicationKey, verifier.Denial{Reason: verifier.Missing}, 401, []string{bearer, key, basic}},
		{"a denied token", verifier.Bearer, verifier.Denial{Reason: verifier.Invalid, Status: 401}, 401, []string{bearer + denied, key, basic}},
		{"an expired token", verifier.Bearer, verifier.Denial{Reason: verifier.Expired}, 401, []string{bearer + denied, key, basic}},
		{"a denied key", verifier.ApplicationKey, verifier.Denial{Reason: verifier.Invalid, Status: 401}, 401, []string{bearer, key + denied, basic}},
		{"a denied account", verifier.Basic, verifier.Denial{Reason: verifier.Invalid, Status: 401}, 401, []string{bearer, key, basic + denied}},
		{"a malformed token", verifier.Bearer, verifier.Denial{Reason: verifier.Malformed}, 400, nil},
		{"two tokens", verifier.Bearer, verifier.Denial{Reason: verifier.Ambiguous}, 400, nil},
		{"a token without permission", verifier.Bearer, verifier.Denial{Reason: verifier.Forbidden, Status: 403}, 403, nil},
		{"an identity that the route does not allow", verifier.Bearer, verifier.Denial{Reason: verifier.Requirement}, 403, nil},
		{"an unprocessable request", verifier.Bearer, verifier.Denial{Reason: verifier.Unprocessable, Status: 422}, 422, nil},
		{"a rate limit", verifier.Bearer, verifier.Denial{Reason: verifier.Throttled}, 429, nil},
		{"an outage", verifier.Bearer, verifier.Denial{Reason: verifier.Unavailable}, 500, nil},
		{"an upstream that is not trusted", verifier.Bearer, verifier.Denial{Reason: verifier.Distrusted}, 500, nil},
		{"a reason that is not listed", verifier.Bearer, verifier.Denial{Reason: "unheard of"}, 500, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := respond(testRefusal(), http.MethodGet, c.kind, c.denial)
			if w.Code != c.status || !reflect.DeepEqual(w.Header()["Www-Authenticate"], c.want) {
				t.Errorf("%d %q, want %d %q", w.Code, w.Header()["Www-Authenticate"], c.status, c.want)
			}
			if w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Content-Type") != "application/json; charset=utf-8" {
				t.Errorf("%v", w.Header())
			}
			if !json.Valid(w.Body.Bytes()) {
				t.Errorf("%s", w.Body)
			}
		})
	}
}

// Retry-After is sent where the client can expect another answer later.
func TestRetryAfter(t *testing.T) {
	cases := []struct {
		name   string
		denial verifier.Denial
		want   string
	}{
		{"a rate limit without a wait", verifier.Denial{Reason: verifier.Throttled, Status: 429}, "60"},
		{"a rate limit with a wait", verifier.Denial{Reason: verifier.Throttled, RetryAfter: 7 * time.Second}, "7"},
		{"less than a second is rounded up", verifier.Denial{Reason: verifier.Throttled, RetryAfter: 1}, "1"},
		{"a fraction of a second is rounded up", verifier.Denial{Reason: verifier.Throttled, RetryAfter: 7*time.Second + 1}, "8"},
		{"at most an hour", verifier.Denial{Reason: verifier.Throttled, RetryAfter: 1000 * time.Hour}, "3600"},
		{"an outage without a wait", verifier.Denial{Reason: verifier.Unavailable}, "10"},
		{"an upstream that is not trusted", verifier.Denial{Reason: verifier.Distrusted}, "10"},
		{"an outage with a wait", verifier.Denial{Reason: verifier.Unavailable, RetryAfter: 30 * time.Second}, "30"},
		{"a denial has none, whatever the upstream sends", verifier.Denial{Reason: verifier.Invalid, Status: 401, RetryAfter: 30 * time.Second}, ""},
		{"a missing credential has none", verifier.Denial{Reason: verifier.Missing}, ""},
		{"a denial with status 429", verifier.Denial{Reason: verifier.Invalid, Status: 429}, "60"},
		{"a denial with status 429 and a wait", verifier.Denial{Reason: verifier.Invalid, Status: 429, RetryAfter: 2 * time.Second}, "2"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := respond(testRefusal(), http.MethodGet, verifier.Bearer, c.denial)
			if got := w.Header().Get("Retry-After"); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

// Of the operator's statuses, that of the most specific key is sent.
func TestFillDefaultsStatus(t *testing.T) {
	rf := testRefusal()
	rf.unavailable = 503
	rf.statuses = map[string]int{"-105": 402, "403": 404, "-104/expired": 401, "503": 502, "404": 401, "-3": 429, "-201": 420}
	cases := []struct {
		name   string
		denial verifier.Denial
		want   int
	}{
		{"a code", verifier.Denial{Reason: verifier.Forbidden, Status: 403, HTTP: 200, Code: "-105"}, 402},
		{"the upstream's status", verifier.Denial{Reason: verifier.Forbidden, Status: 403, HTTP: 403}, 404},
		{"a code before the upstream's status", verifier.Denial{Reason: verifier.Forbidden, Status: 403, HTTP: 403, Code: "-105"}, 402},
		{"no key that fits", verifier.Denial{Reason: verifier.Forbidden, Status: 403, HTTP: 200}, 403},
		{"a code with its cause", verifier.Denial{Reason: verifier.Expired, Status: 403, HTTP: 200, Code: "-104/expired"}, 401},
		{"the upstream's status in an outage", verifier.Denial{Reason: verifier.Unavailable, HTTP: 503}, 502},
		{"an outage without a key", verifier.Denial{Reason: verifier.Unavailable, HTTP: 500}, 503},
		{"an outage without a response", verifier.Denial{Reason: verifier.Unavailable}, 503},
		{"a missing credential", verifier.Denial{Reason: verifier.Missing}, 401},
		{"a 429 has Retry-After", verifier.Denial{Reason: verifier.Invalid, Status: 401, HTTP: 200, Code: "-3"}, 429},
		{"the code of a rate limit that still holds", verifier.Denial{Reason: verifier.Throttled, HTTP: 200, Repeats: "-201"}, 420},
		{"an outage never has the status of a denial", verifier.Denial{Reason: verifier.Unavailable, HTTP: 404}, 503},
		{"nor has an upstream that is not trusted", verifier.Denial{Reason: verifier.Distrusted, HTTP: 404}, 503},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := respond(rf, http.MethodGet, verifier.Bearer, c.denial)
			if w.Code != c.want || (len(w.Header()["Www-Authenticate"]) > 0) != (c.want == 401) {
				t.Errorf("%d %v, want %d", w.Code, w.Header(), c.want)
			}
			if c.want == 429 && w.Header().Get("Retry-After") != "60" {
				t.Errorf("429 and Retry-After %q", w.Header().Get("Retry-After"))
			}
		})
	}
}

func TestResponse(t *testing.T) {
	t.Run("HEAD gets no body", func(t *testing.T) {
		w := respond(testRefusal(), http.MethodHead, "", verifier.Denial{Reason: verifier.Missing})
		if w.Code != 401 || w.Body.Len() != 0 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	})
	t.Run("a problem has the members of RFC 9457, and the reason and code", func(t *testing.T) {
		rf := testRefusal()
		rf.problem = true
		w := respond(rf, http.MethodGet, verifier.Bearer, verifier.Denial{
			Reason: verifier.Forbidden, Status: 403, Code: "-104/expired", Message: "\"<a>\"\n", Errors: `{"a":["b"]}`,
		})
		got := map[string]any{}
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		want := map[string]any{"type": "about:blank", "title": "Forbidden", "status": 403.0, "detail": "\"<a>\"\n", "reason": "forbidden", "code": "-104"}
		if !reflect.DeepEqual(got, want) || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%v %v", w.Header(), got)
		}
	})
}

func TestFillDefaultsMessage(t *testing.T) {
	for _, reason := range strings.Fields("missing malformed ambiguous invalid expired forbidden requirement unprocessable throttled unavailable distrusted") {
		t.Run("a denial always has a message: "+reason, func(t *testing.T) {
			for _, kind := range []verifier.Kind{"", verifier.Bearer, verifier.ApplicationKey, verifier.Basic} {
				d := testRefusal().fillDefaults(verifier.Denial{Reason: verifier.Reason(reason)}, testRefusal().shape(kind))
				if d.Message == "" || d.Message == "." || d.Status < 400 {
					t.Errorf("%s: %+v", kind, d)
				}
			}
		})
	}
	t.Run("a rate limit's message names the wait", func(t *testing.T) {
		d := testRefusal().fillDefaults(verifier.Denial{Reason: verifier.Throttled, RetryAfter: 1500 * time.Millisecond}, testRefusal().shape(""))
		if d.Message != "Too many requests. Try again in 2 seconds." {
			t.Errorf("%q", d.Message)
		}
	})
}

func TestMisconfigured(t *testing.T) {
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions} {
		t.Run("every request is denied, and HEAD gets no body: "+method, func(t *testing.T) {
			w := httptest.NewRecorder()
			Misconfigured(w, httptest.NewRequest(method, "/", nil))
			want := `{"status":"error","message":"configuration fault","code":500}`
			if method == http.MethodHead {
				want = ""
			}
			if w.Code != 500 || w.Body.String() != want || w.Header().Get("Cache-Control") != "no-store" {
				t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
			}
		})
	}
}
