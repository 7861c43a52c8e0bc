package upstreams

import (
	"regexp"
	"testing"
	"time"
)

const (
	panelWrong = `{"data":null,"meta":{"status":false,"message":"اطلاعات وارد شده صحیح نمی باشد",` +
		`"message_parameters":[],"message_code":"400-1","errors":{}}}`
	panelNoOTP = `{"data":null,"meta":{"status":false,"message":"تکمیل گزینه otp الزامی است",` +
		`"message_parameters":[],"message_code":"400-2","errors":{"otp":["تکمیل گزینه otp الزامی است"]}}}`
	panelLoginFailed = `{"errors":{"username":["اطلاعات وارد شده صحیح نمی باشد"]},"meta":{"status":false,` +
		`"message":"اطلاعات وارد شده صحیح نمی باشد","message_parameters":[],"message_code":"422-1"}}`
	panelDone = `{"data":null,"meta":{"status":true,"message":"انجام شد","message_parameters":[],"message_code":"200-1"}}`
	panelSara = `{"data":{"user_name":"sara","user_id":58745,"document_block":false,"is_reseller":true,` +
		`"send_block":false,"name":"سارا"},"meta":{"status":true,"message":"انجام شد","message_parameters":[],"message_code":"200-1"}}`
)

// panelFixture starts an IPPanel with a user for each of the three methods.
func panelFixture(t *testing.T, clock *Clock) *IPPanel {
	t.Helper()
	p := NewIPPanel(IPPanelOptions{Options: Options{Clock: clock}})
	t.Cleanup(p.Close)
	p.AddUser(PanelUser{UserName: "sara", Password: "secret", UserID: 58745, Name: "سارا", Reseller: true})
	p.AddUser(PanelUser{UserName: "navid", Password: "secret", Method: MethodLogin})
	p.AddUser(PanelUser{UserName: "gita", Password: "secret", Method: MethodGoogle, OTP: "123456"})
	return p
}

// panelPost posts to one of the panel's routes, with an Authorization header if there is one.
func panelPost(t *testing.T, p *IPPanel, route, authorization, body string) testResponse {
	t.Helper()
	return send(t, "POST", p.URL+"/api/acl/auth/"+route, body, "Authorization", authorization)
}

// panelLogin logs in and returns the token and the method.
func panelLogin(t *testing.T, p *IPPanel, user string) (token, method string) {
	t.Helper()
	got := panelPost(t, p, "login", "", `{"username":"`+user+`","password":"secret"}`)
	if got.status != 200 || got.textAt("meta", "message_code") != "200-1" {
		t.Fatalf("login got %d %s", got.status, got.text)
	}
	return got.textAt("data", "token"), got.textAt("data", "method")
}

// confirming is the body of confirm_otp.
func confirming(token, otp string) string {
	return `{"token":"` + token + `","otp":"` + otp + `"}`
}

func TestIPPanel(t *testing.T) {
	t.Run("from login to logout", func(t *testing.T) {
		p := panelFixture(t, nil)
		waiting, method := panelLogin(t, p, "sara")
		if method != "sms" || p.OTP("sara") == "" {
			t.Fatalf("login goes on by %q", method)
		}
		panelPost(t, p, "check_token", waiting, "").expect(t, 401, panelWrong)

		first := p.OTP("sara")
		sent := panelPost(t, p, "send_sms_otp", "", `{"token":"`+waiting+`"}`)
		if sent.status != 200 || sent.textAt("data", "method") != "sms" || sent.textAt("data", "token") != waiting {
			t.Fatalf("send_sms_otp got %d %s", sent.status, sent.text)
		}
		otp := p.OTP("sara")
		if first != otp {
			panelPost(t, p, "confirm_otp", "", confirming(waiting, first)).expect(t, 401, panelWrong)
		}
		panelPost(t, p, "confirm_otp", "", confirming(waiting, "x"+otp)).expect(t, 401, panelWrong)

		confirmed := panelPost(t, p, "confirm_otp", "", confirming(waiting, otp))
		final := confirmed.textAt("data", "token")
		if !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(final) || final == waiting {
			t.Fatalf("confirm_otp got %d %s", confirmed.status, confirmed.text)
		}
		confirmed.expect(t, 200, `{"data":{"token":"`+final+`","method":"login"},"meta":{"status":true,"message":"انجام شد",`+
			`"message_parameters":[],"message_code":"200-1"}}`)
		panelPost(t, p, "confirm_otp", "", confirming(waiting, otp)).expect(t, 401, panelWrong)

		panelPost(t, p, "check_token", final, "").expect(t, 200, panelSara)
		panelPost(t, p, "logout", final, "").expect(t, 200, panelDone)
		panelPost(t, p, "check_token", final, "").expect(t, 401, panelWrong)
		panelPost(t, p, "logout", final, "").expect(t, 401, panelWrong)
		if got := p.CallsWith(final); got != 4 {
			t.Errorf("CallsWith(final token) = %d, want 4", got)
		}
		if got := p.CallsTo("/v1/api/acl/auth/check_token"); got != 3 {
			t.Errorf("CallsTo(check_token) = %d, want 3", got)
		}
	})

	t.Run("a token is sent without a scheme", func(t *testing.T) {
		p := panelFixture(t, nil)
		token := p.IssueToken("sara")
		for _, authorization := range []string{"", "Bearer " + token, "unknown"} {
			panelPost(t, p, "check_token", authorization, "").expect(t, 401, panelWrong)
		}
		if p.CallsWith(token) != 0 || p.CallsWith("Bearer "+token) != 1 {
			t.Error("a token with a scheme counts as the bare one")
		}
	})
}

func TestIPPanelLogin(t *testing.T) {
	t.Run("without a one-time password, the first token is the final one", func(t *testing.T) {
		p := panelFixture(t, nil)
		token, method := panelLogin(t, p, "navid")
		if method != "login" {
			t.Fatalf("login goes on by %q", method)
		}
		if got := panelPost(t, p, "check_token", token, ""); got.textAt("data", "user_name") != "navid" {
			t.Errorf("check_token got %d %s", got.status, got.text)
		}
	})

	t.Run("a generator's one-time password is confirmed without a message", func(t *testing.T) {
		p := panelFixture(t, nil)
		token, method := panelLogin(t, p, "gita")
		if method != "ga" {
			t.Fatalf("login goes on by %q", method)
		}
		if got := panelPost(t, p, "confirm_otp", "", confirming(token, "123456")); got.textAt("data", "method") != "login" {
			t.Errorf("confirm_otp got %d %s", got.status, got.text)
		}
	})

	t.Run("a failed one is a 422 with its errors at the top", func(t *testing.T) {
		p := panelFixture(t, nil)
		for _, body := range []string{`{"username":"sara","password":"wrong"}`, `{"username":"unknown","password":"secret"}`} {
			panelPost(t, p, "login", "", body).expect(t, 422, panelLoginFailed)
		}
		got := panelPost(t, p, "login", "", `{"password":"secret"}`)
		if got.status != 422 || got.textAt("meta", "message_code") != "422-1" || got.at("errors", "username") == nil {
			t.Errorf("a login without a name got %d %s", got.status, got.text)
		}
	})

	t.Run("a missing field is a 422 that names it", func(t *testing.T) {
		p := panelFixture(t, nil)
		token, _ := panelLogin(t, p, "sara")
		for _, body := range []string{`{"token":"` + token + `"}`, confirming(token, ""), `{"token":"` + token + `","otp":123456}`} {
			panelPost(t, p, "confirm_otp", "", body).expect(t, 422, panelNoOTP)
		}
		got := panelPost(t, p, "confirm_otp", "", "")
		if got.status != 422 || got.at("meta", "errors", "otp") == nil || got.at("meta", "errors", "token") == nil {
			t.Errorf("an empty body got %d %s", got.status, got.text)
		}
		if got := panelPost(t, p, "send_sms_otp", "", "{}"); got.status != 422 || got.textAt("meta", "message_code") != "400-2" {
			t.Errorf("send_sms_otp without a token got %d %s", got.status, got.text)
		}
		panelPost(t, p, "send_sms_otp", "", `{"token":"unknown"}`).expect(t, 401, panelWrong)
	})
}

func TestIPPanelLifetimes(t *testing.T) {
	t.Run("tokens and one-time passwords expire by the clock", func(t *testing.T) {
		clock := NewClock()
		p := panelFixture(t, clock)

		token, _ := panelLogin(t, p, "sara")
		clock.Advance(PanelOTPLifetime)
		panelPost(t, p, "confirm_otp", "", confirming(token, p.OTP("sara"))).expect(t, 401, panelWrong)

		token, _ = panelLogin(t, p, "sara")
		clock.Advance(PanelLoginLifetime)
		panelPost(t, p, "send_sms_otp", "", `{"token":"`+token+`"}`).expect(t, 401, panelWrong)

		final := p.IssueToken("sara")
		clock.Advance(10*time.Hour - time.Minute)
		panelPost(t, p, "check_token", final, "").expect(t, 200, panelSara)
		clock.Advance(time.Minute)
		panelPost(t, p, "check_token", final, "").expect(t, 401, panelWrong)
	})

	t.Run("an API key never expires", func(t *testing.T) {
		clock := NewClock()
		p := panelFixture(t, clock)
		p.AddAPIKey("sara", "key-of-sara")
		clock.Advance(10 * 365 * 24 * time.Hour)
		panelPost(t, p, "logout", "key-of-sara", "").expect(t, 200, panelDone)
		panelPost(t, p, "check_token", "key-of-sara", "").expect(t, 200, panelSara)
	})
}

func TestIPPanelRoutes(t *testing.T) {
	t.Run("only JSON posts to known routes are accepted", func(t *testing.T) {
		p := panelFixture(t, nil)
		url := p.URL + "/api/acl/auth/check_token"
		for want, got := range map[int]testResponse{
			404: send(t, "POST", p.URL+"/api/acl/auth/elsewhere", ""),
			405: send(t, "GET", url, ""),
			415: send(t, "POST", url, "", "Content-Type", "text/plain"),
		} {
			if got.status != want || got.at("meta", "status") != false {
				t.Errorf("got %d %s, want %d", got.status, got.text, want)
			}
		}
	})

	t.Run("the base is part of the URL", func(t *testing.T) {
		p := NewIPPanel(IPPanelOptions{Base: "/edge/v2"})
		defer p.Close()
		p.AddUser(PanelUser{UserName: "sara"})
		if status := panelPost(t, p, "check_token", p.IssueToken("sara"), "").status; status != 200 {
			t.Errorf("at %s: %d", p.URL, status)
		}
	})
}
