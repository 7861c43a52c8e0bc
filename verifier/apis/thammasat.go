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

// The checks that the TU account API's one call can make. The bare check sends
// no account and learns about the key alone; the probe sends the operator's.
const (
	bareCheck    = "bare"
	accountCheck = "account"
	probeCheck   = "probe"
	basicCheck   = "basic"
)

// thammasat is Thammasat University's account API (document: TU account API).
// Quota: 1,000 requests an hour and key. It documents no lifetime.
func thammasat() *API {
	return &API{
		Name:           "thammasat",
		Kinds:          []verifier.Kind{verifier.ApplicationKey, verifier.Basic},
		Path:           "/api/v1/auth/Ad/verify",
		Method:         http.MethodPost,
		Life:           time.Hour,
		Quota:          verifier.Rate{Calls: 1000, Period: time.Hour},
		PerKey:         true,
		Rows:           thammasatRows(),
		Headers:        thammasatHeaders(),
		MoreFields:     []string{"username", "tu_status", "statusid"},
		Check:          thammasatCheck,
		NeedsCanary:    func(s Settings) bool { return thammasatCheck(s) == bareCheck },
		Request:        thammasatRequest,
		Read:           thammasatRead,
		Identify:       thammasatIdentify,
		Relay:          thammasatRelay,
		Junk:           thammasatJunk,
		Refuses:        thammasatRefuses,
		Advice:         thammasatAdvice,
		RefusesAccount: thammasatRefusesAccount,
		Say:            thammasatSay,
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
		{Name: "server error", HTTP: "5xx 3xx", Meaning: Trouble},
		{Name: "quota spent", HTTP: "429", Meaning: Busy},
		{Name: "account good", HTTP: "200", Flag: "true", Checks: "account probe basic", Meaning: Good},
		{Name: "account refused", HTTP: "200", Flag: "false", Checks: "account basic", Meaning: Refused, Status: 401, Message: thammasatBadUser},
		{Name: "probe account refused", HTTP: "200", Flag: "false", Checks: "probe", Meaning: WrongSetting},
		{Name: "key good, no account sent", HTTP: "400", Flag: "false", Code: "Body no data*", Checks: "bare", Meaning: Good},
		{Name: "account did not arrive", HTTP: "400", Code: "Body no data*", Checks: "account probe basic", Meaning: Trouble},
		{Name: "method refused", HTTP: "400", Code: thammasatNoPost, Meaning: WrongSetting},
		{Name: "account refused with 400", HTTP: "400", Flag: "false none", Code: "*", Checks: "account basic", Meaning: Refused, Status: 401, Message: thammasatBadUser},
		{Name: "probe account refused with 400", HTTP: "400", Flag: "false none", Code: "*", Checks: "probe", Meaning: WrongSetting},
		{Name: "key missing", HTTP: "401", Checks: "bare probe account", Meaning: Refused, Status: 401, Message: thammasatNoKey},
		{Name: "operator's key missing", HTTP: "401", Checks: "basic", Meaning: WrongSetting},
		{Name: "key refused", HTTP: "403", Code: thammasatBadKey, Checks: "bare probe account", Meaning: Refused, Status: 403, Message: thammasatBadKey},
		{Name: "operator's key refused", HTTP: "403", Code: thammasatBadKey, Checks: "basic", Meaning: WrongSetting},
		{Name: "not authorized", HTTP: "403", Meaning: Refused, Status: 403},
	}
}

func thammasatHeaders() []HeaderField {
	return []HeaderField{
		{"Api", "api"}, {"User", "user"}, {"Name", "name"}, {"Name-Th", "name_th"},
		{"Email", "email"}, {"Type", "type"}, {"Department", "department"},
		{"Faculty", "faculty"}, {"Organization", "organization"}, {"Expires", "expires"},
	}
}

func thammasatCheck(s Settings) string {
	if s.Kind == verifier.Basic {
		return basicCheck
	}
	if s.Account {
		return accountCheck
	}
	if s.Probe != nil {
		return probeCheck
	}
	return bareCheck
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
	if thammasatCheck(s) != bareCheck {
		q.Body = `{"UserName":` + strictjson.Quote(user) + `,"PassWord":` + strictjson.Quote(password) + `}`
	}
	return q
}

func thammasatRead(r transport.Response) (flag, code string) {
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

// thammasatIdentify reads the account. A key alone, and the operator's own
// probe account, tell nothing about who is calling.
func thammasatIdentify(r transport.Response, c verifier.Credential, s Settings) (id verifier.Identity, flaw string) {
	check := thammasatCheck(s)
	if check == bareCheck || check == probeCheck {
		return nil, ""
	}
	who := newCollector()
	account := &strictjson.Value{Kind: strictjson.Text, Text: strings.ToLower(c.User)} // as the client gave it
	who.gather(r.Body, thammasatUser)
	who.gather(&strictjson.Value{Fields: map[string]*strictjson.Value{"account": account}}, thammasatAccount)
	who.gather(r.Body, thammasatMembers)
	if !who.taken["user"] {
		return nil, "a yes without a user"
	}
	return who.fields, ""
}

func thammasatRelay(r transport.Response, d verifier.Denial) verifier.Denial {
	return relayMessage(d, r.Body.Field("message"))
}

func thammasatJunk(random []byte, _ time.Time, s Settings) verifier.Credential {
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

// thammasatRefuses: the bare check tells a good key by a 400, so it works only
// where a bad one gets the documented 403.
func thammasatRefuses(d verifier.Denial, s Settings) bool {
	return d.HTTP == http.StatusForbidden || (thammasatCheck(s) != bareCheck && refusesJunk(d, s))
}

// thammasatRefusesAccount: accounts are refused inside a 200 or a 400; a 401 and
// a 403 are about the key.
func thammasatRefusesAccount(d verifier.Denial) bool {
	return d.Reason == verifier.Invalid && d.HTTP != http.StatusUnauthorized
}

func thammasatAdvice(s Settings) string {
	if thammasatCheck(s) == bareCheck {
		return "this server reads the body before the key, so a key alone cannot be checked: set probe or account"
	}
	return "correct url or path"
}

func thammasatSay(reason verifier.Reason) string {
	if reason == verifier.Missing {
		return thammasatNoKey
	}
	return ""
}
