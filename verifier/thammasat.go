package verifier

import (
	"encoding/hex"
	"net/http"
	"strings"
	"time"
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
		Kinds:          []Kind{ApplicationKey, Basic},
		Path:           "/api/v1/auth/Ad/verify",
		Method:         http.MethodPost,
		Life:           time.Hour,
		Quota:          Rate{Calls: 1000, Period: time.Hour},
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
		Body: func(d Denial) string {
			return `{"status":false,"message":` + Quote(d.Message) + `}`
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
	if s.Kind == Basic {
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

func thammasatRequest(c Credential, s Settings) Question {
	key, user, password := c.Token, c.User, c.Password
	if s.Kind == Basic {
		key = s.Key
	}
	if s.Probe != nil {
		user, password = s.Probe.User, s.Probe.Password
	}
	q := Question{Header: http.Header{keyHeader: {key}}}
	if thammasatCheck(s) != bareCheck {
		q.Body = `{"UserName":` + Quote(user) + `,"PassWord":` + Quote(password) + `}`
	}
	return q
}

func thammasatRead(r Reply) (flag, code string) {
	flag = r.Body.field("status").flag()
	code = r.Body.field("message").text(jsonText)
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
func thammasatIdentify(r Reply, c Credential, s Settings) (id Identity, flaw string) {
	check := thammasatCheck(s)
	if check == bareCheck || check == probeCheck {
		return nil, ""
	}
	who := newCollector()
	account := &Value{Kind: jsonText, Text: strings.ToLower(c.User)} // as the client gave it
	who.gather(r.Body, thammasatUser)
	who.gather(&Value{Fields: map[string]*Value{"account": account}}, thammasatAccount)
	who.gather(r.Body, thammasatMembers)
	if !who.taken["user"] {
		return nil, "a yes without a user"
	}
	return who.fields, ""
}

func thammasatRelay(r Reply, d Denial) Denial {
	return relayMessage(d, r.Body.field("message"))
}

func thammasatJunk(random []byte, _ time.Time, s Settings) Credential {
	c := Credential{Kind: s.Kind}
	if s.Kind != Basic {
		c.Token = hex.EncodeToString(random[:32])
	}
	if s.Kind == Basic || s.Account {
		c.User = hex.EncodeToString(random[32:48])
		c.Password = hex.EncodeToString(random[48:64])
	}
	return c
}

// thammasatRefuses: the bare check tells a good key by a 400, so it works only
// where a bad one gets the documented 403.
func thammasatRefuses(d Denial, s Settings) bool {
	return d.HTTP == http.StatusForbidden || (thammasatCheck(s) != bareCheck && refusesJunk(d, s))
}

// thammasatRefusesAccount: accounts are refused inside a 200 or a 400; a 401 and
// a 403 are about the key.
func thammasatRefusesAccount(d Denial) bool {
	return d.Reason == Invalid && d.HTTP != http.StatusUnauthorized
}

func thammasatAdvice(s Settings) string {
	if thammasatCheck(s) == bareCheck {
		return "this server reads the body before the key, so a key alone cannot be checked: set probe or account"
	}
	return "correct url or path"
}

func thammasatSay(reason Reason) string {
	if reason == Missing {
		return thammasatNoKey
	}
	return ""
}
