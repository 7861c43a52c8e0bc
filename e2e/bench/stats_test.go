package bench

import (
	"math"
	"slices"
	"testing"
	"time"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 5}, 5}, {[]float64{4, 1, 3, 2}, 2.5}, {[]float64{1, 1, 100}, 1}} {
		given := slices.Clone(c.values)
		if got := median(c.values); got != c.want {
			t.Errorf("%v: %v, want %v", c.values, got, c.want)
		}
		if !slices.Equal(given, c.values) {
			t.Errorf("the values were put in order where they are: %v", c.values)
		}
	}
}

// A round in which the machine was half as fast changes no ratio.
func TestRatios(t *testing.T) {
	got := ratios([]float64{80, 40, 81}, []float64{100, 50, 0})
	if len(got) != 2 || math.Abs(got[0]-0.8) > 1e-9 || math.Abs(got[1]-0.8) > 1e-9 {
		t.Errorf("%v", got)
	}
	if got := ratios([]time.Duration{3}, []time.Duration{2}); got[0] != 1.5 {
		t.Errorf("durations: %v", got)
	}
}

func TestLess(t *testing.T) {
	behind := []time.Duration{10, 20}
	got := less(behind, []time.Duration{1, 2}, []time.Duration{3, 4})
	if !slices.Equal(got, []time.Duration{6, 14}) || behind[0] != 10 {
		t.Errorf("%v, and of the values %v is left", got, behind)
	}
}

func TestNumbers(t *testing.T) {
	for _, c := range [][2]string{
		{thousands(0), "0"},
		{thousands(999), "999"},
		{thousands(1000), "1,000"},
		{thousands(1234567), "1,234,567"},
		{thousands(-8921), "-8,921"},
		{count(1, "round"), "1 round"},
		{count(1000, "call"), "1,000 calls"},
		{micros(1499 * time.Nanosecond), "1"},
		{millis(2651 * time.Microsecond), "2.65 ms"},
		{mebibytes(3 << 19), "1.5 MiB"},
	} {
		if c[0] != c[1] {
			t.Errorf("got %q, want %q", c[0], c[1])
		}
	}
}
