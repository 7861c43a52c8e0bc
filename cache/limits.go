package cache

import "github.com/upstreamauth/upstreamauth/verifier"

// What the instances of a scope want together: of sizes and of times to wait
// the largest, of budgets the smallest. The caller holds the lock, but for limit.

// raise makes room for one more instance at once, as far as it wants more.
func (s *Scope) raise(p Policy) {
	if p.Lifetime > s.life {
		s.life = p.Lifetime
	}
	if p.Budget.Period > s.life {
		s.life = p.Budget.Period
	}
	if p.Timeout > s.timeout {
		s.timeout = p.Timeout
	}
	if p.Size > s.size || p.NegativeSize > s.negative {
		s.size = larger(p.Size, s.size)
		s.negative = larger(p.NegativeSize, s.negative)
		s.store.resize(s.size, s.negative)
	}
}

// recompute gives everything the measure that the most demanding instance wants.
func (s *Scope) recompute() {
	if len(s.instances) == 0 {
		return
	}
	size, negative := 0, 0
	s.timeout = 0
	for _, i := range s.instances {
		size = larger(i.policy.Size, size)
		negative = larger(i.policy.NegativeSize, negative)
		if i.policy.Timeout > s.timeout {
			s.timeout = i.policy.Timeout
		}
	}
	if size != s.size || negative != s.negative {
		s.size, s.negative = size, negative
		s.store.resize(size, negative)
	}
}

// smallestBudget finds the smallest budget of the live instances. Until it is found
// the one before holds, whatever happens.
func (s *Scope) smallestBudget() {
	smallest := verifier.Rate{}
	for _, i := range s.instances {
		budget := i.policy.Budget
		if budget.Calls == 0 || i.ctx.Err() != nil {
			continue
		}
		if smallest.Calls == 0 || budget.Less(smallest) {
			smallest = budget
		}
	}
	s.budget = smallest
}

// budgetNow is the budget that holds now.
func (s *Scope) budgetNow() verifier.Rate {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.budget
}

func larger(a, b int) int {
	if a > b {
		return a
	}
	return b
}
