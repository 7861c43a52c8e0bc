package redis_test

import (
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/redis"
	"github.com/upstreamauth/upstreamauth/e2e/redis/replicas"
)

func BenchmarkReplicas(b *testing.B)            { benchmarkReplicas(b, compiledTraefiks()) }
func BenchmarkInterpretedReplicas(b *testing.B) { benchmarkReplicas(b, interpretedTraefiks(b)) }

// benchmarkReplicas measures what the shared memory costs, beside a server on the same
// machine: a look that finds nothing, one that finds an entry, what a request spends on an
// entry that is written behind, and a call that is counted.
func benchmarkReplicas(b *testing.B, l traefiks) {
	s, err := redis.Start(redis.Options{})
	if err != nil {
		b.Skip(err)
	}
	defer s.Close()
	n := l.open([]string{s.Address()}, replicas.Secret, patience, time.Minute, true, 1)
	defer l.close(n)
	for _, operation := range []string{"get", "names", "look", "keep", "find", "take"} {
		b.Run(operation, func(b *testing.B) {
			if operation == "find" {
				l.time(n, "find-keep", 1)
				time.Sleep(100 * time.Millisecond)
			}
			b.ResetTimer()
			b.ReportMetric(float64(l.time(n, operation, b.N).Nanoseconds())/1000, "µs")
		})
	}
}
