package inprocess

import "testing"

// Every subject gets the response that it should; its speed is not tested.
func TestInterpretedSubjects(t *testing.T) {
	report, err := Run(Options{Rounds: 3, Entries: []int{10, 100}, Say: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Rows) < 15 || report.BytesPerOne <= 0 {
		t.Errorf("%+v", report)
	}
	t.Log("\n" + report.Text())
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		all  []float64
		want float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1, 5}, 5}, {[]float64{4, 1, 3, 2}, 3}} {
		if got := Median(c.all); got != c.want {
			t.Errorf("%v: %v", c.all, got)
		}
	}
}
