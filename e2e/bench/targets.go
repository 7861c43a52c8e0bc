package bench

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// promised is the number of connections that the targets are about.
const promised = 16

// hits are the variants that a target about a hit holds for: the worst of them
// counts.
var hits = []struct{ name, short string }{{bearerHit, "bearer"}, {keyHit, "Application-Key"}, {basicHit, "Basic"}}

// atLeast is a target for a ratio of all hits to something, of which the lowest
// counts.
func atLeast(what string, want float64, got func(hit string) float64) Target {
	t := Target{What: what, Want: fmt.Sprintf("≥ %.2f ×", want), OK: true}
	var parts []string
	for _, hit := range hits {
		value := got(hit.name)
		parts = append(parts, fmt.Sprintf("%s %.2f", hit.short, value))
		t.OK = t.OK && value >= want
	}
	t.Got = strings.Join(parts, ", ")
	return t
}

// atMost is one for which the highest counts.
func atMost(what string, want float64, got func(hit string) float64) Target {
	t := Target{What: what, Want: fmt.Sprintf("≤ %.2f ×", want), OK: true}
	var parts []string
	for _, hit := range hits {
		value := got(hit.name)
		parts = append(parts, fmt.Sprintf("%s %.2f", hit.short, value))
		t.OK = t.OK && value <= want
	}
	t.Got = strings.Join(parts, ", ")
	return t
}

func trafficTargets(found map[string]bursts) []Target {
	rate := func(other string) func(string) float64 {
		return func(hit string) float64 { return median(ratios(found[hit].rates(), found[other].rates())) }
	}
	p99 := func(hit string) float64 { return median(ratios(found[hit].mosts(), found[none].mosts())) }
	return []Target{
		atLeast("behind Traefik, 16 connections: a hit, against no middleware", 0.82, rate(none)),
		atLeast("… against the no-op plugin", 0.84, rate(noopPlugin)),
		atLeast("… against forwardAuth", 2.0, rate(forwardAuth)),
		atMost("… its p99, against no middleware", 1.2, p99),
	}
}

// within is a target for a number with a unit.
func within[N number](what string, got, most N, write func(N) string) Target {
	return Target{What: what, Want: "≤ " + write(most), Got: write(got), OK: got <= most}
}

// flat is a target for numbers that are to differ from the first by no more
// than the share.
func flat(what string, share float64, values []float64) Target {
	t := Target{What: what, Want: fmt.Sprintf("± %.0f %%", 100*share), OK: len(values) > 1}
	var parts []string
	for _, value := range values {
		by := value/values[0] - 1
		parts = append(parts, fmt.Sprintf("%+.0f %%", 100*by))
		t.OK = t.OK && max(by, -by) <= share
	}
	if len(parts) > 0 {
		t.Got = strings.Join(parts[1:], ", ")
	}
	return t
}

// Missed counts the targets that were not met.
func (r *Report) Missed() int {
	met := slices.DeleteFunc(slices.Clone(r.Targets), func(t Target) bool { return !t.OK })
	return len(r.Targets) - len(met)
}

func wholeMillis(d time.Duration) string {
	return fmt.Sprintf("%d ms", d.Round(time.Millisecond).Milliseconds())
}
