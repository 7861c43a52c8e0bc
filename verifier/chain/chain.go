// Package chain composes the verifier of a scope: the upstream, and around it the
// decorators that limit the calls to it and decide which of its answers count. A new
// kind of check is added here, and nowhere else.
package chain

import (
	"time"

	"github.com/upstreamauth/upstreamauth/telemetry/counters"
	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
	"github.com/upstreamauth/upstreamauth/verifier/jwt"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// New returns the verifier of a scope. From the outside in: a JWT's spelling, its
// own end, the canary, trust in observed logins, the account limiter, the circuit breaker, the
// budget, the reporter of outages, the upstream. The canary's own calls are limited
// like all others.
//
// report gets what an operator has to know, with the block, the API and the address that
// it is about. The error is about TLS material, or an
// address, that does not parse. count counts the calls under a budget together with those of
// others; nil: there are none. tally is where calls are counted, and learns how to read what
// the decorators know.
func New(api *apis.API, s apis.Settings, now func() time.Time, report verifier.Report, count verifier.SharedCount, tally *counters.Scope) (verifier.Verifier, error) {
	client, err := transport.NewClient(s.Target, now)
	if err != nil {
		return nil, err
	}
	report = withAddress(report, string(s.Kind)+" ("+api.Name+"), "+s.Target.Address()+": ")
	upstream := apis.NewUpstream(api, s, client)
	metered := counters.NewMeter(upstream, tally)
	reported := verifier.NewOutageReporter(metered, now, report)
	budgeted := withBudget(reported, api, s, now, report).Counting(count)
	guarded := verifier.NewCircuitBreaker(budgeted, fakeOf(api, s).Make, now, report)
	limited := withAccountLimiter(guarded, api, s, now)
	trusted := withLoginTrust(limited, api, s)
	canary := verifier.NewCanary(trusted, fakeOf(api, s), now, report)
	proven := withCanary(trusted, canary, s)
	tally.Gauge = gaugeOf(canary, s.Canary, guarded, budgeted)
	described := api.Definition != ""
	expiring := jwt.NewExpiry(proven, api.JWT, now).OfKeys(described)
	return jwt.NewSpelling(expiring, api.JWT).OfKeys(described), nil
}

// withAddress puts before each detail whom it is about: a route may have several blocks,
// and a process many routes.
func withAddress(report verifier.Report, address string) verifier.Report {
	return func(level, event, detail string) {
		report(level, event, address+detail)
	}
}

// withBudget puts the budget before next. A definition says itself whom a budget holds; of
// the built-in APIs clients share it, but for keys that have one each.
func withBudget(next verifier.Verifier, api *apis.API, s apis.Settings, now func() time.Time, report verifier.Report) *verifier.Budget {
	if api.Definition != "" && api.QuotaBy == verifier.QuotaByCredential {
		return verifier.NewBudget(next, false, false, now, report).ByCredential()
	}
	perKey := api.QuotaBy == verifier.QuotaByKey && s.Kind == verifier.ApplicationKey
	return verifier.NewBudget(next, perKey, !perKey || s.Account, now, report)
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
	if s.LoginSecret == "" || api.Login == nil {
		return next
	}
	if !api.Login.SelfContained {
		return verifier.NewLoginTrust(next, nil)
	}
	return verifier.NewLoginTrust(next, func(c verifier.Credential) verifier.Identity {
		decision, _ := api.Identify(transport.Response{}, c, s)
		return decision.Identity
	})
}

// withCanary has the canary in the place of next, unless the operator has turned it off.
func withCanary(next verifier.Verifier, canary *verifier.Canary, s apis.Settings) verifier.Verifier {
	if !s.Canary {
		return next
	}
	return canary
}

// gaugeOf reads what the decorators of a scope know. A scope without a canary is trusted.
func gaugeOf(canary *verifier.Canary, used bool, circuit *verifier.CircuitBreaker, budget *verifier.Budget) func(into *counters.State) {
	return func(into *counters.State) {
		into.Trusted = true
		if used {
			trusted, distrusted := canary.Trust()
			into.Trusted, into.Distrusted = trusted, distrusted
		}
		into.CircuitOpen = circuit.IsOpen()
		limit, left, wait := budget.Spent()
		if limit.Calls > 0 {
			into.Budget = counters.Budget{Calls: limit.Calls, Period: limit.Period, Left: left, Wait: wait}
		}
	}
}

// fakeOf hands the canary the functions of an API, with its settings.
func fakeOf(api *apis.API, s apis.Settings) verifier.Fake {
	return verifier.Fake{
		Make: func(random []byte, now time.Time) verifier.Credential { return api.FakeCredential(random, now, s) },
		Hint: api.Hint(s),
	}
}
