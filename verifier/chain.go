package verifier

import "time"

// NewChain returns what a scope asks: the upstream, and around it what spares it and
// what makes its word believable. The canary's own questions are spared it too.
//
// limit is asked before every call how many there may be. The error is about TLS
// material that does not parse.
func NewChain(api *API, s Settings, limit func() Rate, now func() time.Time, report Report) (Verifier, error) {
	exchange, err := NewExchange(s.Target, now)
	if err != nil {
		return nil, err
	}
	upstream := NewUpstream(api, s, exchange)
	watched := NewWatch(upstream, now, report)
	budgeted := NewBudget(watched, s.Kind == ApplicationKey, limit, now, report)
	circuit := NewCircuit(budgeted, now, report)
	braked := brake(circuit, api, s, now)
	taught := learned(braked, api, s)
	believed := canary(taught, api, s, now, report)
	return NewExpiry(believed, api.JWT, now), nil
}

// brake puts a brake before next, where clients bring accounts.
func brake(next Verifier, api *API, s Settings, now func() time.Time) Verifier {
	if s.Kind != Basic && !s.Account {
		return next
	}
	return NewBrake(next, api.RefusesAccount, now)
}

// learned puts what was learned of logins before next, where it is believed.
func learned(next Verifier, api *API, s Settings) Verifier {
	if s.LoginSecret == "" {
		return next
	}
	if !api.Login.Tells {
		return NewLearned(next, nil)
	}
	return NewLearned(next, func(c Credential) Identity {
		id, _ := api.Identify(Reply{}, c, s)
		return id
	})
}

// canary puts the canary before next, where the operator has not done without it.
func canary(next Verifier, api *API, s Settings, now func() time.Time, report Report) Verifier {
	if !s.Canary {
		return next
	}
	return NewCanary(next, junkOf(api, s), now, report)
}

func junkOf(api *API, s Settings) Junk {
	return Junk{
		Make:    func(random []byte, now time.Time) Credential { return api.Junk(random, now, s) },
		Refused: func(d Denial) bool { return api.Refuses(d, s) },
		Advice:  api.Advice(s),
	}
}
