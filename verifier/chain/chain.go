// Package chain puts together what a scope asks: the upstream, and around it the
// decorators that limit the calls to it and that decide what its answers are worth.
// It is the one place where a new sort of check is put in.
package chain

import (
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
	"github.com/upstreamauth/upstreamauth/verifier/jwt"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// New returns the verifier of a scope. From the outside in: a JWT's own end, the
// canary, trust in observed logins, the account limiter, the circuit breaker, the
// budget, the reporter of outages, the upstream. The canary's own calls are limited
// like all others.
//
// limit is called before every call and returns the budget. The error is about TLS
// material that does not parse.
func New(api *apis.API, s apis.Settings, limit func() verifier.Rate, now func() time.Time, report verifier.Report) (verifier.Verifier, error) {
	client, err := transport.NewClient(s.Target, now)
	if err != nil {
		return nil, err
	}
	upstream := apis.NewUpstream(api, s, client)
	reported := verifier.NewOutageReporter(upstream, now, report)
	budgeted := verifier.NewBudget(reported, s.Kind == verifier.ApplicationKey, limit, now, report)
	guarded := verifier.NewCircuitBreaker(budgeted, now, report)
	limited := withAccountLimiter(guarded, api, s, now)
	trusted := withLoginTrust(limited, api, s)
	proven := withCanary(trusted, api, s, now, report)
	return jwt.NewExpiry(proven, api.JWT, now), nil
}

// withAccountLimiter puts an account limiter before next, where clients bring accounts.
func withAccountLimiter(next verifier.Verifier, api *apis.API, s apis.Settings, now func() time.Time) verifier.Verifier {
	if api.RejectsAccount == nil || (s.Kind != verifier.Basic && !s.Account) {
		return next
	}
	return verifier.NewAccountLimiter(next, api.RejectsAccount, now)
}

// withLoginTrust puts trust in observed logins before next, where a login secret is
// configured.
func withLoginTrust(next verifier.Verifier, api *apis.API, s apis.Settings) verifier.Verifier {
	if s.LoginSecret == "" {
		return next
	}
	if !api.Login.SelfContained {
		return verifier.NewLoginTrust(next, nil)
	}
	return verifier.NewLoginTrust(next, func(c verifier.Credential) verifier.Identity {
		id, _ := api.Identify(transport.Response{}, c, s)
		return id
	})
}

// withCanary puts the canary before next, unless the operator has turned it off.
func withCanary(next verifier.Verifier, api *apis.API, s apis.Settings, now func() time.Time, report verifier.Report) verifier.Verifier {
	if !s.Canary {
		return next
	}
	return verifier.NewCanary(next, fakeOf(api, s), now, report)
}

func fakeOf(api *apis.API, s apis.Settings) verifier.Fake {
	return verifier.Fake{
		Make:     func(random []byte, now time.Time) verifier.Credential { return api.FakeCredential(random, now, s) },
		Rejected: func(d verifier.Denial) bool { return api.RejectsFake(d, s) },
		Hint:     api.Hint(s),
	}
}
