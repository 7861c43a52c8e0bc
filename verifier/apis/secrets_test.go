package apis

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/verifier"
)

func TestSecrets(t *testing.T) {
	settings := Settings{Key: "operator/key+of=16", LoginSecret: "login-secret-0123456789", Probe: &Account{User: "prober", Password: `pr"obe\<pass>`}}
	c := verifier.Credential{Token: "tökén-of-the-client", User: "somchai", Password: "p&ss wörd"}
	definition := &API{Secrets: []string{"client/secret+of=16"}}
	held := operatorSecrets(definition, settings).with(c)

	t.Run("a text that holds a secret is found in every spelling", func(t *testing.T) {
		for _, secret := range []string{settings.Key, settings.LoginSecret, settings.Probe.User, settings.Probe.Password, definition.Secrets[0], c.Token, c.Password} {
			everyByte := ""
			for _, b := range []byte(secret) {
				everyByte += fmt.Sprintf("%%%02X", b)
			}
			quoted, _ := json.Marshal(secret)
			twice, _ := json.Marshal(string(quoted))
			for name, spelled := range map[string]string{
				"as it is": secret, "in capitals": strings.ToUpper(secret), "in a query": url.QueryEscape(secret), "in a path": url.PathEscape(secret),
				"every byte in percent": everyByte, "beside another percent sign": "100% " + everyByte, "JSON": string(quoted), "JSON twice": string(twice),
				"as PHP writes it": strings.ReplaceAll(secret, "/", `\/`), "HTML": html.EscapeString(secret),
				"base64": base64.StdEncoding.EncodeToString([]byte(secret)), "base64 of a URL": base64.RawURLEncoding.EncodeToString([]byte(secret)),
				"base64 behind one byte": base64.StdEncoding.EncodeToString([]byte(":" + secret + ":")), "base64 behind two": base64.RawURLEncoding.EncodeToString([]byte("a:" + secret)),
				"base64 behind eight": base64.StdEncoding.EncodeToString([]byte("somchai:" + secret + "!!")),
			} {
				if text := "refused: " + spelled + "."; !held.isSecret(text) {
					t.Errorf("%q, %s: %q", secret, name, text)
				}
			}
		}
	})

	t.Run("the beginning or the end of a long one is found, and of a short one it is not", func(t *testing.T) {
		for text, want := range map[string]bool{
			"key operator…": true, "key OPERATOR": true, "key …ey+of=16": true, "key operato…": false, "token tökén-of…": true, "token tökén-o…": false,
			"…e-client": true, "pr\"o": false, "p&ss w": false, "prob": false,
		} {
			if got := held.isSecret(text); got != want {
				t.Errorf("%q: %v", text, got)
			}
		}
	})

	t.Run("other texts are copied", func(t *testing.T) {
		for _, text := range []string{"", "Users or Password Invalid!", "100% wrong", "%", "%zz", "\x00%41", "somchai", "ผู้ใช้งานหรือรหัสผ่านไม่ถูกต้อง", strings.Repeat("x", 4096)} {
			if held.isSecret(text) {
				t.Errorf("%.40q", text)
			}
		}
		if secrets(nil).with(verifier.Credential{}).isSecret("anything") {
			t.Error("no secret is found in anything")
		}
	})
}
