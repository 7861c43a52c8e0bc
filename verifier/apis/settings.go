package apis

import (
	"strconv"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// Settings is what the operator configures about one upstream. All of it changes the
// answers, so all of it is part of the scope.
type Settings struct {
	Kind        verifier.Kind
	Target      transport.Target
	Key         string // the operator's own application key; secret
	Account     bool   // a key comes with an account, and both are checked
	Probe       *Account
	Canary      bool
	LoginSecret string // shared with the issuer route whose logins are trusted; empty: none are
}

// Scope lists everything of the settings that changes the answers; some of it is
// secret. Two scopes that are the same share their answers.
func (s Settings) Scope() []string {
	probe := Account{}
	if s.Probe != nil {
		probe = *s.Probe
	}
	scope := []string{
		string(s.Kind), strconv.FormatBool(s.Account), strconv.FormatBool(s.Canary), strconv.FormatBool(s.Probe != nil),
		probe.User, probe.Password, s.Key, s.LoginSecret,
	}
	return append(scope, s.Target.Scope()...)
}

// Account is a name and a password; secret.
type Account struct {
	User     string
	Password string
}
