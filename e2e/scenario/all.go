package scenario

import "slices"

// All lists every scenario.
func All() []Scenario {
	return slices.Concat(Caching, Identities, Canaries, SingleFlight, Passthrough, ConfigurationFaults, Regressions,
		UpstreamFaults, Budgets, Circuits, ClientLimits, Revalidation, Logins, Issuers, Sessions, Forgeries)
}
