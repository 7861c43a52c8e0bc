package apis

import (
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// ippanel is the IPPanel SMS panel (document: IPPanel confirm_otp; check_token, login
// and logout are from the vendor's public pages). Its tokens are opaque and valid for
// 10 hours.
func ippanel() *API {
	return &API{
		Name:        "ippanel",
		Kinds:       []verifier.Kind{verifier.Bearer},
		Path:        ippanelAuth + "check_token",
		Method:      http.MethodPost,
		Lifetime:    10 * time.Hour,
		BareToken:   true,
		Login:       &Login{Paths: []string{ippanelAuth + "login", ippanelAuth + "confirm_otp"}, Logout: ippanelAuth + "logout", LogoutRequest: ippanelRequest, LoggedOut: ippanelLoggedOut, TokensIn: ippanelTokensIn},
		Rows:        ippanelRows(),
		Headers:     []HeaderField{{"Api", "api"}, {"User", "user"}, {"Id", "id"}, {"Name", "name"}, {"Expires", "expires"}},
		OpenFields:  true,
		Documented:  ippanelCode,
		Request:     func(c verifier.Credential, _ Settings) transport.Request { return ippanelRequest(c.Token) },
		Classify:    ippanelClassify,
		Marked:      ippanelMarked,
		Identify:    ippanelIdentify,
		CopyMessage: ippanelCopyMessage,
		FakeCredential: func(random []byte, _ time.Time, s Settings) verifier.Credential {
			return verifier.Credential{Kind: s.Kind, Token: hex.EncodeToString(random[:16])}
		},
		Hint:    func(_ Settings) string { return "correct url or path: the check there accepts any token" },
		Message: ippanelMessage,
		Body:    ippanelBody,
	}
}

const ippanelAuth = "/api/acl/auth/"

// ippanelWrong is the text of the document IPPanel confirm_otp for a wrong token.
const ippanelWrong = "اطلاعات وارد شده صحیح نمی باشد"

// ippanelRows are the responses of check_token (document: IPPanel confirm_otp, which
// shows the same codes). Its codes and statuses contradict each other in places, so
// each is a row.
func ippanelRows() []Row {
	return []Row{
		{Name: "server error", HTTP: "5xx 3xx", Meaning: Outage},
		{Name: "too many requests", HTTP: "429", Meaning: RateLimited},
		{Name: "token valid", HTTP: "200", Flag: "true", Code: "200-*", Meaning: Valid},
		{Name: "code 400-1", Code: "400-1", Meaning: Denied, Status: 401, Message: ippanelWrong, Unknown: everyVariant},
		{Name: "status 401", HTTP: "401", Meaning: Denied, Status: 401, Message: ippanelWrong, Unknown: everyVariant},
		{Name: "code 400-2", Code: "400-2", Meaning: Denied, Status: 422},
		{Name: "code 422", Code: "422-*", Meaning: Denied, Status: 422},
		{Name: "status 422", HTTP: "422", Meaning: Denied, Status: 422},
		{Name: "status 403", HTTP: "403", Meaning: Denied, Status: 403},
		{Name: "refused, code 400", Flag: "false", Code: "400-*", Meaning: Denied, Status: 400},
		{Name: "refused, code 401", Flag: "false", Code: "401-*", Meaning: Denied, Status: 401, Unknown: everyVariant},
		{Name: "refused, code 403", Flag: "false", Code: "403-*", Meaning: Denied, Status: 403},
		{Name: "refused, code 429", Flag: "false", Code: "429-*", Meaning: RateLimited},
	}
}

// ippanelClassify: the flag is meta.status, the code is meta.message_code.
func ippanelClassify(r transport.Response) (flag, code string) {
	meta := r.Body.Field("meta")
	flag = meta.Field("status").Bool()
	code = meta.Field("message_code").TextOf(strictjson.Text)
	return flag, code
}

// ippanelMarked: a denial has the status false and a code in its meta; or it is a 422
// with errors, which the vendor's public pages show without a meta.
func ippanelMarked(r transport.Response) bool {
	meta := r.Body.Field("meta")
	if meta.Field("status").Bool() == "false" && meta.Field("message_code").TextOf(strictjson.Text) != "" {
		return true
	}
	return r.Status == http.StatusUnprocessableEntity && (isErrors(r.Body.Field("errors")) || isErrors(meta.Field("errors")))
}

// ippanelRequest sends a token alone and names a type for the empty body, as the
// documents show it.
func ippanelRequest(token string) transport.Request {
	return transport.Request{Header: http.Header{"Authorization": {token}, "Content-Type": {"application/json"}}}
}

// ippanelLoggedOut: the logout was successful, or the panel does not know the token (any
// more). Both only in the shape of the documents: a proxy in between has statuses, too.
func ippanelLoggedOut(r transport.Response) bool {
	flag, code := ippanelClassify(r)
	if r.Status >= 200 && r.Status < 300 && flag == "true" {
		return true
	}
	return flag == "false" && (code == "400-1" || r.Status == http.StatusUnauthorized && code != "")
}

// ippanelTokensIn returns a token only where the method is "login": a token of another
// method still needs a one-time password, and is no credential.
func ippanelTokensIn(r transport.Response) (token, refresh string) {
	flag, code := ippanelClassify(r)
	data := r.Body.Field("data")
	if flag != "true" || !strings.HasPrefix(code, "200-") || data.Field("method").TextOf(strictjson.Text) != "login" {
		return "", ""
	}
	token = data.Field("token").TextOf(strictjson.Text)
	return token, ""
}

var ippanelMembers = []member{{"user", "user_name"}, {"id", "user_id"}, {"name", "name"}}

// ippanelIdentify requires a user: the documented response names one.
func ippanelIdentify(r transport.Response, _ verifier.Credential, _ Settings) (decision verifier.Decision, defect string) {
	data := r.Body.Field("data")
	fields := newFieldSet()
	fields.add(data, ippanelMembers)
	if !fields.has["user"] {
		return decision, "a valid token without data.user_name"
	}
	fields.addRest(data, ippanelMembers)
	return allowed(fields.identity()), ""
}

// ippanelCopyMessage reads errors from both places where responses have them.
func ippanelCopyMessage(r transport.Response, _ *Row, d verifier.Denial) verifier.Denial {
	meta := r.Body.Field("meta")
	d = CopyMessage(d, meta.Field("message"))
	d = CopyErrors(d, r.Body.Field("errors"))
	return CopyErrors(d, meta.Field("errors"))
}

// ippanelCode tells whether a code has the documented form, three digits, a dash, and
// a number of at most three digits, and is that of a denial.
func ippanelCode(code string) bool {
	if len(code) < 5 || len(code) > 7 || code[3] != '-' || code[0] == '2' {
		return false
	}
	return strings.Trim(code[:3]+code[4:], "0123456789") == ""
}

func ippanelMessage(reason verifier.Reason) string {
	if reason == verifier.Missing || reason == verifier.Invalid {
		return ippanelWrong
	}
	return ""
}

// ippanelCodes are the codes of denials without a code: the document's where it has
// one, else codes of its form. They depend on the reason alone, not on the status.
func ippanelCodes() map[verifier.Reason]string {
	return map[verifier.Reason]string{
		verifier.Missing: "400-1", verifier.Invalid: "400-1", verifier.Expired: "400-1", verifier.Unprocessable: "400-2",
		verifier.Malformed: "400-3", verifier.Ambiguous: "400-3", verifier.Forbidden: "403-1", verifier.Requirement: "403-1",
		verifier.Throttled: "429-1", verifier.Unavailable: "500-1", verifier.Distrusted: "500-1", verifier.Configuration: "500-1",
	}
}

// ippanelBody writes a denial in the shape of the document IPPanel confirm_otp. A denial
// during an outage gets the code of its reason, not the upstream's: clients must not
// take it for a wrong token.
func ippanelBody(d verifier.Denial) string {
	code := d.Code
	if code == "" || d.Reason == verifier.Unavailable {
		code = ippanelCodes()[d.Reason]
	}
	fieldErrors := d.Errors
	if fieldErrors == "" {
		fieldErrors = "{}"
	}
	return `{"data":null,"meta":{"status":false,"message":` + strictjson.Quote(d.Message) +
		`,"message_parameters":[],"message_code":` + strictjson.Quote(code) + `,"errors":` + fieldErrors + `}}`
}
