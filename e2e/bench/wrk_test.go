package bench

import (
	"testing"
	"time"
)

const usualOutput = `Running 2s test @ http://127.0.0.1:40123/bearer
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.27ms    1.10ms  18.34ms   93.06%
    Req/Sec    13.41k   811.20    14.67k    71.43%
  Latency Distribution
     50%    1.07ms
     75%    1.45ms
     90%    2.01ms
     99%    6.14ms
  28027 requests in 2.10s, 3.21MB read
Requests/sec:  13345.97
Transfer/sec:      1.53MB
`

func TestReadWrk(t *testing.T) {
	t.Run("reads the usual output", func(t *testing.T) {
		got, err := readWrk(usualOutput)
		want := burst{Requests: 28027, Rate: 13345.97, P50: 1070 * time.Microsecond, P99: 6140 * time.Microsecond}
		if err != nil || got != want {
			t.Errorf("got %+v (%v), want %+v", got, err, want)
		}
	})

	t.Run("counts denials and broken connections", func(t *testing.T) {
		got, err := readWrk(`Running 1s test @ http://127.0.0.1:40123/refusal
  1 threads and 256 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   500.00us    1.10ms   1.02s    99.00%
    Req/Sec    25.10k     1.00k    26.00k    50.00%
  Latency Distribution
     50%  415.00us
     75%  600.00us
     90%  900.00us
     99%    1.02s
  25100 requests in 1.00s, 9.00MB read
  Socket errors: connect 1, read 2, write 3, timeout 4
  Non-2xx or 3xx responses: 25090
Requests/sec:  25100.00
Transfer/sec:      9.00MB
`)
		want := burst{Requests: 25100, Rate: 25100, P50: 415 * time.Microsecond, P99: 1020 * time.Millisecond, Denied: 25090, Broken: 10}
		if err != nil || got != want {
			t.Errorf("got %+v (%v), want %+v", got, err, want)
		}
	})

	t.Run("other output is an error", func(t *testing.T) {
		for _, text := range []string{"", "unable to connect to 127.0.0.1:1 Connection refused", usualOutput[:len(usualOutput)-60]} {
			if got, err := readWrk(text); err == nil {
				t.Errorf("%q is read as %+v", text, got)
			}
		}
	})
}
