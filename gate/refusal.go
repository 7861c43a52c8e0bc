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

// refusal is the only place that refuses: it gives a denial its status, its
// challenge and its body, in the shape of the API whose credential was sent.
type refusal struct {
	schemes     []*scheme
	problem     bool           // RFC 9457 bodies
	statuses    map[string]int // the operator's, by documented code or HTTP status
	unavailable int
}

// write answers a request with a denial. kind is what the client sent, or
// empty; then the shape is that of the route's first kind.
func (f *refusal) write(w http.ResponseWriter, r *http.Request, kind verifier.Kind, d verifier.Denial) {
	send(w, r, f.response(kind, d))
}

// response is the whole answer of a denial.
func (f *refusal) response(kind verifier.Kind, d verifier.Denial) *cache.Prebuilt {
	sent := f.shape(kind)
	d = f.fillDefaults(d, sent)
	sort := "application/json; charset=utf-8"
	body := ""
	if f.problem {
		sort = "application/problem+json"
		body = problem(d)
	} else {
		body = sent.api.Body(d)
	}
	no := &cache.Prebuilt{
		Status: d.Status,
		Names:  []string{"Content-Type", "Cache-Control"},
		Values: [][]string{{sort}, {"no-store"}},
		Body:   []byte(body),
	}
	if d.Status == http.StatusUnauthorized {
		no.Names = append(no.Names, "Www-Authenticate")
		no.Values = append(no.Values, f.challenges(kind, d.Reason))
	}
	if d.RetryAfter > 0 {
		no.Names = append(no.Names, "Retry-After")
		no.Values = append(no.Values, []string{strconv.FormatInt(seconds(d.RetryAfter), 10)})
	}
	return no
}

// send writes a finished refusal.
func send(w http.ResponseWriter, r *http.Request, no *cache.Prebuilt) {
	h := w.Header()
	for i, value := range no.Values {
		h[no.Names[i]] = value
	}
	w.WriteHeader(no.Status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(no.Body)
	}
}

// replay is the rest of the way of a request that is refused as one before, or goes
// otherwise where that has ended. The hit path comes here with what is not, or no more, a
// yes, so that a yes costs no look at which it is. It does as send does, without
// the call.
func replay(w http.ResponseWriter, r *http.Request, no *cache.Prebuilt, age time.Duration, otherwise func(http.ResponseWriter, *http.Request)) {
	if age >= no.RepeatUntil {
		otherwise(w, r)
		return
	}
	h := w.Header()
	for i, value := range no.Values {
		h[no.Names[i]] = value
	}
	w.WriteHeader(no.Status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(no.Body)
	}
}

func (f *refusal) shape(kind verifier.Kind) *scheme {
	for _, d := range f.schemes {
		if d.kind == kind {
			return d
		}
	}
	return f.schemes[0]
}

// fillDefaults settles what the denial leaves open: status, wait and message.
func (f *refusal) fillDefaults(d verifier.Denial, sent *scheme) verifier.Denial {
	if d.Status == 0 {
		d.Status = f.statusOf(d.Reason)
	}
	for _, said := range []string{strconv.Itoa(d.HTTP), d.Repeats, d.Code} {
		if status, named := f.statuses[said]; named && mayOverride(status, d.Reason) {
			d.Status = status // the most particular comes last
		}
	}
	d.RetryAfter = retryAfter(d)
	if d.Message == "" {
		d.Message = sent.api.Message(d.Reason)
	}
	if d.Message == "" {
		d.Message = defaultMessage(d)
	}
	return d
}

// mayOverride tells whether an operator's status may stand for a reason: where
// nobody said no, none may say so.
func mayOverride(status int, reason verifier.Reason) bool {
	switch reason {
	case verifier.Unavailable, verifier.Distrusted:
		return status >= 500
	case verifier.Throttled:
		return status >= 500 || (status != 400 && status != 401 && status != 403 && status != 422)
	}
	return true
}

func (f *refusal) statusOf(reason verifier.Reason) int {
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
	return f.unavailable
}

// retryAfter: 1 to 3600 seconds; where the wait is not known, 60 after a 429 and 10
// when unavailable; none for other refusals.
func retryAfter(d verifier.Denial) time.Duration {
	wait := d.RetryAfter
	switch d.Reason {
	case verifier.Throttled:
		if wait == 0 {
			wait = time.Minute
		}
	case verifier.Unavailable, verifier.Distrusted:
		if wait == 0 {
			wait = 10 * time.Second
		}
	default:
		if d.Status != http.StatusTooManyRequests {
			return 0
		}
		if wait == 0 {
			wait = time.Minute
		}
	}
	if wait > time.Hour {
		wait = time.Hour
	}
	return wait
}

// seconds rounds up: nobody is to come back too early.
func seconds(wait time.Duration) int64 {
	return int64((wait + time.Second - 1) / time.Second)
}

// defaultMessage is the gate's own text, where neither the upstream nor the API has one.
func defaultMessage(d verifier.Denial) string {
	switch d.Reason {
	case verifier.Malformed:
		return "The credential is malformed."
	case verifier.Ambiguous:
		return "More than one credential was sent."
	case verifier.Expired:
		return "The token has expired."
	case verifier.Requirement:
		return "Not authorized to access the resource."
	case verifier.Throttled:
		return "Too many requests. Try again in " + strconv.FormatInt(seconds(d.RetryAfter), 10) + " seconds."
	case verifier.Unavailable, verifier.Distrusted:
		return "The authentication service could not be asked. Try again later."
	}
	return http.StatusText(d.Status) + "."
}

// challenges: one line per kind that the route takes (RFC 9110, 11.6.1); the
// kind that was sent and refused says so.
func (f *refusal) challenges(sent verifier.Kind, reason verifier.Reason) []string {
	lines := make([]string, 0, len(f.schemes))
	for _, d := range f.schemes {
		line := challengeOf(d.kind) + ` realm="` + d.api.Name + `"`
		if d.kind == verifier.Basic {
			line += `, charset="UTF-8"`
		}
		if d.kind == sent && reason != verifier.Missing {
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

// problem is the body by RFC 9457.
func problem(d verifier.Denial) string {
	code, _, _ := strings.Cut(d.Code, "/")
	members := []string{
		`"type":"about:blank"`,
		`"title":` + strictjson.Quote(http.StatusText(d.Status)),
		`"status":` + strconv.Itoa(d.Status),
		`"detail":` + strictjson.Quote(d.Message),
		`"reason":` + strictjson.Quote(string(d.Reason)),
	}
	if code != "" {
		members = append(members, `"code":`+strictjson.Quote(code))
	}
	return "{" + strings.Join(members, ",") + "}"
}

// Misconfigured is the handler of a route whose configuration has faults.
func Misconfigured(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusInternalServerError)
	if r.Method != http.MethodHead {
		_, _ = w.Write([]byte(`{"status":"error","message":"configuration fault","code":500}`))
	}
}
