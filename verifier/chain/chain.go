package chain

import (
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
	"github.com/upstreamauth/upstreamauth/verifier/jwt"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// New returns what a scope asks: the upstream, and around it what spares it and
// what makes its word believable. The canary's own questions are spared it too.
//
// limit is asked before every call how many there may be. The error is about TLS
// material that does not parse.
func New(api *apis.API, s apis.Settings, limit func() verifier.Rate, now func() time.Time, report verifier.Report) (verifier.Verifier, error) {
	exchange, err := transport.NewClient(s.Target, now)
	if err != nil {
		return nil, err
	}
	upstream := apis.NewUpstream(api, s, exchange)
	watched := verifier.NewOutageReporter(upstream, now, report)
	budgeted := verifier.NewBudget(watched, s.Kind == verifier.ApplicationKey, limit, now, report)
	circuit := verifier.NewCircuitBreaker(budgeted, now, report)
	braked := withAccountLimiter(circuit, api, s, now)
	taught := withLoginTrust(braked, api, s)
	believed := withCanary(taught, api, s, now, report)
	return jwt.NewExpiry(believed, api.JWT, now), nil
}

// withAccountLimiter puts a brake before next, where clients bring accounts.
func withAccountLimiter(next verifier.Verifier, api *apis.API, s apis.Settings, now func() time.Time) verifier.Verifier {
	if api.RejectsAccount == nil || (s.Kind != verifier.Basic && !s.Account) {
		return next
	}
	return verifier.NewAccountLimiter(next, api.RejectsAccount, now)
}

// withLoginTrust puts what was learned of logins before next, where it is believed.
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

// withCanary puts the canary before next, where the operator has not done without it.
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
