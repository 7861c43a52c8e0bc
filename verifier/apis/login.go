package apis

import (
	"net/http"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// Login is how an API issues its tokens, by its documents. All its calls are POST.
type Login struct {
	Paths         []string // below the API's address: their responses issue tokens
	Logout        string   // of the call that ends the token it is sent with; empty: there is none
	SelfContained bool     // the identity is in the token's claims, where the upstream gives no answer

	// LogoutRequest is the call that ends a token; nil where Logout is empty.
	LogoutRequest func(token string) transport.Request

	// LoggedOut tells whether a response to that call says that the token counts no more
	// at the upstream; nil where Logout is empty.
	LoggedOut func(r transport.Response) bool

	// TokensIn reads the tokens that a login's response issues: the one that is valid
	// from now on, and a refresh token, which is no credential. Either may be empty.
	TokensIn func(r transport.Response) (token, refresh string)
}

// Read returns the tokens of a login's response, given by its HTTP status and whole
// body. Tokens that no header could carry are left out, and so is one that is the
// refresh token as well.
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
