package upstreams

import (
	"crypto/rand"
	"crypto/rsa"
	"sync"
	"time"
)

const (
	// BTSAccessLifetime is how long an access token is valid, by BTS login.
	BTSAccessLifetime = 24 * time.Hour

	// BTSRefreshLifetime is how long a refresh token is valid, by BTS login.
	BTSRefreshLifetime = 30 * 24 * time.Hour

	// BTSStatusPath is a small protected GET of public integrations, there from the start.
	BTSStatusPath = "/v1/status/index"
)

// BTSOptions are the settings of a BTS API.
type BTSOptions struct {
	Options

	// Lenient: tokens are read as base64 is by the most lenient readers, and refresh tokens are taken
	// for access tokens as well. The document forbids neither.
	Lenient bool
}

// BTS is the courier API: POST /auth/login and /auth/refresh give an access token and a refresh
// token, both JWTs signed with RS256 under a key made at the start, and protected GETs take the
// access token.
type BTS struct {
	*Server

	lenient bool
	key     *rsa.PrivateKey
	kid     string
	refresh tokens[string] // login, by the jti of a refresh token; each can be used once

	mu    sync.Mutex
	users map[string]BTSUser
	paths map[string]btsPath
}

// BTSUser is one user of the courier API.
type BTSUser struct {
	Login, Password string // a password of six characters at least, or no login will do
	Name, Email     string

	// Claims are added to the access tokens, in place of a standard claim of the same name (sub, jti,
	// name, email, iat, exp). A json.Number or json.RawMessage keeps all of its digits.
	Claims map[string]any
}

// btsPath is what a GET of one path answers.
type btsPath struct {
	body string
	open bool // without a token
}

// NewBTS starts a courier API without users. It panics if it cannot listen.
func NewBTS(o BTSOptions) *BTS {
	return must(newBTS(o))
}

// newBTS is NewBTS for callers that can do something about an occupied address.
func newBTS(o BTSOptions) (*BTS, error) {
	if o.Clock == nil {
		o.Clock = NewClock()
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	b := &BTS{
		lenient: o.Lenient,
		key:     key,
		kid:     randomHex(),
		refresh: newTokens[string](o.Clock),
		users:   make(map[string]BTSUser),
		paths:   make(map[string]btsPath),
	}
	b.Protect(BTSStatusPath, `{"status":true,"data":{"items":[{"id":1,"name":"Yangi"},{"id":2,"name":"Yetkazildi"}]}}`)
	if b.Server, err = listen(o.Options); err != nil {
		return nil, err
	}
	b.begin(btsAPI{b})
	return b, nil
}

// AddUser adds a user, in place of an earlier one of the same login.
func (b *BTS) AddUser(u BTSUser) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.users[u.Login] = u
}

// Protect makes a GET of this path answer 200 with this JSON body to a valid access
// token.
func (b *BTS) Protect(path, body string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.paths[path] = btsPath{body: body}
}

// Open makes a GET of this path answer 200 without a token too: a path that checks no credential.
func (b *BTS) Open(path string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.paths[path] = btsPath{body: `{"status":true,"data":{}}`, open: true}
}

// IssueToken returns an access token of this user, as a login would. It panics if there is no such
// user.
func (b *BTS) IssueToken(login string) string {
	u, found := b.user(login)
	if !found {
		panic("upstreams: the courier API has no user " + login)
	}
	return b.accessToken(u)
}

// user returns a user as they are now.
func (b *BTS) user(login string) (BTSUser, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	u, found := b.users[login]
	return u, found
}

// path returns what a path answers.
func (b *BTS) path(path string) (btsPath, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, found := b.paths[path]
	return p, found
}
