package status

import (
	"encoding/json"
	"math"
	"time"

	"github.com/upstreamauth/upstreamauth/telemetry/counters"
)

// report is what the page shows, as JSON. The names are stable: programs read them too.
func (s *status) report() string {
	states, gone := s.sources.States()
	all := counters.NewTotals()
	hour := make([]counters.Minute, counters.Minutes)
	var scopes []interface{}
	for _, l := range linesOf(states, gone) {
		all.Add(l.totals)
		for _, state := range l.states {
			counters.Sum(hour, state.Hour)
			scopes = append(scopes, scopeOf(state))
		}
	}
	top := map[string]interface{}{
		"version":  s.sources.Version,
		"now":      instant(s.sources.Now()),
		"uptime":   int64(s.sources.Uptime() / time.Second),
		"requests": all.Requests,
		"calls":    all.Calls,
		"hour":     hourOf(hour),
		"scopes":   list(scopes),
		"gates":    s.gates(),
		"shared":   sharedOf(s.sources.Memory()),
	}
	text, err := json.Marshal(top)
	if err != nil {
		return "{}" // unreachable: there are only texts and numbers
	}
	return string(text)
}

// list is never null.
func list(items []interface{}) []interface{} {
	if items == nil {
		return []interface{}{}
	}
	return items
}

func scopeOf(state *counters.State) interface{} {
	t := state.Totals
	return map[string]interface{}{
		"api":         state.Label.API,
		"host":        state.Label.Host,
		"kind":        state.Kind,
		"trusted":     state.Trusted,
		"distrusted":  state.Distrusted,
		"circuitOpen": state.CircuitOpen,
		"flights":     state.Flights,
		"waiters":     state.Waiters,
		"allowed":     entriesOf(state.Allowed),
		"denied":      entriesOf(state.Denied),
		"budget":      budgetOf(state.Budget),
		"requests":    t.Requests,
		"calls":       t.Calls,
		"hitRatio":    ratioOf(t),
		"fault":       faultOf(state.Fault),
		"hour":        hourOf(state.Hour),
	}
}

func entriesOf(e counters.Entries) interface{} {
	return map[string]interface{}{"held": e.Held, "size": e.Size, "evicted": e.Evicted}
}

// budgetOf is null where there is no limit. Times are in seconds.
func budgetOf(b counters.Budget) interface{} {
	if b.Calls == 0 {
		return nil
	}
	return map[string]interface{}{"calls": b.Calls, "period": b.Period.Seconds(), "left": b.Left, "wait": math.Ceil(b.Wait.Seconds())}
}

// ratioOf is the share of the allowed requests that were allowed from memory; null where
// none were.
func ratioOf(t *counters.Totals) interface{} {
	hits := t.Sum(counters.Hit, counters.Stale)
	all := hits + t.Sum(counters.Miss)
	if all == 0 {
		return nil
	}
	return float64(hits) / float64(all)
}

func faultOf(f counters.Fault) interface{} {
	if f.At.IsZero() {
		return nil
	}
	return map[string]interface{}{"at": instant(f.At), "event": f.Event, "detail": f.Detail}
}

// hourOf lists each number by minutes, the current one last.
func hourOf(minutes []counters.Minute) interface{} {
	hits := make([]int64, len(minutes))
	misses := make([]int64, len(minutes))
	refusals := make([]int64, len(minutes))
	unavailable := make([]int64, len(minutes))
	calls := make([]int64, len(minutes))
	for i, m := range minutes {
		hits[i] = m.Hits
		misses[i] = m.Misses
		refusals[i] = m.Refusals
		unavailable[i] = m.Unavailable
		calls[i] = m.Calls
	}
	return map[string]interface{}{
		"step": 60, "hits": hits, "misses": misses, "refusals": refusals, "unavailable": unavailable, "calls": calls,
	}
}

func (s *status) gates() []interface{} {
	var gates []interface{}
	for _, g := range s.sources.Gates() {
		gates = append(gates, gateOf(g))
	}
	return list(gates)
}

func gateOf(g counters.Gate) interface{} {
	return map[string]interface{}{
		"name": g.Name, "mode": g.Mode, "apis": append([]string{}, g.APIs...), "faults": append([]string{}, g.Faults...),
	}
}

// sharedOf is null where no memory is shared.
func sharedOf(m *counters.MemoryState) interface{} {
	if m == nil {
		return nil
	}
	batches := int64(0)
	for _, n := range m.Took.Counts {
		batches += n
	}
	return map[string]interface{}{"batches": batches, "errors": m.Errors, "seconds": m.Took.Sum.Seconds()}
}

func instant(t time.Time) string {
	return t.UTC().Format(time.RFC3339)
}
