package apis

import (
	"net/http"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// Login is how an API gives out its tokens, by its documents. All its calls are POST.
type Login struct {
	Paths         []string // below the API's address: their responses bring tokens
	Logout        string   // ends the token that it is sent with; empty: there is none
	SelfContained bool     // the identity is in the token's claims, so that no call is needed for it

	// LogoutRequest is the call that ends a token; nil where Logout is empty.
	LogoutRequest func(token string) transport.Request

	// TokensIn reads what a login's response gives out: the token that is valid from
	// now on, and a refresh token, which is no credential. Either may be empty.
	TokensIn func(r transport.Response) (token, refresh string)
}

// Read reads a login's response, by its HTTP status and whole body. Tokens that no
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
