package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/floods"
)

// measureFloods is what requests cost that consist of one thing in great numbers. It
// cannot be interrupted.
func measureFloods(_ context.Context, o Options, say Say, r *Report) error {
	rows, err := floods.Measure(floods.Options{Least: o.Floods, Say: say})
	if err != nil {
		return err
	}
	t := Table{
		Title: "Floods: processor time of Traefik to refuse one request of 1 MB, or 20 kB over HTTP/2",
		Head:  []string{"", "upstreamauth, ms", "basicAuth, ms", "ratio"},
		Notes: []string{"on the route, of several, that it costs most on: with preflights, sessions, keys or accounts"},
	}
	for _, row := range rows {
		t.Rows = append(t.Rows, []string{row.Name, exactMillis(row.Refusal), exactMillis(row.Traefiks), times(row.Ratio())})
	}
	r.Tables = append(r.Tables, t)
	worst := floods.Worst(rows)
	r.Targets = append(r.Targets, within("the refusal of a flood, against that of basicAuth: "+worst.Name, worst.Ratio(), 2, func(x float64) string { return fmt.Sprintf("%.2f ×", x) }))
	return nil
}

// exactMillis writes a duration in milliseconds, to a hundredth.
func exactMillis(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()*1000) }
