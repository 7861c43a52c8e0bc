package scenario

import "slices"

// All lists every scenario.
func All() []Scenario {
	return slices.Concat(Memory, Identities, Trust, Traffic, Faults, Siege,
		Troubles, Spared, Circuits, Clients, Again, Logins, Issuing, Sessions, Forgeries)
}
