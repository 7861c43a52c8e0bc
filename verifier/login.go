package verifier

import (
	"context"
	"net/http"
)

// Login is how an API gives out its tokens, by its documents. All its calls are
// POST.
type Login struct {
	Paths  []string // below the API's address: their replies bring tokens
	Logout string   // ends the token that it is sent with; empty: there is none
	Tells  bool     // a token tells itself whose it is, so that nobody has to be asked

	// Quit is what the logout wants to be asked.
	Quit func(token string) Question

	// Issue reads what a login's reply gives out: the token that is good from now
	// on, and one that opens nothing. Either may be empty.
	Issue func(r Reply) (token, refresh string)
}

// Read reads a login's reply, by its HTTP status and whole body. Tokens that no
// client could present are left out.
func (l *Login) Read(status int, body []byte) (token, refresh string) {
	if status != http.StatusOK {
		return "", ""
	}
	token, refresh = l.Issue(Reply{Status: status, Body: readObject(body)})
	if !Visible(token) || token == refresh {
		token = ""
	}
	if !Visible(refresh) {
		refresh = ""
	}
	return token, refresh
}

// Learned takes the word of a login that was seen on its way: its token is good
// because the upstream has just given it out.
type Learned struct {
	next     Verifier
	api      *API
	settings Settings
}

// NewLearned puts Learned before next.
func NewLearned(next Verifier, api *API, s Settings) *Learned {
	return &Learned{next: next, api: api, settings: s}
}

// Verify asks next about whoever was not seen to log in. For others next is asked
// only where the token does not tell whose it is: its no counts, and where it
// can say nothing now, the token passes without an identity.
func (l *Learned) Verify(ctx context.Context, c Credential) (Decision, error) {
	if c.Issued.IsZero() {
		return l.next.Verify(ctx, c)
	}
	good := Decision{Allowed: true, Issued: c.Issued}
	if l.api.Login.Tells {
		id, _ := l.api.Identify(Reply{}, c, l.settings)
		good.Identity = id
		return good, nil
	}
	d, err := l.next.Verify(ctx, c)
	if d.Refused() {
		return d, err
	}
	good.Identity = d.Identity
	return good, nil
}
