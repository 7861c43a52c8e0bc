package gate

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/cache"
	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
)

// refusal turns a denial into a response: its status, challenges and body, in the
// form of the API whose credential was sent. No other code answers a client of a
// protected route with a denial. It is not changed after it was made.
type refusal struct {
	schemes     []*scheme
	problem     bool           // RFC 9457 bodies
	statuses    map[string]int // the operator's, by documented code or HTTP status
	unavailable int            // the status when the upstream could not be asked
}

// write answers a request with a denial. kind is the kind of credential that the
// client sent; if it is empty, the response has the form of the route's first kind.
func (rf *refusal) write(w http.ResponseWriter, r *http.Request, kind verifier.Kind, denial verifier.Denial) {
	send(w, r, rf.response(kind, denial))
}

// response builds the whole response to a denial.
func (rf *refusal) response(kind verifier.Kind, denial verifier.Denial) *cache.Prebuilt {
	shape := rf.shape(kind)
	denial = rf.fillDefaults(denial, shape)
	mediaType := "application/json; charset=utf-8"
	body := ""
	if rf.problem {
		mediaType = "application/problem+json"
		body = problem(denial)
	} else {
		body = shape.api.Body(denial)
	}
	answer := &cache.Prebuilt{
		Status: denial.Status,
		Names:  []string{"Content-Type", "Cache-Control"},
		Values: [][]string{{mediaType}, {"no-store"}},
		Body:   []byte(body),
	}
	if denial.Status == http.StatusUnauthorized {
		answer.Names = append(answer.Names, "Www-Authenticate")
		answer.Values = append(answer.Values, rf.challenges(kind, denial.Reason))
	}
	if denial.RetryAfter > 0 {
		answer.Names = append(answer.Names, "Retry-After")
		answer.Values = append(answer.Values, []string{strconv.FormatInt(seconds(denial.RetryAfter), 10)})
	}
	return answer
}

// send writes a response that was built before.
func send(w http.ResponseWriter, r *http.Request, answer *cache.Prebuilt) {
	h := w.Header()
	for i, value := range answer.Values {
		h[answer.Names[i]] = value
	}
	w.WriteHeader(answer.Status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(answer.Body)
	}
}

// replay writes a prebuilt response to a denial, or falls back when it has expired.
// The hit path calls it for every answer that is not, or no longer, an allowed one:
// a separate check for denials would cost each hit. The lines of send are
// repeated here, since the call would cost as much as they do.
func replay(w http.ResponseWriter, r *http.Request, answer *cache.Prebuilt, age time.Duration, fallback func(http.ResponseWriter, *http.Request)) {
	if age >= answer.RepeatUntil {
		fallback(w, r)
		return
	}
	h := w.Header()
	for i, value := range answer.Values {
		h[answer.Names[i]] = value
	}
	w.WriteHeader(answer.Status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(answer.Body)
	}
}

// shape returns the scheme whose API's form a response has.
func (rf *refusal) shape(kind verifier.Kind) *scheme {
	for _, s := range rf.schemes {
		if s.kind == kind {
			return s
		}
	}
	return rf.schemes[0]
}

// fillDefaults completes what a denial leaves open: status, Retry-After and message.
func (rf *refusal) fillDefaults(denial verifier.Denial, shape *scheme) verifier.Denial {
	if denial.Status == 0 {
		denial.Status = rf.statusOf(denial.Reason)
	}
	// The most specific key comes last, and wins.
	for _, key := range []string{strconv.Itoa(denial.HTTP), denial.Repeats, denial.Code} {
		if status, found := rf.statuses[key]; found && mayOverride(status, denial.Reason) {
			denial.Status = status
		}
	}
	denial.RetryAfter = retryAfter(denial)
	if denial.Message == "" {
		denial.Message = shape.api.Message(denial.Reason)
	}
	if denial.Message == "" {
		denial.Message = defaultMessage(denial)
	}
	return denial
}

// mayOverride tells whether an operator's status may be sent for a reason. Where
// the upstream did not deny the credential, no status may claim that it did.
func mayOverride(status int, reason verifier.Reason) bool {
	switch reason {
	case verifier.Unavailable, verifier.Distrusted:
		return status >= 500
	case verifier.Throttled:
		return status >= 500 || (status != 400 && status != 401 && status != 403 && status != 422)
	}
	return true
}

// statusOf is the status of a denial that has none. An unlisted reason is an outage.
func (rf *refusal) statusOf(reason verifier.Reason) int {
	switch reason {
	case verifier.Missing, verifier.Invalid, verifier.Expired:
		return http.StatusUnauthorized
	case verifier.Malformed, verifier.Ambiguous:
		return http.StatusBadRequest
	case verifier.Forbidden, verifier.Requirement:
		return http.StatusForbidden
	case verifier.Unprocessable:
		return http.StatusUnprocessableEntity
	case verifier.Throttled:
		return http.StatusTooManyRequests
	}
	return rf.unavailable
}

// retryAfter returns how long the client is to wait, at most an hour: what the
// denial says, else a minute when it is rate-limited and ten seconds when the
// upstream is unavailable. 0: the response has no Retry-After.
func retryAfter(denial verifier.Denial) time.Duration {
	unavailable := denial.Reason == verifier.Unavailable || denial.Reason == verifier.Distrusted
	limited := denial.Reason == verifier.Throttled || (denial.Status == http.StatusTooManyRequests && !unavailable)
	if !unavailable && !limited {
		return 0
	}
	wait := denial.RetryAfter
	if wait == 0 && limited {
		wait = time.Minute
	}
	if wait == 0 {
		wait = 10 * time.Second
	}
	if wait > time.Hour {
		wait = time.Hour
	}
	return wait
}

// seconds rounds up: a client that comes back too early is denied again.
func seconds(wait time.Duration) int64 {
	return int64((wait + time.Second - 1) / time.Second)
}

// defaultMessage is the text where neither the upstream nor its documents give one.
func defaultMessage(denial verifier.Denial) string {
	switch denial.Reason {
	case verifier.Malformed:
		return "The credential is malformed."
	case verifier.Ambiguous:
		return "More than one credential was sent."
	case verifier.Expired:
		return "The token has expired."
	case verifier.Requirement:
		return "Not authorized to access the resource."
	case verifier.Throttled:
		return "Too many requests. Try again in " + strconv.FormatInt(seconds(denial.RetryAfter), 10) + " seconds."
	case verifier.Unavailable, verifier.Distrusted:
		return "The authentication service could not be asked. Try again later."
	}
	return http.StatusText(denial.Status) + "."
}

// challenges returns WWW-Authenticate (RFC 9110, 11.6.1), a line for each kind that
// the route takes. The kind that was sent and denied has RFC 6750's error code.
func (rf *refusal) challenges(sent verifier.Kind, reason verifier.Reason) []string {
	lines := make([]string, 0, len(rf.schemes))
	for _, s := range rf.schemes {
		line := challengeOf(s.kind) + ` realm="` + s.api.Name + `"`
		if s.kind == verifier.Basic {
			line += `, charset="UTF-8"`
		}
		if s.kind == sent && reason != verifier.Missing {
			line += `, error="invalid_token"`
		}
		lines = append(lines, line)
	}
	return lines
}

func challengeOf(kind verifier.Kind) string {
	switch kind {
	case verifier.Bearer:
		return "Bearer"
	case verifier.Basic:
		return "Basic"
	}
	return "Application-Key"
}

// problem is the body of a denial as RFC 9457 describes it.
func problem(denial verifier.Denial) string {
	code, _, _ := strings.Cut(denial.Code, "/")
	members := []string{
		`"type":"about:blank"`,
		`"title":` + strictjson.Quote(http.StatusText(denial.Status)),
		`"status":` + strconv.Itoa(denial.Status),
		`"detail":` + strictjson.Quote(denial.Message),
		`"reason":` + strictjson.Quote(string(denial.Reason)),
	}
	if code != "" {
		members = append(members, `"code":`+strictjson.Quote(code))
	}
	return "{" + strings.Join(members, ",") + "}"
}

// Misconfigured denies every request, on a route whose configuration has faults.
// Without a handler, Traefik would serve it through another route that matches.
func Misconfigured(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusInternalServerError)
	if r.Method != http.MethodHead {
		_, _ = w.Write([]byte(`{"status":"error","message":"configuration fault","code":500}`))
	}
}
