package bench

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/bench/inprocess"
)

func sample() *Report {
	return &Report{
		Machine: Machine{CPU: `A "CPU" <fast> & cool`, Cores: 2, Date: "2026-01-31", Traefik: "v3.6.12 (go1.26.8)", Yaegi: "v0.16.1"},
		Tables:  []Table{{Title: "A table", Head: []string{"", "µs"}, Rows: [][]string{{"เร็ว", "7"}, {"slower", "1,000"}}, Notes: []string{"a note"}}},
		Targets: []Target{{"one", "≤ 1", "0", true}, {"two", "≤ 1", "2", false}},
		Bars:    []Bar{{"no middleware", 1, false}, {"upstreamauth <hit>", 0.86, true}, {"a denial", 1.5, true}},
	}
}

func TestReport(t *testing.T) {
	t.Run("says of every target whether it was met", func(t *testing.T) {
		text := sample().String()
		for _, want := range []string{"Targets: 1 of 2 met", "one  ≤ 1     0         ok", "two  ≤ 1     2         missed", "2026-01-31", "v0.16.1", "(a note)"} {
			if !strings.Contains(text, want) {
				t.Errorf("%q is missing in\n%s", want, text)
			}
		}
	})
}

func TestChart(t *testing.T) {
	// The chart is XML whatever the labels hold, has a bar as long as its value for
	// each, and colours for both modes.
	t.Run("is an image of its bars", func(t *testing.T) {
		r := sample()
		chart := r.Chart()
		var widths []string
		decoder := xml.NewDecoder(strings.NewReader(chart))
		for {
			token, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatalf("%v in\n%s", err, chart)
			}
			start, _ := token.(xml.StartElement)
			attributes := map[string]string{}
			for _, a := range start.Attr {
				attributes[a.Name.Local] = a.Value
			}
			if class := attributes["class"]; class == "ours" || class == "other" {
				widths = append(widths, class+" "+attributes["width"])
			}
		}
		long := float64(barRight - barLeft)
		want := []string{fmt.Sprintf("other %.1f", long/1.5), fmt.Sprintf("ours %.1f", long*0.86/1.5), fmt.Sprintf("ours %.1f", long)}
		if !slices.Equal(widths, want) {
			t.Errorf("bars %v, want %v", widths, want)
		}
		for _, part := range []string{"prefers-color-scheme: dark", "upstreamauth &lt;hit&gt;", ">0.86<", "<desc id="} {
			if !strings.Contains(chart, part) {
				t.Errorf("%q is missing in\n%s", part, chart)
			}
		}
	})

	t.Run("without numbers it is still an image", func(t *testing.T) {
		if err := xml.Unmarshal([]byte((&Report{}).Chart()), new(struct{})); err != nil {
			t.Error(err)
		}
	})
}

func TestTargets(t *testing.T) {
	// One hit that is too slow is enough.
	t.Run("a target about hits is decided by the slowest", func(t *testing.T) {
		found := map[string]bursts{
			none: {{Rate: 100, P99: 10}}, noopPlugin: {{Rate: 98}}, forwardAuth: {{Rate: 40}},
			bearerHit: {{Rate: 86, P99: 11}}, keyHit: {{Rate: 86, P99: 11}}, basicHit: {{Rate: 81, P99: 13}},
		}
		var got []bool
		for _, target := range trafficTargets(found) {
			got = append(got, target.OK)
		}
		if want := []bool{false, false, true, false}; !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	})

	t.Run("targets in process are taken from their rows", func(t *testing.T) {
		found := &inprocess.Report{BytesPerOne: 1406, Rows: []inprocess.Row{
			{Name: "hit, of 10 entries", NS: 5000, Ratio: 6.5}, {Name: "hit, of 100000 entries", NS: 6000, Ratio: 7.8}, {Name: "negative hit", NS: 5900},
		}}
		var got []string
		for _, target := range insideTargets(found) {
			got = append(got, fmt.Sprint(target.Got, " ", target.OK))
		}
		if want := []string{"6.50 × true", "+20 % false", "1.18 × true", "1406 bytes true"}; !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		found.Rows = append(found.Rows, inprocess.Row{Name: "negative hit, up to the writing of the body", NS: 5500})
		if got := insideTargets(found)[2].Got; got != "1.10 ×" {
			t.Errorf("the part before the body is not what counts: %s", got)
		}
		for _, target := range insideTargets(&inprocess.Report{}) {
			if target.OK {
				t.Errorf("met without a measurement: %+v", target)
			}
		}
	})

	t.Run("a value equal to the limit meets it", func(t *testing.T) {
		if !within("x", time.Millisecond, time.Millisecond, millis).OK || within("x", time.Millisecond+1, time.Millisecond, millis).OK {
			t.Error("a limit is met up to itself, and not beyond")
		}
	})
}

func TestPanics(t *testing.T) {
	log := "all is well\npanic: runtime error\n{\"event\":\"internal\",\"level\":\"error\"}\n{\"event\":\"outage\"}\n"
	if got := panics(log); got != 2 {
		t.Errorf("%d, want 2", got)
	}
}
