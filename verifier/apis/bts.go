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

// bts is BTS's courier API (document: BTS login; /auth/refresh and responses with data
// alone are from public integrations). Its tokens are RS256 JWTs of 24 hours. No
// documented call verifies one, so the operator names a small protected GET.
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
		Marked:         btsMarked,
		Identify:       btsIdentify,
		CopyMessage:    btsCopyMessage,
		FakeCredential: btsFake,
		Hint:           func(_ Settings) string { return "path answers without a valid token: name one that requires it" },
		Message:        btsMessage,
		Body:           btsBody,
	}
}

// btsRows are the responses to a protected call, by the document BTS login.
func btsRows() []Row {
	return []Row{
		{Name: "server error", HTTP: "5xx", Meaning: Outage},
		{Name: "too many requests", HTTP: "429", Meaning: RateLimited},
		{Name: "status true", HTTP: "2xx", Flag: "true", Meaning: Valid},
		{Name: "data alone", HTTP: "2xx", Flag: "none", Code: btsDataAlone, Meaning: Valid},
		{Name: "status_code 400", HTTP: "2xx", Flag: "false", Code: "400", Meaning: Denied, Status: 400},
		{Name: "status_code 401", HTTP: "2xx", Flag: "false", Code: "401", Meaning: Denied, Status: 401, Unknown: everyVariant},
		{Name: "status_code 403", HTTP: "2xx", Flag: "false", Code: "403", Meaning: Denied, Status: 403},
		{Name: "status_code 422", HTTP: "2xx", Flag: "false", Code: "422", Meaning: Denied, Status: 422},
		{Name: "status_code 429", HTTP: "2xx", Flag: "false", Code: "429", Meaning: RateLimited},
		{Name: "status 401", HTTP: "401", Meaning: Denied, Status: 401, Unknown: everyVariant},
		{Name: "status 403", HTTP: "403", Meaning: Denied, Status: 403},
		{Name: "status 422", HTTP: "422", Meaning: Denied, Status: 422},
		{Name: "wrong path", HTTP: "3xx 404 405", Meaning: Misconfigured, Correct: "$path"},
	}
}

// btsDataAlone is the code of a response that has no status, and an object or an array
// as its data: some of the API's calls respond so.
const btsDataAlone = "data alone"

// btsClassify: the flag is status, the code is status_code.
func btsClassify(r transport.Response) (flag, code string) {
	flag = r.Body.Field("status").Bool()
	code = r.Body.Field("status_code").TextOf(strictjson.Number)
	data := r.Body.Field("data")
	if flag == "" && (data.IsKind(strictjson.Object) || data.IsKind(strictjson.Array)) {
		code = btsDataAlone
	}
	return flag, code
}

// btsMarked: the document shows two shapes of a denial. One has a name, and the HTTP
// status as its status; the other has the status false and a status_code.
func btsMarked(r transport.Response) bool {
	status := r.Body.Field("status")
	if status.Bool() == "false" {
		return r.Body.Field("status_code").IsKind(strictjson.Number)
	}
	return r.Body.Field("name").TextOf(strictjson.Text) != "" && status.TextOf(strictjson.Number) == strconv.Itoa(r.Status)
}

// btsTokensIn also returns the refresh token: it is a JWT of 30 days, and no credential.
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

// btsIdentify reads the token's own claims, which the upstream has confirmed before it
// is called. A token that is no JWT is valid without an identity.
func btsIdentify(_ transport.Response, c verifier.Credential, _ Settings) (decision verifier.Decision, defect string) {
	claims := jwt.Claims(c.Token)
	fields := newFieldSet()
	fields.add(claims, btsMembers)
	fields.addRest(claims, btsMembers)
	return allowed(fields.identity()), ""
}

func btsCopyMessage(r transport.Response, _ *Row, d verifier.Denial) verifier.Denial {
	d = CopyMessage(d, r.Body.Field("message"))
	return CopyErrors(d, r.Body.Field("errors"))
}

// btsCode tells whether a code is one of the status codes that a body may carry.
func btsCode(code string) bool {
	return containsWord("400 401 403 422 429", code)
}

// btsFake is a well-formed JWT whose signature, of RS256's 256 bytes, is random. It was
// issued a minute ago and expires in an hour, so that an upstream whose clock differs
// denies it for its signature and not for its times.
func btsFake(random []byte, now time.Time, s Settings) verifier.Credential {
	return FakeJWT(random, now, s.Kind)
}

// FakeJWT makes a JWT like that, of at least 288 random bytes.
func FakeJWT(random []byte, now time.Time, kind verifier.Kind) verifier.Credential {
	header := `{"typ":"JWT","alg":"RS256"}`
	claims := `{"sub":"` + hex.EncodeToString(random[256:264]) +
		`","jti":"` + hex.EncodeToString(random[264:280]) +
		`","iat":` + strconv.FormatInt(now.Unix()-60, 10) +
		`,"exp":` + strconv.FormatInt(now.Unix()+3600, 10) + `}`
	encoding := base64.RawURLEncoding
	token := encoding.EncodeToString([]byte(header)) + "." +
		encoding.EncodeToString([]byte(claims)) + "." +
		encoding.EncodeToString(random[:256])
	return verifier.Credential{Kind: kind, Token: token}
}

// btsMessage has the one text that the document BTS login shows for a missing token.
func btsMessage(reason verifier.Reason) string {
	if reason == verifier.Missing {
		return "Authorization header required."
	}
	return ""
}

// btsBody: the document shows a 422 in one shape, and the other denials in another.
func btsBody(d verifier.Denial) string {
	status := strconv.Itoa(d.Status)
	if d.Status == http.StatusUnprocessableEntity {
		fieldErrors := d.Errors
		if fieldErrors == "" {
			fieldErrors = "{}"
		}
		return `{"status":false,"message":` + strictjson.Quote(d.Message) + `,"status_code":` + status + `,"errors":` + fieldErrors + `}`
	}
	body := `{"name":` + strictjson.Quote(http.StatusText(d.Status)) + `,"message":` + strictjson.Quote(d.Message) + `,"code":0,"status":` + status
	if d.Status == http.StatusUnauthorized {
		body += `,"type":"app\\exceptions\\ApiUnauthorizedException"`
	}
	return body + "}"
}
