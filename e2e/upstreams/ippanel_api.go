package upstreams

import "net/http"

// ippanelAuth is where all routes of the panel lie, below its base.
const ippanelAuth = "/api/acl/auth/"

// ippanelAPI is the wire side of an IPPanel.
type ippanelAPI struct{ *IPPanel }

// credentials: the account of a login, the token in the body of the two steps after it, and the bare
// Authorization header of everything else.
func (p ippanelAPI) credentials(c *call) []string {
	switch c.URL.Path {
	case p.base + ippanelAuth + "login":
		texts := c.fields()
		return account(texts["username"], texts["password"])
	case p.base + ippanelAuth + "send_sms_otp", p.base + ippanelAuth + "confirm_otp":
		return only(c.fields()["token"])
	}
	return only(c.Header.Get("Authorization"))
}

// route finds what answers a path; nil if nothing does.
func (p ippanelAPI) route(path string) func(*call) Reply {
	switch path {
	case p.base + ippanelAuth + "login":
		return p.login
	case p.base + ippanelAuth + "send_sms_otp":
		return p.sendSMS
	case p.base + ippanelAuth + "confirm_otp":
		return p.confirm
	case p.base + ippanelAuth + "check_token":
		return p.checkToken
	case p.base + ippanelAuth + "logout":
		return p.logout
	}
	return nil
}

func (p ippanelAPI) admit(c *call) *Reply {
	var wrong Reply
	switch {
	case p.route(c.URL.Path) == nil:
		wrong = ippanelError(http.StatusNotFound, "404-1", http.StatusText(http.StatusNotFound), nil)
	case c.Method != http.MethodPost:
		wrong = ippanelError(http.StatusMethodNotAllowed, "405-1", http.StatusText(http.StatusMethodNotAllowed), nil).
			with("Allow", http.MethodPost)
	case !c.isJSON():
		wrong = ippanelError(http.StatusUnsupportedMediaType, "415-1", http.StatusText(http.StatusUnsupportedMediaType), nil)
	default:
		return nil
	}
	return &wrong
}

func (p ippanelAPI) answer(c *call) Reply {
	return p.route(c.URL.Path)(c)
}

// login takes username and password and returns the next step. A user of MethodSMS is sent a
// one-time password at once; send_sms_otp sends another.
func (p ippanelAPI) login(c *call) Reply {
	texts := c.fields()
	if missing := missingFields(texts, "username", "password"); len(missing) > 0 {
		return ippanelLoginFailed(missing)
	}
	u, found := p.user(texts["username"])
	if !found || u.Password != texts["password"] {
		return ippanelLoginFailed(fieldErrors{{"username", ippanelWrong}})
	}
	if u.Method == MethodLogin {
		return ippanelToken(p.IssueToken(u.UserName), MethodLogin)
	}
	p.sendOTP(u.UserName)
	token := randomHex()
	p.waiting.issue(token, u.UserName, PanelLoginLifetime)
	return ippanelToken(token, u.Method)
}

// sendSMS takes a waiting token and sends a new one-time password, also to a user whose generator is
// not at hand.
func (p ippanelAPI) sendSMS(c *call) Reply {
	texts := c.fields()
	if missing := missingFields(texts, "token"); len(missing) > 0 {
		return ippanelIncomplete(missing)
	}
	user, waiting := p.waiting.find(texts["token"])
	if !waiting {
		return ippanelWrongOrExpired()
	}
	p.sendOTP(user)
	return ippanelToken(texts["token"], MethodSMS)
}

// confirm takes a waiting token and the one-time password, and gives the final token for them. Both
// are void afterwards.
func (p ippanelAPI) confirm(c *call) Reply {
	texts := c.fields()
	if missing := missingFields(texts, "token", "otp"); len(missing) > 0 {
		return ippanelIncomplete(missing)
	}
	user, waiting := p.waiting.find(texts["token"])
	if !waiting || !p.useOTP(user, texts["otp"]) || !p.waiting.drop(texts["token"]) {
		return ippanelWrongOrExpired()
	}
	return ippanelToken(p.IssueToken(user), MethodLogin)
}

// checkToken returns the user of a final token or an API key. A token that still waits for its
// one-time password is invalid.
func (p ippanelAPI) checkToken(c *call) Reply {
	token := c.Header.Get("Authorization")
	name, found := p.final.find(token)
	if !found {
		name, found = p.keys.find(token)
	}
	u, known := p.user(name)
	if !found || !known {
		return ippanelWrongOrExpired()
	}
	return ippanelUser(u)
}

// logout ends a final token.
func (p ippanelAPI) logout(c *call) Reply {
	token := c.Header.Get("Authorization")
	if _, found := p.final.find(token); found && p.final.drop(token) {
		return ippanelSuccess(nil)
	}
	if _, found := p.keys.find(token); found {
		return ippanelSuccess(nil)
	}
	return ippanelWrongOrExpired()
}
