package redis_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/redis"
)

// expectCounts judges what callers met.
func expectCounts(t *testing.T, counts []int64, text string, want int) {
	t.Helper()
	t.Logf("done %d, failed %d, absent %d, wrong %d: %s", counts[0], counts[1], counts[2], counts[3], text)
	if counts[3] != 0 {
		t.Errorf("%d wrong values: %s", counts[3], text)
	}
	if int(counts[0]) != want {
		t.Errorf("%d operations were done, want %d", counts[0], want)
	}
}

const (
	callers = 64
	hang    = 2 * time.Minute
	chaos   = 3 * time.Second
)

func testFaults(t *testing.T, l level) {
	t.Run("without faults every caller finds exactly what it wrote", func(t *testing.T) {
		s := start(t, redis.Options{})
		before := runtime.NumGoroutine()
		number := l.open([]string{s.Address()}, "", "", "", 0, nil, patience)
		began := time.Now()
		counts, text := l.run(number, callers, l.operations, "ua", true, hang)
		expectCounts(t, counts, text, callers*l.operations)
		t.Logf("%d commands in %v", callers*l.operations*5, time.Since(began).Round(time.Millisecond))
		if counts[1] != 0 {
			t.Errorf("%d failed", counts[1])
		}
		l.close(number)
		expectNoGoroutines(t, before)
	})

	t.Run("killed, stopped and with connections cut, nothing is wrong and nothing hangs", func(t *testing.T) {
		s := start(t, redis.Options{TLS: true, Password: "staple"})
		before := runtime.NumGoroutine()
		number := l.open([]string{s.Address()}, "", "", "staple", 0, s.TLS(), 300*time.Millisecond)
		done, quit := make(chan bool), make(chan bool)
		go func() {
			defer close(done)
			for i := 0; ; i++ {
				select {
				case <-quit:
					return
				case <-time.After(200 * time.Millisecond):
				}
				switch i % 3 {
				case 0:
					_, _ = s.CLI("CLIENT", "KILL", "TYPE", "normal")
				case 1:
					s.Pause()
					time.Sleep(400 * time.Millisecond)
					s.Continue()
				case 2:
					s.Kill()
					if err := s.Restart(); err != nil {
						t.Error(err)
						return
					}
				}
			}
		}()
		enough := false
		for round := 0; round < 10 && !enough; round++ { // where the machine pauses, little is done
			began := time.Now()
			counts, text := l.run(number, callers, 1<<30, fmt.Sprint("ua", round), false, chaos)
			if took := time.Since(began); took > 5*chaos {
				t.Errorf("it took %v to end", took)
			}
			expectCounts(t, counts, text, int(counts[0]))
			enough = counts[0] >= callers && counts[1] > 0
		}
		close(quit)
		<-done
		if !enough {
			t.Error("too little was done, or no fault was met")
		}
		l.close(number)
		expectNoGoroutines(t, before+1) // the process is a later one, with its own
	})

	t.Run("a server that is gone is found again", func(t *testing.T) {
		s := start(t, redis.Options{Durable: true})
		client := l.client(t, []string{s.Address()}, settings{})
		l.expect(t, client, [][]string{{"SET", "k", "v"}}, "OK")
		s.Kill()
		began := time.Now()
		for range 3 {
			if got := l.do(client, [][]string{{"GET", "k"}})[0]; !strings.HasPrefix(got, "error: ") {
				t.Error(got)
			}
		}
		if took := time.Since(began); took > patience/2 {
			t.Errorf("it took %v to see that it is gone", took)
		}
		if err := s.Restart(); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the value", func() bool { return l.do(client, [][]string{{"GET", "k"}})[0] == "v" })
	})
}
