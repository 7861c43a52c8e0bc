package bench

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Table is one of the report's.
type Table struct {
	Title string
	Head  []string
	Rows  [][]string
	Notes []string
}

// String is the table in columns: the first to the left, numbers to the right.
func (t Table) String() string {
	widths := make([]int, len(t.Head))
	for _, row := range append([][]string{t.Head}, t.Rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n", t.Title)
	for _, row := range append([][]string{t.Head}, t.Rows...) {
		b.WriteString(line(row, widths, 1))
	}
	for _, note := range t.Notes {
		fmt.Fprintf(&b, "  (%s)\n", note)
	}
	return b.String()
}

// line is one row; the first so many columns are text.
func line(row []string, widths []int, text int) string {
	var b strings.Builder
	for i, cell := range row {
		gap := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
		if i < text {
			b.WriteString("  " + cell + gap)
		} else {
			b.WriteString("  " + gap + cell)
		}
	}
	return strings.TrimRight(b.String(), " ") + "\n"
}

// String is the report as text.
func (r *Report) String() string {
	var b strings.Builder
	b.WriteString("What upstreamauth costs: everything measured in one run, by `make bench`\n")
	for _, l := range r.Machine.Lines() {
		fmt.Fprintf(&b, "  %s\n", l)
	}
	for _, t := range r.Tables {
		fmt.Fprintf(&b, "\n%s", t)
	}
	fmt.Fprintf(&b, "\nTargets: %d of %d met\n\n", len(r.Targets)-r.Missed(), len(r.Targets))
	rows := [][]string{{"", "target", "measured", ""}}
	for _, t := range r.Targets {
		verdict := "ok"
		if !t.OK {
			verdict = "missed"
		}
		rows = append(rows, []string{t.What, t.Want, t.Got, verdict})
	}
	widths := make([]int, 4)
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		b.WriteString(line(row, widths, 4))
	}
	return b.String()
}

// times writes a ratio.
func times(ratio float64) string { return fmt.Sprintf("%.2f", ratio) }

// span writes the lowest and the highest of some ratios, of which there are
// more than one.
func span(all []float64) string {
	if len(all) < 2 {
		return ""
	}
	return fmt.Sprintf("[%.2f %.2f]", slices.Min(all), slices.Max(all))
}
