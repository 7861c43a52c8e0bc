package upstreams

import (
	"net/http"
	"strings"
)

// The texts of the TU account API. The first four are the document's; the next three, the error of a
// wrong account and the state of a valid one, are the public API's; the others are ours.
const (
	thammasatNotPost    = `Request body using a POST operation (HTTP method)!`
	thammasatNoBody     = `Body no data! Request body {user / pass}`
	thammasatNoKey      = `Application-Key header required. Must follow the scheme, "Application-Key: ACCESS TOKEN"`
	thammasatWrongKey   = `Application-Key Invalid!`
	thammasatRefused    = `Users or Password Invalid!`
	thammasatTUStatus   = `ปกติ`
	thammasatTUStatusID = `10`
	thammasatOverQuota  = `Quota exceeded.`
	thammasatNotFound   = `Not found.`
	thammasatNotJSON    = `Content-Type must be application/json.`
)

// thammasatAPI is the wire side of a Thammasat.
type thammasatAPI struct{ *Thammasat }

func (t thammasatAPI) credentials(c *call) []string {
	texts := c.fields()
	return append(account(texts["UserName"], texts["PassWord"]), only(c.Header.Get("Application-Key"))...)
}

func (t thammasatAPI) admit(c *call) *Reply {
	var wrong Reply
	switch {
	case c.URL.Path != ThammasatPath:
		wrong = thammasatError(http.StatusNotFound, thammasatNotFound)
	case c.Method != http.MethodPost:
		wrong = thammasatError(http.StatusBadRequest, thammasatNotPost)
	case !c.isJSON():
		wrong = thammasatError(http.StatusUnsupportedMediaType, thammasatNotJSON)
	default:
		return nil
	}
	return &wrong
}

// answer checks key, body and account in the order that BodyFirst chose. Every call with a valid key
// counts against its quota, except those that were answered before the key was checked.
func (t thammasatAPI) answer(c *call) Reply {
	t.mu.Lock()
	defer t.mu.Unlock()
	texts := c.fields()
	user, password := texts["UserName"], texts["PassWord"]
	noBody := user == "" || password == ""
	if noBody && t.bodyFirst {
		return thammasatError(http.StatusBadRequest, thammasatNoBody)
	}
	if refused := t.checkKey(c.Header.Get("Application-Key")); refused != nil {
		return *refused
	}
	if noBody {
		return thammasatError(http.StatusBadRequest, thammasatNoBody)
	}
	found, ok := t.accounts[strings.ToLower(user)]
	if !ok || found.Password != password {
		return thammasatError(t.refusal, thammasatRefused)
	}
	return thammasatSuccess(found)
}

// checkKey returns the error of a key, or nil, and counts one call against its quota.
func (t thammasatAPI) checkKey(key string) *Reply {
	var refused Reply
	quota, good := t.keys[key]
	switch {
	case key == "":
		refused = thammasatError(http.StatusUnauthorized, thammasatNoKey)
	case !good:
		refused = thammasatError(http.StatusForbidden, thammasatWrongKey)
	default:
		wait := quota.take(t.Clock.Now(), t.quota)
		if wait <= 0 {
			return nil
		}
		refused = over(wait)
	}
	return &refused
}

// thammasatError is the shape of every error.
func thammasatError(status int, message string) Reply {
	return jsonReply(status, struct {
		Status  bool   `json:"status"`
		Message string `json:"message"`
	}{false, message})
}

// thammasatSuccess is the documented reply about a valid account, in the document's order, with the public
// API's fields where the account asks for them.
func thammasatSuccess(a Account) Reply {
	reply := struct {
		Status       bool   `json:"status"`
		Message      string `json:"message"`
		Username     string `json:"username,omitempty"`
		TUStatus     string `json:"tu_status,omitempty"`
		StatusID     string `json:"statusid,omitempty"`
		NameTH       string `json:"displayname_th"`
		NameEN       string `json:"displayname_en"`
		Email        string `json:"email"`
		Type         string `json:"type"`
		Department   string `json:"department"`
		Faculty      string `json:"faculty,omitempty"`
		Organization string `json:"organization,omitempty"`
	}{
		Status: true, Message: "Success", NameTH: a.NameTH, NameEN: a.NameEN, Email: a.Email,
		Type: a.Type, Department: a.Department, Faculty: a.Faculty, Organization: a.Organization,
	}
	if a.Username {
		reply.Username, reply.TUStatus, reply.StatusID = a.User, thammasatTUStatus, thammasatTUStatusID
	}
	return jsonReply(http.StatusOK, reply)
}
