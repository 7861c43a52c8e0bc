package verifier_test

import (
	"context"
	"fmt"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// onlyToken allows one token. It stands for the verifier that calls an upstream.
type onlyToken struct{ token string }

func (v onlyToken) Verify(_ context.Context, c verifier.Credential) (verifier.Decision, error) {
	if c.Token != v.token {
		return verifier.Decision{Denial: verifier.Denial{Reason: verifier.Invalid, Status: 401, HTTP: 401}}, nil
	}
	return verifier.Decision{Allowed: true, Identity: verifier.Identity{{Name: "user", Value: "ali"}}}, nil
}

// A decorator takes the next verifier and is one itself, so that they can be put around
// each other in any order. Package chain does so for the plugin. Here two calls an hour
// are allowed, and what is worth a log line is printed.
func Example() {
	report := func(level, event, detail string) { fmt.Println(level, event) }
	limit := verifier.Rate{Calls: 2, Period: time.Hour}
	fake := func(random []byte, _ time.Time) verifier.Credential {
		return verifier.Credential{Token: string(random)}
	}
	clock := func() time.Time { return time.Date(2026, 1, 31, 8, 0, 0, 0, time.UTC) }

	var v verifier.Verifier = onlyToken{token: "a-token-of-ali"}
	v = verifier.NewOutageReporter(v, clock, report)
	v = verifier.NewBudget(v, false, true, clock, report)
	v = verifier.NewCircuitBreaker(v, fake, clock, report)

	for _, token := range []string{"a-token-of-ali", "another", "a-token-of-ali"} {
		d, err := v.Verify(context.Background(), verifier.Credential{Kind: verifier.Bearer, Token: token, Budget: limit})
		switch {
		case err != nil:
			fmt.Println("could not find out:", err)
		case d.Allowed:
			fmt.Println("allowed:", d.Identity.Get("user"))
		default:
			fmt.Println("denied:", d.Denial.Reason, d.Denial.RetryAfter)
		}
	}
	// Output:
	// allowed: ali
	// denied: invalid 0s
	// error budget spent
	// denied: throttled 1h0m0s
}
