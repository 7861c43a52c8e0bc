package apis

import (
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// webservice is a web service that denies within a 200 (document: web-service errors).
// The document shows only errors. Assumed are the 10 hours, and that the response to a
// valid token has "IsSuccess": true and the identity in Data.
func webservice() *API {
	return &API{
		Name:        "webservice",
		Kinds:       []verifier.Kind{verifier.Bearer},
		Method:      http.MethodGet,
		Lifetime:    10 * time.Hour,
		Rows:        webserviceRows(),
		Headers:     []HeaderField{{"Api", "api"}, {"User", "user"}, {"Id", "id"}, {"Name", "name"}, {"Email", "email"}, {"Expires", "expires"}},
		OpenFields:  true,
		Documented:  webserviceCode,
		Classify:    webserviceClassify,
		Marked:      webserviceMarked,
		Identify:    webserviceIdentify,
		CopyMessage: webserviceCopyMessage,
		FakeCredential: func(random []byte, _ time.Time, s Settings) verifier.Credential {
			return verifier.Credential{Kind: s.Kind, Token: hex.EncodeToString(random[:32])}
		},
		Hint:    func(_ Settings) string { return "path answers without a valid token: name one that requires it" },
		Message: webserviceMessage,
		Body:    webserviceBody,
	}
}

// The document's texts of the system errors.
const (
	webservice401 = "عدم احراز هویت یا توکن نامعتبر"
	webservice400 = "داده ورودی نامعتبر"
	webservice429 = "درخواست‌های شما بیش از حد مجاز است"
	webservice500 = "خطای داخلی سرور"
)

// webserviceRows are the system errors, by HTTP status, and the logic errors, by code,
// in the order of the document web-service errors.
func webserviceRows() []Row {
	return []Row{
		{Name: "401", HTTP: "401", Meaning: Denied, Status: 401, Message: webservice401, Unknown: everyVariant},
		{Name: "400", HTTP: "400", Meaning: Denied, Status: 400, Message: webservice400},
		{Name: "429", HTTP: "429", Meaning: RateLimited, Message: webservice429},
		{Name: "5xx", HTTP: "5xx", Meaning: Outage, Message: webservice500},
		{Name: "403", HTTP: "403", Meaning: Denied, Status: 403},
		{Name: "wrong path", HTTP: "3xx 404 405", Meaning: Misconfigured, Correct: "$path"},
		{Name: "success", HTTP: "2xx", Flag: "true", Meaning: Valid},
		{Name: "-3", HTTP: "2xx", Flag: "false", Code: "-3", Meaning: Denied, Status: 401, Message: "خطا در دریافت اطلاعات کاربر رخ داده است - لطفا مجددا لاگین کنید"},
		{Name: "-4", HTTP: "2xx", Flag: "false", Code: "-4", Meaning: Outage, Message: "خطا رخ داده است"},
		{Name: "-106", HTTP: "2xx", Flag: "false", Code: "-106", Meaning: Outage, Message: "خطا در دریافت اعتبار کاربر"},
		{Name: "-201", HTTP: "2xx", Flag: "false", Code: "-201", Meaning: RateLimited, Message: webservice429},
		{Name: "-202", HTTP: "2xx", Flag: "false", Code: "-202", Meaning: Denied, Status: 403, Message: "خطای امنیتی دسترسی سرویس برای شما رخ داده است"},
		{Name: "-203", HTTP: "2xx", Flag: "false", Code: "-203", Meaning: Denied, Status: 403, Message: "شما اجازه فراخوانی سرویس در این ساعت را ندارید"},
		{Name: "-1", HTTP: "2xx", Flag: "false", Code: "-1", Meaning: Denied, Status: 400, Message: "اطلاعات درخواست یافت نشد"},
		{Name: "-5", HTTP: "2xx", Flag: "false", Code: "-5", Meaning: Denied, Status: 400, Message: "اطلاعات وجود ندارد"},
		{Name: "-102", HTTP: "2xx", Flag: "false", Code: "-102", Meaning: Denied, Status: 401, Message: "اطلاعات وارد شده نادرست بوده یا حساب کاربری مسدود شده است", Unknown: everyVariant},
		{Name: "-103", HTTP: "2xx", Flag: "false", Code: "-103", Meaning: Denied, Status: 403, Message: "کاربر غیر فعال است"},
		{Name: "-104/expired", HTTP: "2xx", Flag: "false", Code: "-104/expired", Meaning: Denied, Status: 403, Reason: verifier.Expired, Message: "کاربر شما منقضی شده است"},
		{Name: "-104/invalid", HTTP: "2xx", Flag: "false", Code: "-104/invalid", Meaning: Denied, Status: 401, Reason: verifier.Invalid, Message: "کاربر معتبر نیست.", Unknown: everyVariant},
		{Name: "-105", HTTP: "2xx", Flag: "false", Code: "-105", Meaning: Denied, Status: 403, Message: "اعتبار کاربر یافت نشد یا صفر است."},
	}
}

// expiredWord is the beginning of the document's word for "expired"; the rest depends
// on which ی the server writes.
const expiredWord = "منقض"

// webserviceClassify: the document gives -104 two meanings, which only the text
// distinguishes, and asks that they be told apart, so each has a code of its own here.
func webserviceClassify(r transport.Response) (flag, code string) {
	flag = r.Body.Field("IsSuccess").Bool()
	message := r.Body.Field("Msg")
	if message == nil {
		return flag, ""
	}
	code = message.Field("Code").TextOf(strictjson.Number)
	if code == "-104" {
		code = "-104/invalid"
		if strings.Contains(message.Field("Msg").TextOf(strictjson.Text), expiredWord) {
			code = "-104/expired"
		}
	}
	return flag, code
}

// webserviceMarked: a denial has the shape of the document's system errors or that of
// its logic errors, each with a code.
func webserviceMarked(r transport.Response) bool {
	if r.Body.Field("status").TextOf(strictjson.Text) == "error" {
		return r.Body.Field("code").IsKind(strictjson.Number)
	}
	return r.Body.Field("IsSuccess").Bool() == "false" && r.Body.Field("Msg").Field("Code").IsKind(strictjson.Number)
}

var webserviceMembers = []member{{"user", "UserName"}, {"id", "Id"}, {"name", "Name"}, {"email", "Email"}}

// webserviceIdentify reads Data, by the members that are assumed.
func webserviceIdentify(r transport.Response, _ verifier.Credential, _ Settings) (decision verifier.Decision, defect string) {
	data := r.Body.Field("Data")
	fields := newFieldSet()
	fields.add(data, webserviceMembers)
	fields.addRest(data, webserviceMembers)
	return allowed(fields.identity()), ""
}

// webserviceCopyMessage copies the text of either shape. The document puts the time to
// wait into the text of -201.
func webserviceCopyMessage(r transport.Response, _ *Row, d verifier.Denial) verifier.Denial {
	if d.Code == "" {
		return CopyMessage(d, r.Body.Field("message"))
	}
	message := r.Body.Field("Msg").Field("Msg")
	if d.Code == "-201" {
		wait := LastNumber(message.TextOf(strictjson.Text))
		if wait >= 0 {
			d.RetryAfter = Clamp(wait)
		}
	}
	return CopyMessage(d, message)
}

// LastNumber is the last number of a text, in Latin, Persian or Arabic digits; -1 where
// there is none.
func LastNumber(text string) int64 {
	last, inNumber := int64(-1), false
	for _, r := range text {
		digit := int64(-1)
		if r >= '0' && r <= '9' {
			digit = int64(r - '0')
		}
		if r >= '۰' && r <= '۹' {
			digit = int64(r - '۰')
		}
		if r >= '٠' && r <= '٩' {
			digit = int64(r - '٠')
		}
		if digit < 0 {
			inNumber = false
			continue
		}
		if !inNumber {
			last, inNumber = 0, true
		}
		if last < 1e6 { // enough for every wait, and no overflow
			last = last*10 + digit
		}
	}
	return last
}

// webserviceCode tells whether a code is in the document web-service errors.
func webserviceCode(code string) bool {
	for _, row := range webserviceRows() {
		if row.Code != "" && row.Code == code {
			return true
		}
	}
	return false
}

// webserviceMessage has the document's texts of the system errors.
func webserviceMessage(reason verifier.Reason) string {
	switch reason {
	case verifier.Missing, verifier.Invalid:
		return webservice401
	case verifier.Malformed, verifier.Ambiguous:
		return webservice400
	case verifier.Throttled:
		return webservice429
	case verifier.Unavailable, verifier.Distrusted:
		return webservice500
	}
	return ""
}

// webserviceBody: the document web-service errors shows logic errors in one shape and
// system errors in another.
func webserviceBody(d verifier.Denial) string {
	if d.Code != "" {
		code, _, _ := strings.Cut(d.Code, "/")
		return `{"IsSuccess":false,"Msg":{"Code":` + code + `,"Msg":` + strictjson.Quote(d.Message) + `}}`
	}
	return `{"status":"error","message":` + strictjson.Quote(d.Message) + `,"code":` + strconv.Itoa(d.Status) + `}`
}
