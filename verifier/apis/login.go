package apis

import (
	"net/http"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// Login is how an API gives out its tokens, by its documents. All its calls are
// POST.
type Login struct {
	Paths         []string // below the API's address: their replies bring tokens
	Logout        string   // ends the token that it is sent with; empty: there is none
	SelfContained bool     // a token tells itself whose it is, so that nobody has to be asked

	// LogoutRequest is what the logout wants to be asked.
	LogoutRequest func(token string) transport.Request

	// TokensIn reads what a login's reply gives out: the token that is good from now
	// on, and one that opens nothing. Either may be empty.
	TokensIn func(r transport.Response) (token, refresh string)
}

// Read reads a login's reply, by its HTTP status and whole body. Tokens that no
// client could present are left out.
func (l *Login) Read(status int, body []byte) (token, refresh string) {
	if status != http.StatusOK {
		return "", ""
	}
	token, refresh = l.TokensIn(transport.Response{Status: status, Body: strictjson.Read(body)})
	if !verifier.IsVisibleASCII(token) || token == refresh {
		token = ""
	}
	if !verifier.IsVisibleASCII(refresh) {
		refresh = ""
	}
	return token, refresh
}
