package apis

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strconv"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/jwt"
	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// bts is BTS's courier API (document: BTS login). Its tokens are RS256 JWTs of 24
// hours. No documented call verifies one, so the operator names a small protected GET.
func bts() *API {
	return &API{
		Name:           "bts",
		Kinds:          []verifier.Kind{verifier.Bearer},
		Method:         http.MethodGet,
		Lifetime:       24 * time.Hour,
		JWT:            true,
		Login:          &Login{Paths: []string{"/auth/login", "/auth/refresh"}, SelfContained: true, TokensIn: btsTokensIn},
		Rows:           btsRows(),
		Headers:        []HeaderField{{"Api", "api"}, {"User", "user"}, {"Id", "id"}, {"Name", "name"}, {"Email", "email"}, {"Expires", "expires"}},
		OpenFields:     true,
		Documented:     btsCode,
		Classify:       btsClassify,
		Identify:       btsIdentify,
		CopyMessage:    btsCopyMessage,
		FakeCredential: btsFake,
		Hint:           func(_ Settings) string { return "path answers without a good token: name one that needs it" },
		Message:        btsMessage,
		Body:           btsBody,
	}
}

func btsRows() []Row {
	return []Row{
		{Name: "server error", HTTP: "5xx", Meaning: Outage},
		{Name: "too many requests", HTTP: "429", Meaning: RateLimited},
		{Name: "status true", HTTP: "2xx", Flag: "true", Meaning: Valid},
		{Name: "data alone", HTTP: "2xx", Flag: "none", Code: btsDataAlone, Meaning: Valid},
		{Name: "status_code 400", HTTP: "2xx", Flag: "false", Code: "400", Meaning: Denied, Status: 400},
		{Name: "status_code 401", HTTP: "2xx", Flag: "false", Code: "401", Meaning: Denied, Status: 401},
		{Name: "status_code 403", HTTP: "2xx", Flag: "false", Code: "403", Meaning: Denied, Status: 403},
		{Name: "status_code 422", HTTP: "2xx", Flag: "false", Code: "422", Meaning: Denied, Status: 422},
		{Name: "status_code 429", HTTP: "2xx", Flag: "false", Code: "429", Meaning: RateLimited},
		{Name: "status 401", HTTP: "401", Meaning: Denied, Status: 401},
		{Name: "status 403", HTTP: "403", Meaning: Denied, Status: 403},
		{Name: "status 422", HTTP: "422", Meaning: Denied, Status: 422},
		{Name: "wrong path", HTTP: "3xx 404 405", Meaning: Misconfigured},
	}
}

// btsDataAlone is the code of a response without a status whose data is an object or
// an array: some of the API's calls answer so.
const btsDataAlone = "data alone"

func btsClassify(r transport.Response) (flag, code string) {
	flag = r.Body.Field("status").Bool()
	code = r.Body.Field("status_code").TextOf(strictjson.Number)
	data := r.Body.Field("data")
	if flag == "" && (data.IsKind(strictjson.Object) || data.IsKind(strictjson.Array)) {
		code = btsDataAlone
	}
	return flag, code
}

// btsTokensIn also returns the refresh token: it is a JWT too, and no credential.
func btsTokensIn(r transport.Response) (token, refresh string) {
	if r.Body.Field("status").Bool() != "true" {
		return "", ""
	}
	data := r.Body.Field("data")
	token = data.Field("access_token").TextOf(strictjson.Text)
	refresh = data.Field("refresh_token").TextOf(strictjson.Text)
	return token, refresh
}

var btsMembers = []member{{"user", "sub"}, {"id", "jti"}, {"name", "name"}, {"email", "email"}}

// btsIdentify reads the token's own claims, which the upstream has confirmed by now. A
// token that is no JWT is valid without an identity.
func btsIdentify(_ transport.Response, c verifier.Credential, _ Settings) (id verifier.Identity, defect string) {
	claims := jwt.Claims(c.Token)
	fields := newFieldSet()
	fields.add(claims, btsMembers)
	fields.addRest(claims, btsMembers)
	return fields.fields, ""
}

func btsCopyMessage(r transport.Response, d verifier.Denial) verifier.Denial {
	d = copyMessage(d, r.Body.Field("message"))
	return copyErrors(d, r.Body.Field("errors"))
}

// btsCode tells whether a code is one of the status codes that a body may carry.
func btsCode(code string) bool {
	return containsWord("400 401 403 422 429", code)
}

// btsFake is a well-formed, unexpired JWT whose signature is random.
func btsFake(random []byte, now time.Time, s Settings) verifier.Credential {
	header := `{"typ":"JWT","alg":"RS256"}`
	claims := `{"sub":"` + hex.EncodeToString(random[256:264]) +
		`","jti":"` + hex.EncodeToString(random[264:280]) +
		`","iat":` + strconv.FormatInt(now.Unix()-60, 10) +
		`,"exp":` + strconv.FormatInt(now.Unix()+3600, 10) + `}`
	encoding := base64.RawURLEncoding
	token := encoding.EncodeToString([]byte(header)) + "." +
		encoding.EncodeToString([]byte(claims)) + "." +
		encoding.EncodeToString(random[:256])
	return verifier.Credential{Kind: s.Kind, Token: token}
}

func btsMessage(reason verifier.Reason) string {
	if reason == verifier.Missing {
		return "Authorization header required."
	}
	return ""
}

func btsBody(d verifier.Denial) string {
	status := strconv.Itoa(d.Status)
	if d.Status == http.StatusUnprocessableEntity {
		errors := d.Errors
		if errors == "" {
			errors = "{}"
		}
		return `{"status":false,"message":` + strictjson.Quote(d.Message) + `,"status_code":` + status + `,"errors":` + errors + `}`
	}
	body := `{"name":` + strictjson.Quote(http.StatusText(d.Status)) + `,"message":` + strictjson.Quote(d.Message) + `,"code":0,"status":` + status
	if d.Status == http.StatusUnauthorized {
		body += `,"type":"app\\exceptions\\ApiUnauthorizedException"`
	}
	return body + "}"
}
