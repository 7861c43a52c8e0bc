package redis_test

import (
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/redis"
)

// BenchmarkInterpretedListener measures how long after it is sent an entry has been heard,
// looked at every tenth of a millisecond.
func BenchmarkInterpretedListener(b *testing.B) {
	l := interpreted(b)
	s, err := redis.Start(redis.Options{})
	if err != nil {
		b.Skip(err)
	}
	defer s.Close()
	number := l.open([]string{s.Address()}, "", "", "", 0, nil, patience)
	defer l.close(number)
	ear := l.listen(number, "events")
	defer l.stop(ear)
	for l.current(ear).IsZero() {
		time.Sleep(time.Millisecond)
	}
	var took []time.Duration
	b.ResetTimer()
	for i := range b.N {
		before, _ := l.heard(ear)
		began := time.Now()
		l.do(number, [][]string{{"XADD", "events", "*", "n", strconv.Itoa(i)}})
		for {
			if after, _ := l.heard(ear); len(after) > len(before) {
				break
			}
			time.Sleep(100 * time.Microsecond)
		}
		took = append(took, time.Since(began))
	}
	b.StopTimer()
	slices.Sort(took)
	for at, name := range map[int]string{len(took) / 2: "ms-half", len(took) * 99 / 100: "ms-99%", len(took) - 1: "ms-most"} {
		b.ReportMetric(float64(took[at].Microseconds())/1000, name)
	}
}

// BenchmarkInterpretedClient measures how many GETs 64 callers have answered in a second.
func BenchmarkInterpretedClient(b *testing.B) {
	l := interpreted(b)
	s, err := redis.Start(redis.Options{})
	if err != nil {
		b.Skip(err)
	}
	defer s.Close()
	number := l.open([]string{s.Address()}, "", "", "", 0, nil, patience)
	defer l.close(number)
	var left atomic.Int64
	left.Store(int64(b.N))
	ended := make(chan bool)
	began := time.Now()
	for range callers {
		go func() {
			for left.Add(-1) >= 0 {
				l.do(number, [][]string{{"GET", "ua:{3f}:k"}})
			}
			ended <- true
		}()
	}
	for range callers {
		<-ended
	}
	b.ReportMetric(float64(b.N)/time.Since(began).Seconds(), "GETs/s")
}
