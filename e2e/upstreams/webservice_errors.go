package upstreams

import (
	"net/http"
	"slices"
	"strings"
)

// LogicError is one row of the document's second table: an error in a 200. The placeholders {0} and
// {1} of -201 are to be filled.
type LogicError struct {
	Code    int
	Variant string // of -104, which has two texts: "expired" or "invalid"
	Text    string
}

// logicErrors is the second table of the web-service errors, in the document's order.
var logicErrors = []LogicError{
	{-3, "", `خطا در دریافت اطلاعات کاربر رخ داده است - لطفا مجددا لاگین کنید`},
	{-4, "", `خطا رخ داده است`},
	{-106, "", `خطا در دریافت اعتبار کاربر`},
	{-201, "", `بازه فراخوانی هر {0} ثانیه است. لطفا {1} ثانیه دیگر تلاش کنید`},
	{-202, "", `خطای امنیتی دسترسی سرویس برای شما رخ داده است`},
	{-203, "", `شما اجازه فراخوانی سرویس در این ساعت را ندارید`},
	{-1, "", `اطلاعات درخواست یافت نشد`},
	{-5, "", `اطلاعات وجود ندارد`},
	{-102, "", `اطلاعات وارد شده نادرست بوده یا حساب کاربری مسدود شده است`},
	{-103, "", `کاربر غیر فعال است`},
	{-104, "expired", `کاربر شما منقضی شده است`},
	{-104, "invalid", `کاربر معتبر نیست.`},
	{-105, "", `اعتبار کاربر یافت نشد یا صفر است.`},
}

// LogicErrors returns the documented logic errors, in the document's order.
func LogicErrors() []LogicError {
	return slices.Clone(logicErrors)
}

// systemTexts is the first table, by HTTP status. For 401 it is the text of the document's sample
// reply, the only system error that it shows in full; the others have only the table's.
var systemTexts = map[int]string{
	http.StatusUnauthorized:        `Invalid username or password`,
	http.StatusBadRequest:          `داده ورودی نامعتبر`,
	http.StatusTooManyRequests:     `درخواست‌های شما بیش از حد مجاز است`,
	http.StatusInternalServerError: `خطای داخلی سرور`,
}

// logicText returns the document's text of a code, with the variant filled in; see Fail.
func logicText(code int, variant string) string {
	known := false
	for _, row := range logicErrors {
		known = known || row.Code == code
		if row.Code != code {
			continue
		}
		if code == -201 {
			every, again, found := strings.Cut(variant, "/")
			if !found {
				panic("upstreams: -201 wants its seconds as every/again, got " + variant)
			}
			return strings.NewReplacer("{0}", every, "{1}", again).Replace(row.Text)
		}
		if row.Variant == variant {
			return row.Text
		}
	}
	if known {
		panic("upstreams: this code has no variant " + variant)
	}
	return variant
}

// logicReply is the documented shape of a logic error.
func logicReply(code int, text string) Reply {
	type msg struct {
		Code int    `json:"Code"`
		Msg  string `json:"Msg"`
	}
	return jsonReply(http.StatusOK, struct {
		IsSuccess bool `json:"IsSuccess"`
		Msg       msg  `json:"Msg"`
	}{false, msg{code, text}})
}

// systemReply is the documented shape of a system error.
func systemReply(status int) Reply {
	text, documented := systemTexts[status]
	if !documented {
		text = http.StatusText(status)
	}
	return jsonReply(status, struct {
		Status  string `json:"status"`
		Message string `json:"message"`
		Code    int    `json:"code"`
	}{"error", text, status})
}
