package apis

import (
	"testing"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

func TestUpstreamUnknown(t *testing.T) {
	t.Run("of a 401, only what says that the credential is not known is a proof", func(t *testing.T) {
		for _, c := range []struct {
			api     func() *API
			s       Settings
			status  int
			body    string
			unknown bool
		}{
			{bts, Settings{Kind: verifier.Bearer}, 401, `{"name":"Unauthorized","status":401}`, true},
			{bts, Settings{Kind: verifier.Bearer}, 401, `{"status":false,"status_code":401}`, true},
			{bts, Settings{Kind: verifier.Bearer}, 200, `{"status":false,"status_code":401}`, true},
			{bts, Settings{Kind: verifier.Bearer}, 401, `{"status":false,"status_code":403}`, false},
			{bts, Settings{Kind: verifier.Bearer}, 403, `{"name":"Forbidden","status":403}`, false},
			{bts, Settings{Kind: verifier.Bearer}, 422, `{"status":false,"status_code":422}`, false},
			{bts, Settings{Kind: verifier.Bearer}, 401, `{"message":"no"}`, false},
			{ippanel, Settings{Kind: verifier.Bearer}, 401, `{"meta":{"status":false,"message_code":"400-1"}}`, true},
			{ippanel, Settings{Kind: verifier.Bearer}, 400, `{"meta":{"status":false,"message_code":"400-1"}}`, true},
			{ippanel, Settings{Kind: verifier.Bearer}, 401, `{"meta":{"status":false,"message_code":"401-2"}}`, true},
			{ippanel, Settings{Kind: verifier.Bearer}, 401, `{"meta":{"status":false,"message_code":"400-2"}}`, false},
			{ippanel, Settings{Kind: verifier.Bearer}, 401, `{"meta":{"status":false,"message_code":"403-1"}}`, false},
			{ippanel, Settings{Kind: verifier.Bearer}, 403, `{"meta":{"status":false,"message_code":"403-1"}}`, false},
			{webservice, Settings{Kind: verifier.Bearer}, 401, `{"status":"error","code":401}`, true},
			{webservice, Settings{Kind: verifier.Bearer}, 401, `{"IsSuccess":false,"Msg":{"Code":-102}}`, true},
			{webservice, Settings{Kind: verifier.Bearer}, 401, `{"IsSuccess":false,"Msg":{"Code":-203}}`, false},
			{webservice, Settings{Kind: verifier.Bearer}, 200, `{"IsSuccess":false,"Msg":{"Code":-104,"Msg":"x"}}`, true},
			{webservice, Settings{Kind: verifier.Bearer}, 200, `{"IsSuccess":false,"Msg":{"Code":-104,"Msg":"منقضی"}}`, false},
			{webservice, Settings{Kind: verifier.Bearer}, 200, `{"IsSuccess":false,"Msg":{"Code":-3}}`, false},
			{webservice, Settings{Kind: verifier.Bearer}, 200, `{"IsSuccess":false,"Msg":{"Code":-103}}`, false},
			{thammasat, Settings{Kind: verifier.ApplicationKey}, 403, `{"status":false,"message":"Application-Key Invalid!"}`, true},
			{thammasat, Settings{Kind: verifier.ApplicationKey}, 403, `{"status":false,"message":"other"}`, false},
			{thammasat, Settings{Kind: verifier.ApplicationKey}, 401, `{"status":false,"message":"other"}`, false},
			{thammasat, Settings{Kind: verifier.ApplicationKey, Account: true}, 403, `{"status":false,"message":"Application-Key Invalid!"}`, true},
			{thammasat, Settings{Kind: verifier.ApplicationKey, Account: true}, 400, `{"status":false,"message":"Users or Password Invalid!"}`, false},
			{thammasat, Settings{Kind: verifier.ApplicationKey, Account: true}, 200, `{"status":false,"message":"Users or Password Invalid!"}`, false},
			{thammasat, Settings{Kind: verifier.ApplicationKey, Probe: &Account{}}, 403, `{"status":false,"message":"Application-Key Invalid!"}`, true},
			{thammasat, Settings{Kind: verifier.Basic}, 400, `{"status":false,"message":"Users or Password Invalid!"}`, true},
			{thammasat, Settings{Kind: verifier.Basic}, 200, `{"status":false,"message":"no such user"}`, true},
			{thammasat, Settings{Kind: verifier.Basic}, 200, `{"status":false}`, false},
			{ippanel, Settings{Kind: verifier.Bearer}, 200, `{"meta":{"status":true,"message_code":"400-1"}}`, false},
			{ippanel, Settings{Kind: verifier.Bearer}, 404, `{"meta":{"message_code":"400-1"}}`, false},
			{thammasat, Settings{Kind: verifier.Basic}, 200, `{"status":false,"message":"Your plan has expired"}`, false},
			{thammasat, Settings{Kind: verifier.Basic}, 403, `{"status":false,"message":"Application-Key Invalid!"}`, false},
		} {
			u := NewUpstream(withDefaults(c.api()), c.s, nil)
			d, _ := u.Interpret(responseOf(c.status, c.body), verifier.Credential{Kind: c.s.Kind})
			if d.Allowed || d.Denial.Unknown != c.unknown {
				t.Errorf("%s, %s, %d %s: %+v", u.api.Name, u.variant, c.status, c.body, d)
			}
		}
	})
}

func TestRows(t *testing.T) {
	t.Run("an operator's mistake names the key to correct", func(t *testing.T) {
		for _, api := range All() {
			for _, row := range api.Rows {
				if (row.Meaning == Misconfigured) != (row.Correct != "") {
					t.Errorf("%s: %s: %q", api.Name, row.Name, row.Correct)
				}
				if row.Unmarked && row.Meaning != Misconfigured {
					t.Errorf("%s: %s denies without marks", api.Name, row.Name)
				}
			}
		}
	})
}

// responseOf is a response as package transport hands it on.
func responseOf(status int, body string) transport.Response {
	return transport.Response{Status: status, Body: strictjson.Read([]byte(body))}
}
