package apis

import (
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/verifier"
)

func TestLoginRead(t *testing.T) {
	const (
		panel   = `{"data":{"token":"t","method":"login"},"meta":{"status":true,"message_code":"200-1"}}`
		courier = `{"status":true,"data":{"access_token":"t","refresh_token":"r"}}`
	)
	for _, c := range []struct {
		name           string
		login          *Login
		status         int
		body           string
		token, refresh string
	}{
		{"ippanel's token", ippanel().Login, 200, panel, "t", ""},
		{"ippanel's token of another status", ippanel().Login, 201, panel, "", ""},
		{"ippanel's token of another method", ippanel().Login, 200, strings.Replace(panel, `"login"`, `"sms"`, 1), "", ""},
		{"ippanel's token of another code", ippanel().Login, 200, strings.Replace(panel, "200-1", "400-1", 1), "", ""},
		{"ippanel's token beside a false flag", ippanel().Login, 200, strings.Replace(panel, "true", "false", 1), "", ""},
		{"BTS's tokens", bts().Login, 200, courier, "t", "r"},
		{"BTS's tokens of another status", bts().Login, 422, courier, "", ""},
		{"BTS's tokens beside a false flag", bts().Login, 200, strings.Replace(courier, "true", "false", 1), "", ""},
		{"BTS's tokens of another type", bts().Login, 200, strings.ReplaceAll(strings.ReplaceAll(courier, `"t"`, "1"), `"r"`, "2"), "", ""},
		{"a token that is the refresh token as well", bts().Login, 200, strings.Replace(courier, `"t"`, `"r"`, 1), "", "r"},
		{"a token that no header can carry", bts().Login, 200, strings.Replace(courier, `"t"`, `"a b"`, 1), "", "r"},
		{"a refresh token that no header can carry", bts().Login, 200, strings.Replace(courier, `"r"`, `"a b"`, 1), "t", ""},
		{"a token over 8 KiB", bts().Login, 200, strings.Replace(courier, `"t"`, `"`+strings.Repeat("t", verifier.MaxCredential+1)+`"`, 1), "", "r"},
		{"an ambiguous body", bts().Login, 200, strings.Replace(courier, `{"status"`, `{"STATUS":false,"status"`, 1), "", ""},
		{"no body", bts().Login, 200, "", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			token, refresh := c.login.Read(c.status, []byte(c.body))
			if token != c.token || refresh != c.refresh {
				t.Errorf("token %.20q, refresh token %.20q; want %q, %q", token, refresh, c.token, c.refresh)
			}
		})
	}
}
