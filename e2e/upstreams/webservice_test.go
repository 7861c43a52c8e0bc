package upstreams

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"
)

// userInfo sends a token to a web service.
func userInfo(t *testing.T, w *WebService, token string) testResponse {
	t.Helper()
	return send(t, "GET", w.URL+w.Path(), "", "Authorization", "Bearer "+token)
}

func TestWebService(t *testing.T) {
	t.Run("a token is answered with its user", func(t *testing.T) {
		w := webServiceFixture(t, Options{})
		token := w.IssueToken(User{UserName: "mina", ID: 9007199254740993, Name: "مینا", Data: map[string]any{"Credit": json.Number("12.50")}})
		const want = `{"IsSuccess":true,"Data":{"Credit":12.50,"Id":9007199254740993,"Name":"مینا","UserName":"mina"}}`
		userInfo(t, w, token).expect(t, 200, want)
		send(t, "POST", w.URL+w.Path(), "", "Authorization", "Bearer "+token).expect(t, 200, want)
	})

	t.Run("an unknown or missing token gets the document's sample", func(t *testing.T) {
		w := webServiceFixture(t, Options{})
		const want = `{"status":"error","message":"Invalid username or password","code":401}`
		userInfo(t, w, "unknown").expect(t, 401, want)
		send(t, "GET", w.URL+w.Path(), "").expect(t, 401, want)
		send(t, "GET", w.URL+w.Path(), "", "Authorization", w.IssueToken(User{})).expect(t, 401, want)
	})

	t.Run("a token expires after ten hours", func(t *testing.T) {
		clock := NewClock()
		w := webServiceFixture(t, Options{Clock: clock})
		token := w.IssueToken(User{UserName: "mina"})
		clock.Advance(10*time.Hour - time.Minute)
		if got := userInfo(t, w, token); got.status != 200 {
			t.Errorf("just before its end the token got %d", got.status)
		}
		clock.Advance(time.Minute)
		if got := userInfo(t, w, token); got.status != 401 {
			t.Errorf("at its end the token got %d", got.status)
		}
	})

	t.Run("other paths, methods and media types are not accepted", func(t *testing.T) {
		w := NewWebService(WebServiceOptions{Path: "/me"})
		defer w.Close()
		for want, got := range map[int]testResponse{
			404: send(t, "GET", w.URL+"/api/user/info", ""),
			405: send(t, "DELETE", w.URL+"/me", ""),
			415: send(t, "POST", w.URL+"/me", "", "Content-Type", "text/plain"),
		} {
			if got.status != want || got.textAt("status") != "error" {
				t.Errorf("got %d %s, want %d", got.status, got.text, want)
			}
		}
	})
}

func TestWebServiceFail(t *testing.T) {
	t.Run("every documented logic error comes in a 200", func(t *testing.T) {
		w := webServiceFixture(t, Options{})
		if len(LogicErrors()) != 13 {
			t.Fatalf("the document has 13 rows, the table %d", len(LogicErrors()))
		}
		for _, row := range LogicErrors() {
			t.Run(strconv.Itoa(row.Code)+row.Variant, func(t *testing.T) {
				token := w.IssueToken(User{UserName: "mina"})
				variant, text := row.Variant, row.Text
				if row.Code == -201 {
					variant, text = "۳۰/۱۷", `بازه فراخوانی هر ۳۰ ثانیه است. لطفا ۱۷ ثانیه دیگر تلاش کنید`
				}
				w.Fail(token, row.Code, variant)
				userInfo(t, w, token).expect(t, 200,
					`{"IsSuccess":false,"Msg":{"Code":`+strconv.Itoa(row.Code)+`,"Msg":"`+text+`"}}`)
				w.Unscript(token)
				if got := userInfo(t, w, token); got.at("IsSuccess") != true {
					t.Errorf("after Unscript: %s", got.text)
				}
			})
		}
	})

	t.Run("an undocumented code comes with its own text", func(t *testing.T) {
		w := webServiceFixture(t, Options{})
		w.Fail("any", -999, "news")
		userInfo(t, w, "any").expect(t, 200, `{"IsSuccess":false,"Msg":{"Code":-999,"Msg":"news"}}`)
	})
}

func TestLogicText(t *testing.T) {
	t.Run("-104 has two texts", func(t *testing.T) {
		const stem = `منقض`
		if text := logicText(-104, "expired"); !strings.Contains(text, stem) {
			t.Errorf("expired reads %s", text)
		}
		if text := logicText(-104, "invalid"); strings.Contains(text, stem) {
			t.Errorf("invalid reads %s", text)
		}
	})

	t.Run("a variant that a code does not have is a panic", func(t *testing.T) {
		for code, variant := range map[int]string{-104: "", -201: "30", -3: "expired"} {
			func() {
				defer func() {
					if recover() == nil {
						t.Errorf("%d took the variant %q", code, variant)
					}
				}()
				logicText(code, variant)
			}()
		}
	})
}

func TestWebServiceFailSystem(t *testing.T) {
	w := webServiceFixture(t, Options{})
	for status, text := range map[int]string{
		401: `Invalid username or password`,
		400: `داده ورودی نامعتبر`,
		429: `درخواست‌های شما بیش از حد مجاز است`,
		500: `خطای داخلی سرور`,
		403: `Forbidden`,
		503: `Service Unavailable`,
	} {
		token := w.IssueToken(User{UserName: "mina"})
		w.FailSystem(token, status)
		userInfo(t, w, token).expect(t, status, `{"status":"error","message":"`+text+`","code":`+strconv.Itoa(status)+`}`)
	}
}
