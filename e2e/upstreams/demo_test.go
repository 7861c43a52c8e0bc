package upstreams

import (
	"net"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/ports"
)

func TestNewDemo(t *testing.T) {
	t.Run("all credentials are valid", func(t *testing.T) {
		d, err := NewDemo(DemoOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		s := d.Secrets
		for _, user := range []string{DemoStudent, DemoEmployee} {
			if got := verify(t, d.Thammasat, s.ApplicationKey, login(user, s.Password)); got.at("status") != true {
				t.Errorf("account %s got %s", user, got.text)
			}
		}
		entered := panelPost(t, d.IPPanel, "login", "", `{"username":"`+DemoSMSUser+`","password":"`+s.Password+`"}`)
		confirmed := panelPost(t, d.IPPanel, "confirm_otp", "", confirming(entered.textAt("data", "token"), s.OTP))
		for _, token := range []string{confirmed.textAt("data", "token"), s.APIKey} {
			if got := panelPost(t, d.IPPanel, "check_token", token, ""); got.textAt("data", "user_name") != DemoSMSUser {
				t.Errorf("check_token got %s", got.text)
			}
		}
		direct := panelPost(t, d.IPPanel, "login", "", `{"username":"`+DemoDirect+`","password":"`+s.Password+`"}`)
		if direct.textAt("data", "method") != MethodLogin {
			t.Errorf("login without OTP got %s", direct.text)
		}
		signed := send(t, "POST", d.BTS.URL+"/auth/login", `{"login":"`+DemoCourier+`","password":"`+s.Password+`"}`)
		if got := statusIndex(t, d.BTS, signed.textAt("data", "access_token")); got.status != 200 {
			t.Errorf("the courier got %d", got.status)
		}
		if got := userInfo(t, d.WebService, s.ServiceToken); got.textAt("Data", "UserName") != DemoClient {
			t.Errorf("the web service said %s", got.text)
		}
	})

	t.Run("uses the credentials that it is given", func(t *testing.T) {
		want := DemoSecrets{Password: "password", ApplicationKey: "key", OTP: "12345", APIKey: "api-key", ServiceToken: "token"}
		d, err := NewDemo(DemoOptions{DemoSecrets: want})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		if d.Secrets != want {
			t.Error("the demo has other credentials")
		}
	})
}

func TestNewDemoFails(t *testing.T) {
	t.Run("with a reason, and leaves nothing open", func(t *testing.T) {
		taken, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer taken.Close()
		first, release, err := ports.Address()
		if err != nil {
			t.Fatal(err)
		}
		defer release()

		_, err = NewDemo(DemoOptions{ThammasatAddr: first, WebServiceAddr: taken.Addr().String()})
		if err == nil || !strings.Contains(err.Error(), taken.Addr().String()) {
			t.Errorf("the error is %v", err)
		}
		again, err := net.Listen("tcp", first)
		if err != nil {
			t.Fatal("the first server is still there")
		}
		again.Close()

		if _, err := NewDemo(DemoOptions{DemoSecrets: DemoSecrets{Password: "short"}}); err == nil {
			t.Error("a password too short for BTS was taken")
		}
	})
}
