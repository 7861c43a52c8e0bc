package bench

import (
	"fmt"
	"html"
	"strings"
)

// Bar is one line of the chart.
type Bar struct {
	Label string
	Value float64 // 1 is no middleware
	Ours  bool
}

// The chart's measures, in pixels of an image 760 wide. Labels stand left of
// the bars; the scale ends a little behind the longest.
const (
	chartWidth = 760
	barLeft    = 300
	barRight   = 690
	barTop     = 78
	barStep    = 30
	barHeight  = 18
)

// chartStyle has both modes. The image brings its own background, since a page
// may be dark while the system is light.
const chartStyle = `<style>
    text { font: 13px system-ui, -apple-system, "Segoe UI", "Noto Sans", Helvetica, Arial, sans-serif; fill: #1f2328 }
    .title { font-size: 15px; font-weight: 600 }
    .small { font-size: 11.5px; fill: #59636e }
    .value { font-variant-numeric: tabular-nums; paint-order: stroke; stroke: #ffffff; stroke-width: 5px }
    .page { fill: #ffffff; stroke: #d1d9e0 }
    .grid { stroke: #d1d9e0 }
    .ours { fill: #0969da }
    .other { fill: #9aa4af }
    @media (prefers-color-scheme: dark) {
      text { fill: #f0f6fc }
      .small { fill: #9198a1 }
      .value { stroke: #0d1117 }
      .page { fill: #0d1117; stroke: #3d444d }
      .grid { stroke: #3d444d }
      .ours { fill: #4493f8 }
      .other { fill: #656c76 }
    }
  </style>`

// Chart is the throughput with 16 connections as an SVG image.
func (r *Report) Chart() string {
	height := barTop + barStep*len(r.Bars) + 58
	top := 1.0
	for _, bar := range r.Bars {
		top = max(top, bar.Value)
	}
	width := func(value float64) float64 { return (barRight - barLeft) * max(value, 0) / top }
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-labelledby="title desc">`+"\n",
		chartWidth, height, chartWidth, height)
	b.WriteString(`  <title id="title">Requests per second behind Traefik, against no middleware</title>` + "\n")
	fmt.Fprintf(&b, "  <desc id=\"desc\">%s</desc>\n", escaped(describe(r.Bars)))
	b.WriteString("  " + chartStyle + "\n")
	fmt.Fprintf(&b, `  <rect class="page" x="0.5" y="0.5" width="%d" height="%d" rx="6"/>`+"\n", chartWidth-1, height-1)
	b.WriteString(`  <text class="title" x="20" y="30">Requests per second behind Traefik, 16 connections</text>` + "\n")
	b.WriteString(`  <text class="small" x="20" y="50">against the same route without a middleware = 1; more is better</text>` + "\n")
	bottom := barTop + barStep*len(r.Bars)
	step := 0.25
	if top > 1.25 {
		step = 0.5
	}
	for mark := 0.0; mark <= top; mark += step {
		x := barLeft + width(mark)
		fmt.Fprintf(&b, `  <line class="grid" x1="%.1f" y1="%d" x2="%.1f" y2="%d"/>`+"\n", x, barTop-8, x, bottom)
		fmt.Fprintf(&b, `  <text class="small" x="%.1f" y="%d" text-anchor="middle">%s</text>`+"\n", x, bottom+15, fmt.Sprint(mark))
	}
	for i, bar := range r.Bars {
		y := barTop + barStep*i
		class := "other"
		if bar.Ours {
			class = "ours"
		}
		fmt.Fprintf(&b, `  <text x="%d" y="%d" text-anchor="end">%s</text>`+"\n", barLeft-12, y+14, escaped(bar.Label))
		fmt.Fprintf(&b, `  <rect class="%s" x="%d" y="%d" width="%.1f" height="%d" rx="2"/>`+"\n", class, barLeft, y, max(width(bar.Value), 1), barHeight)
		fmt.Fprintf(&b, `  <text class="value" x="%.1f" y="%d">%s</text>`+"\n", barLeft+width(bar.Value)+8, y+14, times(bar.Value))
	}
	fmt.Fprintf(&b, `  <text class="small" x="20" y="%d">%s</text>`+"\n</svg>\n", height-16, escaped(r.Machine.Short()))
	return b.String()
}

// describe is the chart as text, for screen readers.
func describe(bars []Bar) string {
	var parts []string
	for _, bar := range bars {
		parts = append(parts, bar.Label+" "+times(bar.Value))
	}
	return strings.Join(parts, "; ")
}

func escaped(text string) string { return html.EscapeString(text) }
