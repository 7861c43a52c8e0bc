package custom

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// codeOf is the code of a denial: the row's own, else the one that the response names, if
// it has the form of a code.
func (l *dialect) codeOf(row *Row, r transport.Response) string {
	if row.Code != "" {
		return row.Code
	}
	if l.def.Refusal.Code == nil {
		return ""
	}
	v := l.firstAt(l.def.Refusal.Code, r)
	if v == nil || !isScalar(v) || !l.isCode(v.Text) {
		return ""
	}
	return v.Text
}

// valueAt follows a path in what counts of a response.
func (l *dialect) valueAt(path *Path, r transport.Response) *strictjson.Value {
	if l.def.StatusOnly {
		r.Body = nil
	}
	return path.In(r)
}

// firstAt follows paths to the first that leads to something.
func (l *dialect) firstAt(paths []Path, r transport.Response) *strictjson.Value {
	for i := range paths {
		v := l.valueAt(&paths[i], r)
		if v != nil {
			return v
		}
	}
	return nil
}

// anyCode is what counts as a code where the definition does not say.
var anyCode = regexp.MustCompile(`^[!-~]{1,64}$`)

// maxCode bounds a code, in bytes, whatever its pattern says.
const maxCode = 256

// isCode tells whether a text has the form of a code.
func (l *dialect) isCode(text string) bool {
	if len(text) > maxCode || !utf8.ValidString(text) { // a header may hold any bytes
		return false
	}
	if l.def.Refusal.CodePattern == nil {
		return anyCode.MatchString(text)
	}
	return l.def.Refusal.CodePattern.MatchString(text)
}

// ParseCodePattern compiles what a whole code has to match.
func ParseCodePattern(text string) (*regexp.Regexp, string) {
	_, err := regexp.Compile(text) // alone, so that no bracket of it ends ours
	pattern, whole := regexp.Compile(`\A(?:` + text + `)\z`)
	if err != nil || whole != nil {
		return nil, "not a regular expression (RE2)"
	}
	return pattern, ""
}

// documented tells whether a text can be a code of the API, as errors.statuses names it.
func (l *dialect) documented(code string) bool {
	_, ofRow := l.shown[code]
	return code != "" && (ofRow || l.def.Refusal.Code != nil && l.isCode(code))
}

// copyTexts copies the response's message, errors and wait into a denial.
func (l *dialect) copyTexts(r transport.Response, row *Row, denial verifier.Denial) verifier.Denial {
	from := l.def.Refusal.Message
	if row.Text != nil {
		from = row.Text
	}
	if from != nil && (row.Message == "" || row.Text != nil) {
		v := l.firstAt(from, r)
		if v.IsKind(strictjson.Text) && !v.Unclear && utf8.ValidString(v.Text) { // a header may hold any bytes
			denial = apis.CopyMessage(denial, v)
		}
	}
	if l.def.Refusal.Errors != nil {
		denial = apis.CopyErrors(denial, l.firstAt(l.def.Refusal.Errors, r))
	}
	wait := l.def.Refusal.Wait
	if row.Wait != nil {
		wait = row.Wait
	}
	if denial.Reason == verifier.Throttled && wait != nil {
		found := wait.in(l.valueAt(&wait.Path, r), r.Received)
		if found > 0 {
			denial.RetryAfter = found
		}
	}
	return denial
}

// in reads a wait of 1…3600 s; 0: there is none.
func (w *Wait) in(v *strictjson.Value, now time.Time) time.Duration {
	if v == nil || !isScalar(v) || v.Kind == strictjson.Bool {
		return 0
	}
	if w.InText {
		wait := apis.LastNumber(v.Text)
		if wait < 0 {
			return 0
		}
		return apis.Clamp(wait)
	}
	seconds, ok := wholeSeconds(v.Text)
	if ok && w.Unix {
		return apis.Clamp(seconds - now.Unix())
	}
	if ok {
		return apis.Clamp(seconds)
	}
	if w.Unix {
		return 0
	}
	return apis.RetryAfter(v.Text, now)
}

// body writes a denial.
func (l *dialect) body(denial verifier.Denial) string {
	refusal := &l.def.Refusal
	template := refusal.Body
	if refusal.Bodies[denial.Status] != nil {
		template = refusal.Bodies[denial.Status]
	}
	code := denial.Code
	shown, ofRow := l.shown[code]
	if ofRow {
		code = shown
	}
	own := refusal.Codes[denial.Reason]
	if denial.Reason == verifier.Unavailable && own != "" {
		code = own // what the API said of a failure is not about the credential
	}
	if code == "" {
		code = own
		if refusal.OwnBody != nil {
			template = refusal.OwnBody
		}
	}
	errors := denial.Errors
	if errors == "" {
		errors = "{}"
	}
	text, _ := template.Render(Values{ // no value of a denial is one that cannot be written
		"message": strings.ToValidUTF8(denial.Message, "\ufffd"), "code": code, "status": strconv.Itoa(denial.Status),
		"title": http.StatusText(denial.Status), "reason": string(denial.Reason), "errors": errors,
		"retryAfter": strconv.FormatInt(int64((denial.RetryAfter+time.Second-1)/time.Second), 10),
	})
	return text
}
