package apis

import (
	"encoding/hex"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// The variants of the account API's one call. The bare variant sends no account, and
// verifies the key alone; the probe variant sends the operator's account.
const (
	bareVariant    = "bare"
	accountVariant = "account"
	probeVariant   = "probe"
	basicVariant   = "basic"
)

// thammasat is Thammasat University's account API (document: TU account API; its
// address and path, the fields username, tu_status and statusid, and the 400 for a wrong
// password are the public API's). Quota: 1,000 requests an hour and key. It documents
// no lifetime.
func thammasat() *API {
	return &API{
		Name:           "thammasat",
		Kinds:          []verifier.Kind{verifier.ApplicationKey, verifier.Basic},
		Path:           "/api/v1/auth/Ad/verify",
		Method:         http.MethodPost,
		Lifetime:       time.Hour,
		Quota:          verifier.Rate{Calls: 1000, Period: time.Hour},
		QuotaBy:        verifier.QuotaByKey,
		Rows:           thammasatRows(),
		Headers:        thammasatHeaders(),
		ExtraFields:    []string{"username", "tu_status", "statusid"},
		Variant:        thammasatVariant,
		NeedsCanary:    func(s Settings) bool { return thammasatVariant(s) == bareVariant },
		Anonymous:      thammasatAnonymous,
		Request:        thammasatRequest,
		Classify:       thammasatClassify,
		Marked:         thammasatMarked,
		Identify:       thammasatIdentify,
		CopyMessage:    thammasatCopyMessage,
		FakeCredential: thammasatFake,
		Hint:           thammasatHint,
		RejectsAccount: thammasatRejectsAccount,
		Message:        thammasatMessage,
		Body: func(d verifier.Denial) string {
			return `{"status":false,"message":` + strictjson.Quote(d.Message) + `}`
		},
	}
}

// The texts of the document TU account API.
const (
	thammasatNoKey   = `Application-Key header required. Must follow the scheme, "Application-Key: ACCESS TOKEN"`
	thammasatBadKey  = "Application-Key Invalid!"
	thammasatBadUser = "Users or Password Invalid!"
	thammasatNoPost  = "Request body using a POST operation (HTTP method)!"
	thammasatNoBody  = "Body no data! Request body {user / pass}"

	// Its descriptions of a 401 and a 403 in general.
	thammasatNoToken       = "Valid channel access token is not specified"
	thammasatNotAuthorized = "Not authorized to access the resource. Confirm that your account or plan is authorized to access the resource."
)

// thammasatTexts are the messages that mark a response as the API's own.
var thammasatTexts = map[string]bool{
	thammasatNoKey: true, thammasatBadKey: true, thammasatBadUser: true, thammasatNoPost: true, thammasatNoBody: true,
	thammasatNoToken: true, thammasatNotAuthorized: true,
}

// thammasatAboutKey is found in messages about a key, or about what was bought with it,
// and not about an account.
var thammasatAboutKey = regexp.MustCompile(`(?i)\b(application|app|api|access|subscription)[ _-]?(keys?|tokens?)\b|\bplans?\b|\bquotas?\b|\bsubscriptions?\b|\brate[ -]limit`)

// thammasatRows are the responses of the document TU account API, by the variant of the
// call. Where the operator's own key or account is sent, its denial says nothing about
// the client: the settings are wrong. With a key of the client's, only the refusal of the
// key shows that keys are checked: one of the account shows that accounts are.
func thammasatRows() []Row {
	return []Row{
		{Name: "server error", HTTP: "5xx 3xx", Meaning: Outage},
		{Name: "quota spent", HTTP: "429", Meaning: RateLimited},
		{Name: "account valid", HTTP: "200", Flag: "true", Variants: "account probe basic", Meaning: Valid},
		{Name: "operator's key refused in words", HTTP: "200 400", Flag: "false none", Code: "*", Mentions: thammasatAboutKey, Variants: "basic", Meaning: Misconfigured, Correct: "$applicationKey"},
		{Name: "account refused", HTTP: "200", Flag: "false", Variants: "account basic", Meaning: Denied, Status: 401, Message: thammasatBadUser, Unknown: basicVariant},
		{Name: "probe account refused", HTTP: "200", Flag: "false", Variants: "probe", Meaning: Misconfigured, Correct: "$probe"},
		{Name: "key valid, no account sent", HTTP: "400", Flag: "false", Code: "Body no data*", Variants: "bare", Meaning: Valid},
		{Name: "account did not arrive", HTTP: "400", Code: "Body no data*", Variants: "account probe basic", Meaning: Outage},
		{Name: "method refused", HTTP: "400", Code: thammasatNoPost, Meaning: Misconfigured, Correct: "$method"},
		{Name: "account refused with 400", HTTP: "400", Flag: "false none", Code: "*", Variants: "account basic", Meaning: Denied, Status: 401, Message: thammasatBadUser, Unknown: basicVariant},
		{Name: "probe account refused with 400", HTTP: "400", Flag: "false none", Code: "*", Variants: "probe", Meaning: Misconfigured, Correct: "$probe"},
		{Name: "key missing", HTTP: "401", Variants: "bare probe account", Meaning: Denied, Status: 401, Message: thammasatNoKey},
		{Name: "operator's key missing", HTTP: "401", Variants: "basic", Meaning: Misconfigured, Unmarked: true, Correct: "$applicationKey"},
		{Name: "key refused", HTTP: "403", Code: thammasatBadKey, Variants: "bare probe account", Meaning: Denied, Status: 403, Message: thammasatBadKey, Unknown: everyVariant},
		{Name: "operator's key refused", HTTP: "403", Variants: "basic", Meaning: Misconfigured, Unmarked: true, Correct: "$applicationKey"},
		{Name: "not authorized", HTTP: "403", Variants: "bare probe account", Meaning: Denied, Status: 403},
	}
}

func thammasatHeaders() []HeaderField {
	return []HeaderField{
		{"Api", "api"},
		{"User", "user"},
		{"Name", "name"},
		{"Name-Th", "name_th"},
		{"Email", "email"},
		{"Type", "type"},
		{"Department", "department"},
		{"Faculty", "faculty"},
		{"Organization", "organization"},
		{"Expires", "expires"},
	}
}

func thammasatVariant(s Settings) string {
	if s.Kind == verifier.Basic {
		return basicVariant
	}
	if s.Account {
		return accountVariant
	}
	if s.Probe != nil {
		return probeVariant
	}
	return bareVariant
}

// thammasatRequest is the document's one call: the key in a header, the account in the
// body. The bare variant sends no body at all, which makes the API name it as missing; the
// document lists the type among its headers, so that call has it, too.
func thammasatRequest(c verifier.Credential, s Settings) transport.Request {
	key, user, password := c.Token, c.User, c.Password
	if s.Kind == verifier.Basic {
		key = s.Key
	}
	if s.Probe != nil {
		user, password = s.Probe.User, s.Probe.Password
	}
	request := transport.Request{Header: http.Header{verifier.KeyHeader: {key}, "Content-Type": {"application/json"}}}
	if thammasatVariant(s) != bareVariant {
		request.Body = `{"UserName":` + strictjson.Quote(user) + `,"PassWord":` + strictjson.Quote(password) + `}`
	}
	return request
}

// thammasatClassify: the document has no codes, so the message takes their place.
func thammasatClassify(r transport.Response) (flag, code string) {
	flag = r.Body.Field("status").Bool()
	code = r.Body.Field("message").TextOf(strictjson.Text)
	return flag, code
}

// thammasatMarked: a denial has the status false and a message, or one of the document's
// own texts.
func thammasatMarked(r transport.Response) bool {
	flag, message := thammasatClassify(r)
	return (flag == "false" && message != "") || thammasatTexts[message]
}

var (
	thammasatUser    = []member{{"user", "username"}}
	thammasatAccount = []member{{"user", "account"}}
	thammasatMembers = []member{
		{"name", "displayname_en"},
		{"name_th", "displayname_th"},
		{"email", "email"},
		{"type", "type"},
		{"department", "department"},
		{"faculty", "faculty"},
		{"organization", "organization"},
		{"username", "username"},
		{"tu_status", "tu_status"},
		{"statusid", "statusid"},
	}
)

// thammasatAnonymous: of a key alone, or with the operator's own probe account, the
// response is not about the caller.
func thammasatAnonymous(s Settings) bool {
	variant := thammasatVariant(s)
	return variant == bareVariant || variant == probeVariant
}

// thammasatIdentify reads the account.
func thammasatIdentify(r transport.Response, c verifier.Credential, s Settings) (decision verifier.Decision, defect string) {
	if thammasatAnonymous(s) {
		return allowed(nil), ""
	}
	if name := r.Body.Field("username"); name != nil && name.Unclear {
		return decision, "a valid account whose username has half of a surrogate pair"
	}
	// The response's username, or else the account that the client has proven.
	fields := newFieldSet()
	account := strictjson.NewObject(map[string]interface{}{"account": strings.ToLower(c.User)}) // what the client sent
	fields.add(r.Body, thammasatUser)
	fields.add(account, thammasatAccount)
	fields.add(r.Body, thammasatMembers)
	if !fields.has["user"] {
		return decision, "a valid account without a user"
	}
	return allowed(fields.identity()), ""
}

func thammasatCopyMessage(r transport.Response, _ *Row, d verifier.Denial) verifier.Denial {
	return CopyMessage(d, r.Body.Field("message"))
}

// thammasatFake has what a client sends in that variant: a key, an account, or both.
func thammasatFake(random []byte, _ time.Time, s Settings) verifier.Credential {
	c := verifier.Credential{Kind: s.Kind}
	if s.Kind != verifier.Basic {
		c.Token = hex.EncodeToString(random[:32])
	}
	if s.Kind == verifier.Basic || s.Account {
		c.User = hex.EncodeToString(random[32:48])
		c.Password = hex.EncodeToString(random[48:64])
	}
	return c
}

// thammasatRejectsAccount: accounts are denied within a 200 or a 400; a 401 and a 403
// are about the key.
func thammasatRejectsAccount(d verifier.Denial) bool {
	return d.Reason == verifier.Invalid && d.HTTP != http.StatusUnauthorized
}

func thammasatHint(s Settings) string {
	if thammasatVariant(s) == bareVariant {
		return "this server reads the body before the key, so a key alone cannot be checked: set probe or account"
	}
	return "correct url or path"
}

func thammasatMessage(reason verifier.Reason) string {
	if reason == verifier.Missing {
		return thammasatNoKey
	}
	return ""
}
