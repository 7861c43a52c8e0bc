package apis

import (
	"net/http"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// edges are replies of what stands before an API: gateways, firewalls, frameworks. Each
// holds marker where it has words of its own.
var edges = []string{
	`{"message":"No API key found in request ` + marker + `"}`,                                         // Kong
	`{"message":"Invalid authentication credentials ` + marker + `","request_id":"1"}`,                 // Kong 3
	`{"message":"API rate limit exceeded ` + marker + `"}`,                                             // Kong
	`{"message":"Forbidden ` + marker + `"}`,                                                           // AWS
	`{"Message":"User is not authorized to access this resource ` + marker + `"}`,                      // AWS
	`{"message":"Missing Authentication Token ` + marker + `"}`,                                        // AWS
	`{"success":false,"errors":[{"code":10000,"message":"` + marker + `"}],"messages":[],"result":{}}`, // Cloudflare
	`{"timestamp":"2026-01-01T00:00:00.000+00:00","status":403,"error":"` + marker + `","path":"/"}`,   // Spring
	`{"timestamp":1,"status":401,"error":"Unauthorized","message":"` + marker + `","path":"/"}`,        // Spring
	`{"type":"https://tools.ietf.org/html/rfc7235","title":"` + marker + `","status":401,"traceId":"00"}`,
	`{"title":"Access denied ` + marker + `","status":403}`,
	`{"type":"about:blank","title":"` + marker + `","status":422,"detail":"` + marker + `","errors":{}}`,
	`{"statusCode":401,"message":"` + marker + `"}`,                  // Azure
	`{"error":{"code":"401","message":"` + marker + `"}}`,            // Azure, OData
	`{"code":16,"message":"` + marker + `","details":[]}`,            // gRPC gateway, ESP
	`{"detail":"` + marker + `"}`,                                    // FastAPI, Django
	`{"detail":"` + marker + `","code":"token_not_valid"}`,           // Django
	`{"errors":[{"message":"` + marker + `","path":["a"]}]}`,         // GraphQL
	`{"data":null,"errors":[{"message":"` + marker + `"}]}`,          // GraphQL
	`{"error":"invalid_token","error_description":"` + marker + `"}`, // OAuth
	`{"name":"NotAuthenticated","message":"` + marker + `","code":401,"className":"not-authenticated"}`,
	`{"fault":{"faultstring":"` + marker + `","detail":{"errorcode":"x"}}}`, // Apigee
	`{"incident_id":"1","error":"` + marker + `"}`,
	`{"status":0,"message":"` + marker + `"}`,
	`{"status":"failed","message":"` + marker + `","code":"401"}`,
	`{"Status":false,"Message":"` + marker + `"}`,
	`{"result":false,"message":"` + marker + `"}`,
	`{}`,
}

// almost are replies in an API's own words whose marks are of another type, or in another
// case.
var almost = []string{
	`{"status":"false","message":"` + marker + `"}`,
	`{"status":false,"message":["` + marker + `"]}`,
	`{"status":false,"message":null,"status_code":"401"}`,
	`{"status":false,"STATUS_CODE":401,"Message":"` + marker + `"}`,
	`{"STATUS":false,"status_Code":401,"text":"` + marker + `"}`,
	`{"name":"Unauthorized","message":"` + marker + `","code":0,"status":"401"}`,
	`{"name":"Unauthorized","message":"` + marker + `","code":0,"status":401.0}`,
	`{"name":"Unauthorized","message":"` + marker + `","code":0,"status":4.01e2}`,
	`{"name":"Unauthorized","message":"` + marker + `","code":0,"status":500}`,
	`{"name":null,"message":"` + marker + `","status":401}`,
	`{"name":["Unauthorized"],"message":"` + marker + `","status":401}`,
	`{"Name":"Unauthorized","message":"` + marker + `","status":401}`,
	`{"meta":{"status":"false","message":"` + marker + `","message_code":"400-1"}}`,
	`{"meta":{"status":0,"message":"` + marker + `","message_code":"400-1"}}`,
	`{"meta":{"status":true,"message":"` + marker + `","message_code":"400-1"}}`,
	`{"meta":{"message":"` + marker + `","message_code":"400-1"}}`,
	`{"meta":{"status":false,"message":"` + marker + `","message_code":400}}`,
	`{"meta":{"status":false,"message":"` + marker + `","message_code":""}}`,
	`{"meta":[{"status":false,"message":"` + marker + `","message_code":"400-1"}]}`,
	`{"Meta":{"status":false,"message":"` + marker + `","message_code":"400-1"}}`,
	`{"errors":{"a":"` + marker + `"}}`,
	`{"errors":[["` + marker + `"]]}`,
	`{"IsSuccess":"false","Msg":{"Code":-102,"Msg":"` + marker + `"}}`,
	`{"IsSuccess":false,"Msg":{"Code":null,"Msg":"` + marker + `"}}`,
	`{"IsSuccess":false,"Msg":{"Code":"-102","Msg":"` + marker + `"}}`,
	`{"IsSuccess":false,"Msg":{"code":-102,"Msg":"` + marker + `"}}`,
	`{"isSuccess":false,"Msg":{"Code":-102,"Msg":"` + marker + `"}}`,
	`{"IsSuccess":false,"Msg":[{"Code":-102,"Msg":"` + marker + `"}]}`,
	`{"IsSuccess":true,"Msg":{"Code":-102,"Msg":"` + marker + `"}}`,
	`{"status":"error","message":"` + marker + `","code":"401"}`,
	`{"status":"error","message":"` + marker + `","code":null}`,
	`{"status":"Error","message":"` + marker + `","code":401}`,
}

// everyWay is each way to ask each API.
func everyWay() []*Upstream {
	var all []*Upstream
	for _, api := range All() {
		for _, kind := range api.Kinds {
			all = append(all, NewUpstream(api, Settings{Kind: kind}, nil))
		}
		if api.Name == "thammasat" {
			all = append(all, NewUpstream(api, Settings{Kind: verifier.ApplicationKey, Account: true}, nil),
				NewUpstream(api, Settings{Kind: verifier.ApplicationKey, Probe: &Account{User: "u", Password: "p"}}, nil))
		}
	}
	return all
}

func TestStrangers(t *testing.T) {
	words := append(append([]string{}, edges...), almost...)

	t.Run("a stranger's reply is no answer to any question, and proves nothing", func(t *testing.T) {
		for _, u := range everyWay() {
			for _, body := range words {
				for _, status := range []int{200, 202, 400, 401, 402, 403, 404, 405, 406, 407, 409, 410, 412, 418, 421, 422, 423, 426, 428, 431, 451, 499, 511, 999} {
					response := responseOf(status, body)
					if response.Body == nil {
						t.Fatalf("%s: no object", body)
					}
					d, err := u.Interpret(response, verifier.Credential{Kind: u.settings.Kind, Token: "0123456789"})
					if isDocumented(u, status, body) {
						continue
					}
					if err == nil || d.Allowed || d.Denial.Unknown || d.Denial.Reason != verifier.Unavailable || d.Denial.Code != "" || holdsMarker(d.Denial) {
						t.Errorf("%s, %s, %d %s: %+v (%v)", u.api.Name, u.variant, status, body, d, err)
					}
				}
			}
		}
	})

	t.Run("of a 429 nothing but the status and the wait is shown, unless it is the API's own", func(t *testing.T) {
		for _, u := range everyWay() {
			for _, body := range words {
				response := responseOf(http.StatusTooManyRequests, body)
				response.RetryAfter = "7"
				d, err := u.Interpret(response, verifier.Credential{Kind: u.settings.Kind, Token: "0123456789"})
				if err != nil || d.Denial.Reason != verifier.Throttled || d.Denial.RetryAfter.Seconds() != 7 || d.Denial.Unknown {
					t.Errorf("%s, %s: %+v (%v)", u.api.Name, body, d, err)
				}
				if !u.api.Marked(response) && (d.Denial.Code != "" || holdsMarker(d.Denial)) {
					t.Errorf("%s, %s: the client gets %+v", u.api.Name, body, d.Denial)
				}
			}
		}
	})
}

// isDocumented tells whether a reply with a status of success happens to be an API's own,
// by its documents: a flag or a code is all that they ask for there.
func isDocumented(u *Upstream, status int, body string) bool {
	own := map[string]string{"ippanel": `"message_code":"400-1"`, "webservice": `"IsSuccess":true`, "thammasat": `"status":false`}[u.api.Name]
	return status < 300 && own != "" && strings.Contains(body, own)
}

func holdsMarker(d verifier.Denial) bool {
	return strings.Contains(d.Message+d.Errors+d.Code, marker)
}
