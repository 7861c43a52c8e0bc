package gate

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/cache"
	"github.com/upstreamauth/upstreamauth/gate/page"
	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
)

// refusal turns a denial into a response: its status, challenges and body, in the
// form of the API whose credential was sent. No other code decides what a client of a
// protected route gets for a denial; response.go writes it. It is not changed after it
// was made.
type refusal struct {
	schemes     []*scheme
	problem     bool           // RFC 9457 bodies
	statuses    map[string]int // the operator's, by documented code or HTTP status
	unavailable int            // the status when the upstream could not be asked

	// lead is where the page load of a browser without a valid credential is led; nil, or
	// an empty text: it is denied.
	lead func(*http.Request) string
}

// leading returns the refusal that leads page loads to a login.
func (rf *refusal) leading(lead func(*http.Request) string) *refusal {
	own := *rf
	own.lead = lead
	return &own
}

// statusClosed is what Traefik logs for a request whose client has left. No client ever
// sees it.
const statusClosed = 499

// write answers a request with a denial. kind is the kind of credential that the
// client sent; if it is empty, the response has the form of the route's first kind.
func (rf *refusal) write(w http.ResponseWriter, r *http.Request, kind verifier.Kind, denial verifier.Denial) {
	if denial.Reason == verifier.Cancelled {
		w.WriteHeader(statusClosed)
		return
	}
	if r.Method == http.MethodPost && isGRPC(r.Header) {
		sendGRPC(w, r, rf.fillDefaults(denial, rf.shape(kind)))
		return
	}
	answer := rf.response(kind, denial)
	if page.FromBrowser(r) {
		rf.forBrowser(r, answer, kind, denial)
	}
	send(w, r, answer)
}

// forBrowser changes a response that was built, and that is kept by no one else, to one
// for a browser: a page load gets HTML, or is led to a login.
func (rf *refusal) forBrowser(r *http.Request, answer *cache.Prebuilt, kind verifier.Kind, denial verifier.Denial) {
	if rf.lead != nil {
		answer.Challenges = withoutDialogs(answer.Challenges)
	}
	if !page.IsLoad(r) {
		return
	}
	address := ""
	if rf.lead != nil && r.Method != http.MethodPost && answer.Status == http.StatusUnauthorized && isAbsent(denial.Reason) {
		address = rf.lead(r)
	}
	if address != "" {
		answer.Status = http.StatusSeeOther
		answer.Body = ""
		answer.Challenges = nil
		answer.Names = []string{"Location", "Cache-Control", "Referrer-Policy"}
		answer.Values = []string{address, "no-store", "no-referrer"}
		return
	}
	answer.Body = page.Refusal(answer.Status, rf.fillDefaults(denial, rf.shape(kind)).Message)
	answer.Names = append(append(answer.Names, "Content-Security-Policy"), page.Headers...) // the last of a name holds
	answer.Values = append(append(answer.Values, page.Policy), page.Values...)
}

// isAbsent tells whether a login may mend a denial: with other denials the browser would
// be led there, and come back with the same credential, without end.
func isAbsent(reason verifier.Reason) bool {
	return reason == verifier.Missing || reason == verifier.Invalid || reason == verifier.Expired
}

// response builds the whole response to a denial.
func (rf *refusal) response(kind verifier.Kind, denial verifier.Denial) *cache.Prebuilt {
	shape := rf.shape(kind)
	denial = rf.fillDefaults(denial, shape)
	mediaType := "application/json; charset=utf-8"
	body := ""
	if denial.Code == "" && (rf.problem || shape.api.Body == nil) {
		denial.Code = shape.api.OwnCode(denial.Reason)
	}
	if rf.problem || shape.api.Body == nil {
		mediaType = "application/problem+json"
		body = problem(denial)
	} else {
		body = shape.api.Body(denial)
	}
	answer := &cache.Prebuilt{
		Status: denial.Status,
		Names:  []string{"Content-Type", "Cache-Control"},
		Values: []string{mediaType, "no-store"},
		Body:   body,
	}
	if denial.Status == http.StatusUnauthorized {
		answer.Challenges = challenges(rf.schemes, kind, denial.Reason)
	}
	if denial.RetryAfter > 0 {
		answer.Names = append(answer.Names, "Retry-After")
		answer.Values = append(answer.Values, strconv.FormatInt(seconds(denial.RetryAfter), 10))
	}
	return answer
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
	if denial.Message == "" && denial.Reason == verifier.Missing {
		denial.Message = shape.absent
	}
	if denial.Message == "" {
		denial.Message = shape.api.Message(denial.Reason)
	}
	if denial.Message == "" {
		denial.Message = defaultMessage(denial, shape.kind)
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

// defaultMessage is the text where neither the upstream nor its documents give one.
func defaultMessage(denial verifier.Denial, kind verifier.Kind) string {
	switch denial.Reason {
	case verifier.Malformed:
		return "The credential is malformed."
	case verifier.Ambiguous:
		return "More than one credential was sent."
	case verifier.Expired:
		if kind != verifier.Bearer {
			return "The credential has expired."
		}
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
