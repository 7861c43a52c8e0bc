package redis_test

import "time"

// timed does something. It returns how long that took, without the time in which this
// process stood still, and how long it did: on a busy machine, a process is stopped for
// seconds at times.
func timed(do func()) (took, still time.Duration) {
	const tick, late = 10 * time.Millisecond, 50 * time.Millisecond
	ended, told := make(chan bool), make(chan time.Duration, 1)
	begun := time.Now()
	go func() {
		stood, last := time.Duration(0), begun
		for goesOn := true; goesOn; {
			select {
			case <-ended:
				goesOn = false
			case <-time.After(tick):
			}
			now := time.Now()
			if gap := now.Sub(last); gap > late {
				stood += gap - tick
			}
			last = now
		}
		told <- stood
	}()
	defer func() { // also where do ends the test
		close(ended)
		still = <-told
		took = time.Since(begun) - still
	}()
	do()
	return took, still
}
