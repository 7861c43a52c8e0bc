package status

import (
	"strconv"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/telemetry/counters"
)

// metrics is what Prometheus reads, in its text format 0.0.4.
func (s *status) metrics() string {
	states, gone := s.sources.States()
	lines := linesOf(states, gone)
	e := &exposition{}
	e.requests(lines)
	e.upstreams(lines)
	e.cache(lines)
	e.health(lines)
	memory := s.sources.Memory()
	if memory != nil {
		e.memory(memory)
	}
	e.begin("upstreamauth_configuration_faults", "gauge", "Faults in the configuration of a middleware, which denies every request while it has any.")
	for _, g := range s.sources.Gates() {
		e.sample("upstreamauth_configuration_faults", labels("middleware", g.Name), strconv.Itoa(len(g.Faults)))
	}
	e.begin("upstreamauth_build_info", "gauge", "Always 1; the version of the plugin is its label.")
	e.sample("upstreamauth_build_info", labels("version", s.sources.Version), "1")
	return e.text.String()
}

// exposition is a text of metrics while it is written.
type exposition struct {
	text strings.Builder
}

// begin begins a family.
func (e *exposition) begin(name, kind, help string) {
	e.text.WriteString("# HELP " + name + " " + help + "\n# TYPE " + name + " " + kind + "\n")
}

func (e *exposition) sample(name, labels, value string) {
	e.text.WriteString(name + labels + " " + value + "\n")
}

// labels writes pairs of names and values.
func labels(pairs ...string) string {
	var parts []string
	for i := 0; i+1 < len(pairs); i += 2 {
		parts = append(parts, pairs[i]+`="`+escaping.Replace(pairs[i+1])+`"`)
	}
	if parts == nil {
		return ""
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// escaping is that of label values.
var escaping = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

func (l *line) labels(more ...string) string {
	return labels(append([]string{"api", l.label.API, "host", l.label.Host}, more...)...)
}

func (e *exposition) requests(lines []*line) {
	const name = "upstreamauth_requests_total"
	e.begin(name, "counter", "Requests by what they got: allowed from memory (hit; stale while the upstream is asked again), allowed after asking (miss), denied by an answer (refused), denied from memory (refused_remembered), without a credential (missing), not one credential (malformed), rate-limited (throttled), not to be found out (unavailable), passed without a credential (anonymous).")
	for _, l := range lines {
		for _, outcome := range counters.Outcomes() {
			e.sample(name, l.labels("outcome", outcome), count(l.totals.Requests[outcome]))
		}
	}
}

func (e *exposition) upstreams(lines []*line) {
	const calls, took = "upstreamauth_upstream_requests_total", "upstreamauth_upstream_request_duration_seconds"
	e.begin(calls, "counter", "Calls to the upstream by what they brought.")
	for _, l := range lines {
		for _, result := range counters.Results() {
			e.sample(calls, l.labels("result", result), count(l.totals.Calls[result]))
		}
	}
	e.begin(took, "histogram", "How long calls to the upstream took.")
	for _, l := range lines {
		e.histogram(took, l.totals.Took, l.label.API, l.label.Host)
	}
}

// histogram writes the samples of one, with the labels of a line where it has an API.
func (e *exposition) histogram(name string, h *counters.Histogram, api, host string) {
	var pairs []string
	if api != "" {
		pairs = []string{"api", api, "host", host}
	}
	all := int64(0)
	for i, n := range h.Counts {
		all += n
		bound := "+Inf"
		if i < len(h.Bounds) {
			bound = seconds(h.Bounds[i])
		}
		e.sample(name+"_bucket", labels(append(append([]string(nil), pairs...), "le", bound)...), count(all))
	}
	e.sample(name+"_sum", labels(pairs...), seconds(h.Sum))
	e.sample(name+"_count", labels(pairs...), count(all))
}

func (e *exposition) cache(lines []*line) {
	const held, size, evicted = "upstreamauth_cache_entries", "upstreamauth_cache_size", "upstreamauth_cache_evictions_total"
	e.begin(held, "gauge", "Remembered answers: kind allowed, or denied.")
	for _, l := range lines {
		all := l.sums()
		e.sample(held, l.labels("kind", counters.Allowed), strconv.Itoa(all.allowed.Held))
		e.sample(held, l.labels("kind", counters.Denied), strconv.Itoa(all.denied.Held))
	}
	e.begin(size, "gauge", "Answers that may be remembered, by kind.")
	for _, l := range lines {
		all := l.sums()
		e.sample(size, l.labels("kind", counters.Allowed), strconv.Itoa(all.allowed.Size))
		e.sample(size, l.labels("kind", counters.Denied), strconv.Itoa(all.denied.Size))
	}
	e.begin(evicted, "counter", "Answers that were dropped before their end to make room, by kind.")
	for _, l := range lines {
		e.sample(evicted, l.labels("kind", counters.Allowed), count(l.totals.Evicted[counters.Allowed]))
		e.sample(evicted, l.labels("kind", counters.Denied), count(l.totals.Evicted[counters.Denied]))
	}
}

// health writes what there is to say of the scopes that are in use.
func (e *exposition) health(lines []*line) {
	e.begin("upstreamauth_flights", "gauge", "Calls to the upstream under way.")
	for _, l := range lines {
		e.sample("upstreamauth_flights", l.labels(), strconv.Itoa(l.sums().flights))
	}
	e.begin("upstreamauth_waiters", "gauge", "Questions that wait for one of those calls to end.")
	for _, l := range lines {
		e.sample("upstreamauth_waiters", l.labels(), strconv.Itoa(l.sums().waiters))
	}
	e.begin("upstreamauth_circuit_open", "gauge", "1 while the upstream is not called because it is down, else 0.")
	for _, l := range lines {
		e.sample("upstreamauth_circuit_open", l.labels(), map[bool]string{true: "1", false: "0"}[l.isOpen()])
	}
	e.begin("upstreamauth_trusted", "gauge", "1 once the upstream has denied a made-up credential, 0 while it accepts one; absent before it was asked.")
	for _, l := range lines {
		if l.trust() != "" {
			e.sample("upstreamauth_trusted", l.labels(), l.trust())
		}
	}
	e.begin("upstreamauth_budget_limit", "gauge", "Calls to the upstream that are allowed in a period; absent where there is no limit.")
	for _, l := range lines {
		b := l.budget()
		if b.Calls > 0 {
			e.sample("upstreamauth_budget_limit", l.labels(), strconv.Itoa(b.Calls))
		}
	}
	e.begin("upstreamauth_budget_remaining", "gauge", "Calls that are left of that in this period; where each application key has its own, of the key that has spent most.")
	for _, l := range lines {
		b := l.budget()
		if b.Calls > 0 {
			e.sample("upstreamauth_budget_remaining", l.labels(), strconv.Itoa(b.Left))
		}
	}
}

func (e *exposition) memory(m *counters.MemoryState) {
	const took, errors = "upstreamauth_shared_request_duration_seconds", "upstreamauth_shared_errors_total"
	e.begin(took, "histogram", "How long the memory that is shared with other Traefiks took for one batch.")
	e.histogram(took, m.Took, "", "")
	e.begin(errors, "counter", "Batches that this memory did not answer.")
	e.sample(errors, "", count(m.Errors))
}

func count(n int64) string { return strconv.FormatInt(n, 10) }

// seconds writes a duration as Prometheus has it.
func seconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64)
}
