package upstreams

import (
	"net/http"
	"unicode/utf8"
)

const (
	btsLogin   = "/auth/login"
	btsRefresh = "/auth/refresh"

	btsMinPassword = 6 // characters
)

// The texts of BTS login; the last five are ours, in its manner.
const (
	btsWelcome       = `Kirish muvaffaqiyatli amalga oshdi.`
	btsWrongAccount  = `Incorrect login or password.`
	btsInvalid       = `Validation error.`
	btsShortPassword = `Parol kamida 6 ta belgidan iborat bo‘lishi kerak`
	btsNoLogin       = `Login kiritilishi shart`
	btsWrongRefresh  = `Refresh token yaroqsiz`
	btsWrongToken    = `The access token is invalid or expired.`
	btsNoPage        = `Page not found.`
	btsWrongMethod   = `Method not allowed.`
)

// btsAPI is the wire side of a BTS.
type btsAPI struct{ *BTS }

// credentials: the account of a login, the token of a refresh, and the bearer token of everything
// else.
func (b btsAPI) credentials(c *call) []string {
	switch c.URL.Path {
	case btsLogin:
		texts := c.fields()
		return account(texts["login"], texts["password"])
	case btsRefresh:
		return only(c.fields()["refresh_token"])
	}
	return only(c.bearer())
}

// admit asks for JSON both ways, as the document does for every call; on a GET, which has no body,
// it accepts a missing Content-Type.
func (b btsAPI) admit(c *call) *Reply {
	method := http.MethodGet
	if c.URL.Path == btsLogin || c.URL.Path == btsRefresh {
		method = http.MethodPost
	} else if _, found := b.path(c.URL.Path); !found {
		return btsError(http.StatusNotFound, btsNoPage)
	}
	switch {
	case c.Method != method:
		return btsError(http.StatusMethodNotAllowed, btsWrongMethod)
	case method == http.MethodPost && !c.isJSON():
		return btsError(http.StatusUnsupportedMediaType, http.StatusText(http.StatusUnsupportedMediaType))
	case !c.takesJSON():
		return btsError(http.StatusNotAcceptable, http.StatusText(http.StatusNotAcceptable))
	}
	return nil
}

func (b btsAPI) answer(c *call) Reply {
	switch c.URL.Path {
	case btsLogin:
		return b.login(c)
	case btsRefresh:
		return b.renew(c)
	}
	path, _ := b.path(c.URL.Path)
	if !path.open && !b.isAccess(c.bearer()) {
		return *btsError(http.StatusUnauthorized, btsWrongToken)
	}
	return Reply{Status: http.StatusOK, Body: path.body}
}

// login checks the form of the two texts first, then the account.
func (b btsAPI) login(c *call) Reply {
	texts := c.fields()
	var errors fieldErrors
	if texts["login"] == "" {
		errors = append(errors, fieldError{"login", btsNoLogin})
	}
	if utf8.RuneCountInString(texts["password"]) < btsMinPassword {
		errors = append(errors, fieldError{"password", btsShortPassword})
	}
	if len(errors) > 0 {
		return btsUnprocessable(errors)
	}
	u, found := b.user(texts["login"])
	if !found || u.Password != texts["password"] {
		return *btsError(http.StatusUnauthorized, btsWrongAccount)
	}
	return b.bothTokens(u)
}

// renew takes a refresh token and gives both anew. The old one is void: the document does not say,
// but a stolen copy must not stay valid beside it for a month.
func (b btsAPI) renew(c *call) Reply {
	login, good := b.spendRefresh(c.fields()["refresh_token"])
	u, found := b.user(login)
	if !good || !found {
		return btsUnprocessable(fieldErrors{{"refresh_token", btsWrongRefresh}})
	}
	return b.bothTokens(u)
}

// bothTokens is the documented reply of a login.
func (b btsAPI) bothTokens(u BTSUser) Reply {
	type pair struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	return jsonReply(http.StatusOK, struct {
		Status     bool   `json:"status"`
		Message    string `json:"message"`
		StatusCode int    `json:"status_code"`
		Data       pair   `json:"data"`
	}{true, btsWelcome, http.StatusOK, pair{b.accessToken(u), b.refreshToken(u.Login)}})
}

// btsError is the shape of the documented 401, which has a type, and of the framework's other errors.
func btsError(status int, message string) *Reply {
	body := struct {
		Name    string `json:"name"`
		Message string `json:"message"`
		Code    int    `json:"code"`
		Status  int    `json:"status"`
		Type    string `json:"type,omitempty"`
	}{Name: http.StatusText(status), Message: message, Status: status}
	if status == http.StatusUnauthorized {
		body.Type = `app\exceptions\ApiUnauthorizedException`
	}
	reply := jsonReply(status, body)
	return &reply
}

// btsUnprocessable is the documented 422.
func btsUnprocessable(errors fieldErrors) Reply {
	return jsonReply(http.StatusUnprocessableEntity, struct {
		Status     bool        `json:"status"`
		Message    string      `json:"message"`
		StatusCode int         `json:"status_code"`
		Errors     fieldErrors `json:"errors"`
	}{false, btsInvalid, http.StatusUnprocessableEntity, errors})
}
