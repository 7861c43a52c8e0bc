package apis

import (
	"encoding/hex"
	"net/http"
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

// thammasat is Thammasat University's account API (document: TU account API).
// Quota: 1,000 requests an hour and key. It documents no lifetime.
func thammasat() *API {
	return &API{
		Name:           "thammasat",
		Kinds:          []verifier.Kind{verifier.ApplicationKey, verifier.Basic},
		Path:           "/api/v1/auth/Ad/verify",
		Method:         http.MethodPost,
		Lifetime:       time.Hour,
		Quota:          verifier.Rate{Calls: 1000, Period: time.Hour},
		QuotaPerKey:    true,
		Rows:           thammasatRows(),
		Headers:        thammasatHeaders(),
		ExtraFields:    []string{"username", "tu_status", "statusid"},
		Variant:        thammasatVariant,
		NeedsCanary:    func(s Settings) bool { return thammasatVariant(s) == bareVariant },
		Request:        thammasatRequest,
		Classify:       thammasatClassify,
		Identify:       thammasatIdentify,
		CopyMessage:    thammasatCopyMessage,
		FakeCredential: thammasatFake,
		RejectsFake:    thammasatRejectsFake,
		Hint:           thammasatHint,
		RejectsAccount: thammasatRejectsAccount,
		Message:        thammasatMessage,
		Body: func(d verifier.Denial) string {
			return `{"status":false,"message":` + strictjson.Quote(d.Message) + `}`
		},
	}
}

const (
	thammasatNoKey   = `Application-Key header required. Must follow the scheme, "Application-Key: ACCESS TOKEN"`
	thammasatBadKey  = "Application-Key Invalid!"
	thammasatBadUser = "Users or Password Invalid!"
	thammasatNoPost  = "Request body using a POST operation (HTTP method)!"
)

func thammasatRows() []Row {
	return []Row{
		{Name: "server error", HTTP: "5xx 3xx", Meaning: Outage},
		{Name: "quota spent", HTTP: "429", Meaning: RateLimited},
		{Name: "account good", HTTP: "200", Flag: "true", Variants: "account probe basic", Meaning: Valid},
		{Name: "account refused", HTTP: "200", Flag: "false", Variants: "account basic", Meaning: Denied, Status: 401, Message: thammasatBadUser},
		{Name: "probe account refused", HTTP: "200", Flag: "false", Variants: "probe", Meaning: Misconfigured},
		{Name: "key good, no account sent", HTTP: "400", Flag: "false", Code: "Body no data*", Variants: "bare", Meaning: Valid},
		{Name: "account did not arrive", HTTP: "400", Code: "Body no data*", Variants: "account probe basic", Meaning: Outage},
		{Name: "method refused", HTTP: "400", Code: thammasatNoPost, Meaning: Misconfigured},
		{Name: "account refused with 400", HTTP: "400", Flag: "false none", Code: "*", Variants: "account basic", Meaning: Denied, Status: 401, Message: thammasatBadUser},
		{Name: "probe account refused with 400", HTTP: "400", Flag: "false none", Code: "*", Variants: "probe", Meaning: Misconfigured},
		{Name: "key missing", HTTP: "401", Variants: "bare probe account", Meaning: Denied, Status: 401, Message: thammasatNoKey},
		{Name: "operator's key missing", HTTP: "401", Variants: "basic", Meaning: Misconfigured},
		{Name: "key refused", HTTP: "403", Code: thammasatBadKey, Variants: "bare probe account", Meaning: Denied, Status: 403, Message: thammasatBadKey},
		{Name: "operator's key refused", HTTP: "403", Code: thammasatBadKey, Variants: "basic", Meaning: Misconfigured},
		{Name: "not authorized", HTTP: "403", Meaning: Denied, Status: 403},
	}
}

func thammasatHeaders() []HeaderField {
	return []HeaderField{
		{"Api", "api"}, {"User", "user"}, {"Name", "name"}, {"Name-Th", "name_th"},
		{"Email", "email"}, {"Type", "type"}, {"Department", "department"},
		{"Faculty", "faculty"}, {"Organization", "organization"}, {"Expires", "expires"},
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

func thammasatRequest(c verifier.Credential, s Settings) transport.Request {
	key, user, password := c.Token, c.User, c.Password
	if s.Kind == verifier.Basic {
		key = s.Key
	}
	if s.Probe != nil {
		user, password = s.Probe.User, s.Probe.Password
	}
	q := transport.Request{Header: http.Header{verifier.KeyHeader: {key}}}
	if thammasatVariant(s) != bareVariant {
		q.Body = `{"UserName":` + strictjson.Quote(user) + `,"PassWord":` + strictjson.Quote(password) + `}`
	}
	return q
}

func thammasatClassify(r transport.Response) (flag, code string) {
	flag = r.Body.Field("status").Bool()
	code = r.Body.Field("message").TextOf(strictjson.Text)
	return flag, code
}

var (
	thammasatUser    = []member{{"user", "username"}}
	thammasatAccount = []member{{"user", "account"}}
	thammasatMembers = []member{
		{"name", "displayname_en"}, {"name_th", "displayname_th"}, {"email", "email"}, {"type", "type"}, {"department", "department"},
		{"faculty", "faculty"}, {"organization", "organization"}, {"username", "username"}, {"tu_status", "tu_status"}, {"statusid", "statusid"},
	}
)

// thammasatIdentify reads the account. A key alone, and a key with the operator's own
// probe account, say nothing about the caller.
func thammasatIdentify(r transport.Response, c verifier.Credential, s Settings) (id verifier.Identity, defect string) {
	variant := thammasatVariant(s)
	if variant == bareVariant || variant == probeVariant {
		return nil, ""
	}
	fields := newFieldSet()
	account := &strictjson.Value{Kind: strictjson.Text, Text: strings.ToLower(c.User)} // as the client gave it
	fields.add(r.Body, thammasatUser)
	fields.add(&strictjson.Value{Fields: map[string]*strictjson.Value{"account": account}}, thammasatAccount)
	fields.add(r.Body, thammasatMembers)
	if !fields.has["user"] {
		return nil, "a valid account without a user"
	}
	return fields.fields, ""
}

func thammasatCopyMessage(r transport.Response, d verifier.Denial) verifier.Denial {
	return copyMessage(d, r.Body.Field("message"))
}

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

// thammasatRejectsFake: the bare variant takes a 400 for a valid key, so it works only
// where an invalid one gets the documented 403.
func thammasatRejectsFake(d verifier.Denial, s Settings) bool {
	return d.HTTP == http.StatusForbidden || (thammasatVariant(s) != bareVariant && rejectsFake(d, s))
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
