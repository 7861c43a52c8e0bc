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
	watched := verifier.NewWatch(upstream, now, report)
	budgeted := verifier.NewBudget(watched, s.Kind == verifier.ApplicationKey, limit, now, report)
	circuit := verifier.NewCircuit(budgeted, now, report)
	braked := brake(circuit, api, s, now)
	taught := learned(braked, api, s)
	believed := canary(taught, api, s, now, report)
	return jwt.NewExpiry(believed, api.JWT, now), nil
}

// brake puts a brake before next, where clients bring accounts.
func brake(next verifier.Verifier, api *apis.API, s apis.Settings, now func() time.Time) verifier.Verifier {
	if api.RefusesAccount == nil || (s.Kind != verifier.Basic && !s.Account) {
		return next
	}
	return verifier.NewBrake(next, api.RefusesAccount, now)
}

// learned puts what was learned of logins before next, where it is believed.
func learned(next verifier.Verifier, api *apis.API, s apis.Settings) verifier.Verifier {
	if s.LoginSecret == "" {
		return next
	}
	if !api.Login.Tells {
		return verifier.NewLearned(next, nil)
	}
	return verifier.NewLearned(next, func(c verifier.Credential) verifier.Identity {
		id, _ := api.Identify(transport.Response{}, c, s)
		return id
	})
}

// canary puts the canary before next, where the operator has not done without it.
func canary(next verifier.Verifier, api *apis.API, s apis.Settings, now func() time.Time, report verifier.Report) verifier.Verifier {
	if !s.Canary {
		return next
	}
	return verifier.NewCanary(next, junkOf(api, s), now, report)
}

func junkOf(api *apis.API, s apis.Settings) verifier.Junk {
	return verifier.Junk{
		Make:    func(random []byte, now time.Time) verifier.Credential { return api.Junk(random, now, s) },
		Refused: func(d verifier.Denial) bool { return api.Refuses(d, s) },
		Advice:  api.Advice(s),
	}
}
