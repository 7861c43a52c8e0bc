package upstreams

import (
	"sync"
	"time"
)

const (
	// PanelLifetime is how long a final token is valid, by IPPanel confirm_otp.
	PanelLifetime = 10 * time.Hour

	// PanelLoginLifetime is how long a token may wait for its one-time password. The document only
	// says that it ends; ten minutes is assumed.
	PanelLoginLifetime = 10 * time.Minute

	// PanelOTPLifetime is how long a one-time password is valid; two minutes is assumed, likewise.
	PanelOTPLifetime = 2 * time.Minute
)

// The ways that a login goes on, as data.method names them. Only MethodLogin comes with a token that
// is valid for calls.
const (
	MethodLogin  = "login" // no one-time password: the login's token is final
	MethodSMS    = "sms"   // a one-time password goes out by text message
	MethodGoogle = "ga"    // a generator on the user's phone shows it
)

// IPPanelOptions are the settings of an IPPanel.
type IPPanelOptions struct {
	Options

	// Base is the path that all routes begin with, part of URL; empty is "/v1".
	Base string
}

// IPPanel is the SMS panel: login, send_sms_otp, confirm_otp, check_token and logout under
// URL + /api/acl/auth/. Tokens and API keys travel bare: "Authorization: <token>"; with a scheme in
// front they are another, unknown token.
type IPPanel struct {
	*Server

	base    string
	mu      sync.Mutex
	users   map[string]*panelUser
	waiting tokens[string] // user name, by a token that waits for its one-time password
	final   tokens[string] // user name, by a final token
	keys    tokens[string] // user name, by an API key
}

// PanelUser is one user of the panel.
type PanelUser struct {
	UserName, Password string
	Method             string // MethodLogin, MethodSMS or MethodGoogle; empty is MethodSMS
	OTP                string // the one-time password each time; empty: six random digits each time
	UserID             int64
	Name               string
	Reseller           bool
	DocumentBlock      bool
	SendBlock          bool
}

// panelUser is a user and the one-time password that is out for them.
type panelUser struct {
	PanelUser
	otp     string // empty: none
	otpEnds time.Time
}

// NewIPPanel starts a panel without users. It panics if it cannot listen.
func NewIPPanel(o IPPanelOptions) *IPPanel {
	return must(newIPPanel(o))
}

// newIPPanel is NewIPPanel for callers that can do something about an occupied address.
func newIPPanel(o IPPanelOptions) (*IPPanel, error) {
	if o.Clock == nil {
		o.Clock = NewClock()
	}
	if o.Base == "" {
		o.Base = "/v1"
	}
	p := &IPPanel{
		base:    o.Base,
		users:   make(map[string]*panelUser),
		waiting: newTokens[string](o.Clock),
		final:   newTokens[string](o.Clock),
		keys:    newTokens[string](o.Clock),
	}
	var err error
	if p.Server, err = listen(o.Options); err != nil {
		return nil, err
	}
	p.URL += p.base
	p.begin(ippanelAPI{p})
	return p, nil
}

// AddUser adds a user, in place of an earlier one of the same name.
func (p *IPPanel) AddUser(u PanelUser) {
	if u.Method == "" {
		u.Method = MethodSMS
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.users[u.UserName] = &panelUser{PanelUser: u}
}

// AddAPIKey adds a key of this user that never expires; a logout with it changes nothing. It panics if
// there is no such user.
func (p *IPPanel) AddAPIKey(user, key string) {
	p.requireUser(user)
	p.keys.issue(key, user, 0)
}

// IssueToken returns a final token of this user, as confirm_otp would. It panics if there is no such
// user.
func (p *IPPanel) IssueToken(user string) string {
	p.requireUser(user)
	token := randomHex()
	p.final.issue(token, user, PanelLifetime)
	return token
}

// OTP returns the one-time password that was last sent to this user, or that the generator showed at
// the last login; empty before there was one and after it was used.
func (p *IPPanel) OTP(user string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	u, found := p.users[user]
	if !found {
		return ""
	}
	return u.otp
}

// user returns a user as they are now.
func (p *IPPanel) user(name string) (PanelUser, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	u, found := p.users[name]
	if !found {
		return PanelUser{}, false
	}
	return u.PanelUser, true
}

// requireUser panics if there is no such user, which is a mistake of the test.
func (p *IPPanel) requireUser(user string) {
	if _, found := p.user(user); !found {
		panic("upstreams: the panel has no user " + user)
	}
}

// sendOTP makes a new one-time password for a user; an earlier one is void.
func (p *IPPanel) sendOTP(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	u, found := p.users[name]
	if !found {
		return
	}
	u.otp = u.OTP
	if u.otp == "" {
		u.otp = randomDigits(6)
	}
	u.otpEnds = p.Clock.Now().Add(PanelOTPLifetime)
}

// useOTP uses up a user's one-time password; true if it was correct, in time and unused.
func (p *IPPanel) useOTP(name, otp string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	u, found := p.users[name]
	if !found || u.otp == "" || u.otp != otp || !p.Clock.Now().Before(u.otpEnds) {
		return false
	}
	u.otp = ""
	return true
}
