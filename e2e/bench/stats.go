package bench

import (
	"fmt"
	"slices"
	"time"
)

// number is whatever can be put in order and averaged.
type number interface {
	~int | ~int64 | ~float64
}

// median of an even count is the mean of the two in the middle; of none, 0.
func median[N number](values []N) N {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// maximum is the largest; of none, 0.
func maximum[N number](values []N) N {
	var most N
	for i, value := range values {
		if i == 0 || value > most {
			most = value
		}
	}
	return most
}

// ratios divides what was measured in the same round, so that what changed
// between rounds cancels out. A divisor of 0 leaves its round out.
func ratios[N number](values, by []N) []float64 {
	var all []float64
	for i := range min(len(values), len(by)) {
		if by[i] != 0 {
			all = append(all, float64(values[i])/float64(by[i]))
		}
	}
	return all
}

// less takes from each value its counterpart.
func less[N number](values []N, others ...[]N) []N {
	left := slices.Clone(values)
	for _, other := range others {
		for i := range left {
			left[i] -= other[i]
		}
	}
	return left
}

// micros writes a duration in µs, which all columns of a table can share.
func micros(d time.Duration) string {
	return thousands(d.Round(time.Microsecond).Microseconds())
}

// millis writes a duration in ms with two digits behind the point.
func millis(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
}

// mebibytes writes a number of bytes.
func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

// count writes so many of a thing.
func count(n int, thing string) string {
	if n != 1 {
		thing += "s"
	}
	return thousands(int64(n)) + " " + thing
}

// thousands writes a whole number with a comma between groups of three digits.
func thousands(n int64) string {
	if n < 0 {
		return "-" + thousands(-n)
	}
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
