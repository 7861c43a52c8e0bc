package bench

import (
	"context"
	"fmt"
	"time"
)

// bursts are a variant's results, one per round.
type bursts []burst

func (b bursts) rates() []float64 {
	var all []float64
	for _, one := range b {
		all = append(all, one.Rate)
	}
	return all
}

func (b bursts) halves() []time.Duration {
	var all []time.Duration
	for _, one := range b {
		all = append(all, one.P50)
	}
	return all
}

func (b bursts) mosts() []time.Duration {
	var all []time.Duration
	for _, one := range b {
		all = append(all, one.P99)
	}
	return all
}

// throughput is the first section.
func throughput(ctx context.Context, o Options, say Say, r *Report) error {
	f, err := newVariantFixture()
	if err != nil {
		return err
	}
	defer f.close()
	if err := f.check(ctx); err != nil {
		return err
	}
	for _, v := range f.variants {
		if _, err := f.measureOnce(ctx, v, 16, time.Second); err != nil {
			return err
		}
	}
	calls := f.calls()
	for _, rounds := range o.Rounds {
		found, err := f.measure(ctx, rounds, say)
		if err != nil {
			return err
		}
		r.Tables = append(r.Tables, f.table(found, rounds))
		if rounds.Connections == promised {
			r.Targets = append(r.Targets, trafficTargets(found)...)
			r.Bars = f.bars(found)
		}
	}
	last := &r.Tables[len(r.Tables)-1]
	last.Notes = append(last.Notes, fmt.Sprintf("calls to the upstreams during all of this: %d", f.calls()-calls))
	return nil
}

// measure runs all variants in turn, round after round. Each round begins with
// another one, so that none is always first, or after the same.
func (f *variantFixture) measure(ctx context.Context, rounds Rounds, say Say) (map[string]bursts, error) {
	found := map[string]bursts{}
	for round := range rounds.Times {
		say("  %s, round %d of %d (%s)", count(rounds.Connections, "connection"), round+1, rounds.Times, rounds.Each*time.Duration(len(f.variants)))
		for i := range f.variants {
			v := f.variants[(i+3*round)%len(f.variants)]
			b, err := f.measureOnce(ctx, v, rounds.Connections, rounds.Each)
			if err != nil {
				return nil, err
			}
			found[v.name] = append(found[v.name], b)
		}
	}
	return found, nil
}

// measureOnce measures one variant once. A reply of the wrong kind would make the
// number mean nothing, so it is an error.
func (f *variantFixture) measureOnce(ctx context.Context, v variant, connections int, how time.Duration) (burst, error) {
	b, err := wrk(ctx, f.URL+"/"+v.name, []string{v.header}, connections, how)
	if err != nil {
		return burst{}, fmt.Errorf("%s: %w", v.label, err)
	}
	want := 0
	if v.status >= 400 {
		want = b.Requests
	}
	if b.Requests == 0 || b.Denied != want || b.Broken != 0 {
		return burst{}, fmt.Errorf("%s, %d connections: of %d requests %d were denied (want %d), %d connections broke",
			v.label, connections, b.Requests, b.Denied, want, b.Broken)
	}
	return b, f.Died()
}

func (f *variantFixture) table(found map[string]bursts, rounds Rounds) Table {
	t := Table{
		Title: fmt.Sprintf("Behind Traefik, %s (wrk, %s each; medians of %s; in brackets the lowest and highest round)",
			count(rounds.Connections, "connection"), rounds.Each, count(rounds.Times, "round")),
		Head: []string{"", "requests/s", "× none", "", "p50 µs", "× none", "p99 µs", "× none"},
	}
	t.Notes = []string{"ratios are medians too, of the ratios within each round: other load on the machine affects both sides"}
	base := found[none]
	for _, v := range f.variants {
		b := found[v.name]
		against := ratios(b.rates(), base.rates())
		t.Rows = append(t.Rows, []string{
			v.label,
			thousands(int64(median(b.rates()))),
			times(median(against)), span(against),
			micros(median(b.halves())), times(median(ratios(b.halves(), base.halves()))),
			micros(median(b.mosts())), times(median(ratios(b.mosts(), base.mosts()))),
		})
	}
	return t
}

func (f *variantFixture) bars(found map[string]bursts) []Bar {
	var bars []Bar
	for _, v := range f.variants {
		bars = append(bars, Bar{
			Label: v.label,
			Value: median(ratios(found[v.name].rates(), found[none].rates())),
			Ours:  v.name == bearerHit || v.name == keyHit || v.name == basicHit || v.name == "whole" || v.name == "refusal",
		})
	}
	return bars
}
