package interpreted

import (
	"reflect"
	"time"

	"github.com/traefik/yaegi/interp"
)

// Clock is the time that the plugin sees. Many goroutines call it at once.
//
// Only what the plugin itself calls is replaced. Timers, tickers, contexts with
// a timeout, connection deadlines and certificate checks go by the real time:
// context.WithTimeout works as usual under a moved clock, while
// context.WithDeadline(ctx, time.Now().Add(d)) does not.
type Clock interface {
	Now() time.Time
	Since(t time.Time) time.Duration
}

// clockSymbols are the functions of package time that return or compare the current time.
func clockSymbols(clock Clock) interp.Exports {
	until := func(t time.Time) time.Duration { return -clock.Since(t) }

	return interp.Exports{
		"time/time": {
			"Now":   reflect.ValueOf(clock.Now),
			"Since": reflect.ValueOf(clock.Since),
			"Until": reflect.ValueOf(until),
		},
	}
}
