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

// refusing is a route that takes ippanel's tokens, thammasat's keys and its accounts.
func refusing() *refusal {
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

func (f *refusal) answer(method string, kind verifier.Kind, d verifier.Denial) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	f.write(w, httptest.NewRequest(method, "/", nil), kind, d)
	return w
}

func TestExactlyA401ChallengesForEveryKind(t *testing.T) {
	const (
		bearer = `Bearer realm="ippanel"`
		key    = `Application-Key realm="thammasat"`
		basic  = `Basic realm="thammasat", charset="UTF-8"`
		bad    = `, error="invalid_token"`
	)
	cases := []struct {
		kind   verifier.Kind
		denial verifier.Denial
		status int
		want   []string
	}{
		{"", verifier.Denial{Reason: verifier.Missing}, 401, []string{bearer, key, basic}},
		{verifier.ApplicationKey, verifier.Denial{Reason: verifier.Missing}, 401, []string{bearer, key, basic}},
		{verifier.Bearer, verifier.Denial{Reason: verifier.Invalid, Status: 401}, 401, []string{bearer + bad, key, basic}},
		{verifier.Bearer, verifier.Denial{Reason: verifier.Expired}, 401, []string{bearer + bad, key, basic}},
		{verifier.ApplicationKey, verifier.Denial{Reason: verifier.Invalid, Status: 401}, 401, []string{bearer, key + bad, basic}},
		{verifier.Basic, verifier.Denial{Reason: verifier.Invalid, Status: 401}, 401, []string{bearer, key, basic + bad}},
		{verifier.Bearer, verifier.Denial{Reason: verifier.Malformed}, 400, nil},
		{verifier.Bearer, verifier.Denial{Reason: verifier.Ambiguous}, 400, nil},
		{verifier.Bearer, verifier.Denial{Reason: verifier.Forbidden, Status: 403}, 403, nil},
		{verifier.Bearer, verifier.Denial{Reason: verifier.Requirement}, 403, nil},
		{verifier.Bearer, verifier.Denial{Reason: verifier.Unprocessable, Status: 422}, 422, nil},
		{verifier.Bearer, verifier.Denial{Reason: verifier.Throttled}, 429, nil},
		{verifier.Bearer, verifier.Denial{Reason: verifier.Unavailable}, 500, nil},
		{verifier.Bearer, verifier.Denial{Reason: verifier.Distrusted}, 500, nil},
		{verifier.Bearer, verifier.Denial{Reason: "unheard of"}, 500, nil},
	}
	for _, c := range cases {
		w := refusing().answer(http.MethodGet, c.kind, c.denial)
		if w.Code != c.status || !reflect.DeepEqual(w.Header()["Www-Authenticate"], c.want) {
			t.Errorf("%s %s: %d %q", c.kind, c.denial.Reason, w.Code, w.Header()["Www-Authenticate"])
		}
		if w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Content-Type") != "application/json; charset=utf-8" {
			t.Errorf("%s %s: %v", c.kind, c.denial.Reason, w.Header())
		}
		if !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s %s: %s", c.kind, c.denial.Reason, w.Body)
		}
	}
}

func TestRetryAfterStandsWhereComingBackHelps(t *testing.T) {
	cases := []struct {
		denial verifier.Denial
		want   string
	}{
		{verifier.Denial{Reason: verifier.Throttled, Status: 429}, "60"},
		{verifier.Denial{Reason: verifier.Throttled, RetryAfter: 7 * time.Second}, "7"},
		{verifier.Denial{Reason: verifier.Throttled, RetryAfter: 1}, "1"},
		{verifier.Denial{Reason: verifier.Throttled, RetryAfter: 7*time.Second + 1}, "8"},
		{verifier.Denial{Reason: verifier.Throttled, RetryAfter: 1000 * time.Hour}, "3600"},
		{verifier.Denial{Reason: verifier.Unavailable}, "10"},
		{verifier.Denial{Reason: verifier.Distrusted}, "10"},
		{verifier.Denial{Reason: verifier.Unavailable, RetryAfter: 30 * time.Second}, "30"},
		{verifier.Denial{Reason: verifier.Invalid, Status: 401, RetryAfter: 30 * time.Second}, ""},
		{verifier.Denial{Reason: verifier.Missing}, ""},
	}
	for _, c := range cases {
		w := refusing().answer(http.MethodGet, verifier.Bearer, c.denial)
		if got := w.Header().Get("Retry-After"); got != c.want {
			t.Errorf("%+v: %q, want %q", c.denial, got, c.want)
		}
	}
}

func TestTheOperatorsStatusesCountTheMostParticularFirst(t *testing.T) {
	f := refusing()
	f.unavailable = 503
	f.statuses = map[string]int{"-105": 402, "403": 404, "-104/expired": 401, "503": 502, "404": 401, "-3": 429, "-201": 420}
	cases := []struct {
		denial verifier.Denial
		want   int
	}{
		{verifier.Denial{Reason: verifier.Forbidden, Status: 403, HTTP: 200, Code: "-105"}, 402},
		{verifier.Denial{Reason: verifier.Forbidden, Status: 403, HTTP: 403}, 404},
		{verifier.Denial{Reason: verifier.Forbidden, Status: 403, HTTP: 403, Code: "-105"}, 402},
		{verifier.Denial{Reason: verifier.Forbidden, Status: 403, HTTP: 200}, 403},
		{verifier.Denial{Reason: verifier.Expired, Status: 403, HTTP: 200, Code: "-104/expired"}, 401},
		{verifier.Denial{Reason: verifier.Unavailable, HTTP: 503}, 502},
		{verifier.Denial{Reason: verifier.Unavailable, HTTP: 500}, 503},
		{verifier.Denial{Reason: verifier.Unavailable}, 503},
		{verifier.Denial{Reason: verifier.Missing}, 401},
		{verifier.Denial{Reason: verifier.Invalid, Status: 401, HTTP: 200, Code: "-3"}, 429},
		{verifier.Denial{Reason: verifier.Throttled, HTTP: 200, Repeats: "-201"}, 420},
		// Where nobody said no, none of the operator's statuses may.
		{verifier.Denial{Reason: verifier.Unavailable, HTTP: 404}, 503},
		{verifier.Denial{Reason: verifier.Distrusted, HTTP: 404}, 503},
	}
	for _, c := range cases {
		w := f.answer(http.MethodGet, verifier.Bearer, c.denial)
		if w.Code != c.want || (len(w.Header()["Www-Authenticate"]) > 0) != (c.want == 401) {
			t.Errorf("%+v: %d %v, want %d", c.denial, w.Code, w.Header(), c.want)
		}
		if c.want == 429 && w.Header().Get("Retry-After") != "60" {
			t.Errorf("%+v: 429 and Retry-After %q", c.denial, w.Header().Get("Retry-After"))
		}
	}
}

func TestHEADGetsNoBodyAndAProblemHasItsMembers(t *testing.T) {
	f := refusing()
	if w := f.answer(http.MethodHead, "", verifier.Denial{Reason: verifier.Missing}); w.Code != 401 || w.Body.Len() != 0 {
		t.Errorf("HEAD: %d %s", w.Code, w.Body)
	}
	f.problem = true
	w := f.answer(http.MethodGet, verifier.Bearer, verifier.Denial{
		Reason: verifier.Forbidden, Status: 403, Code: "-104/expired", Message: "\"<a>\"\n", Errors: `{"a":["b"]}`})
	got := map[string]any{}
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"type": "about:blank", "title": "Forbidden", "status": 403.0, "detail": "\"<a>\"\n", "reason": "forbidden", "code": "-104"}
	if !reflect.DeepEqual(got, want) || w.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("%v %v", w.Header(), got)
	}
}

// Where a message is nobody's, it is the gate's; and none is empty.
func TestEveryRefusalSaysSomething(t *testing.T) {
	for _, reason := range strings.Fields("missing malformed ambiguous invalid expired forbidden requirement unprocessable throttled unavailable distrusted") {
		for _, kind := range []verifier.Kind{"", verifier.Bearer, verifier.ApplicationKey, verifier.Basic} {
			d := refusing().fillDefaults(verifier.Denial{Reason: verifier.Reason(reason)}, refusing().shape(kind))
			if d.Message == "" || d.Message == "." || d.Status < 400 {
				t.Errorf("%s, %s: %+v", kind, reason, d)
			}
		}
	}
	d := refusing().fillDefaults(verifier.Denial{Reason: verifier.Throttled, RetryAfter: 1500 * time.Millisecond}, refusing().shape(""))
	if d.Message != "Too many requests. Try again in 2 seconds." {
		t.Errorf("%q", d.Message)
	}
}

func TestAFaultyConfigurationIsClosed(t *testing.T) {
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions} {
		w := httptest.NewRecorder()
		Misconfigured(w, httptest.NewRequest(method, "/", nil))
		want := `{"status":"error","message":"configuration fault","code":500}`
		if method == http.MethodHead {
			want = ""
		}
		if w.Code != 500 || w.Body.String() != want || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %d %v %s", method, w.Code, w.Header(), w.Body)
		}
	}
}
