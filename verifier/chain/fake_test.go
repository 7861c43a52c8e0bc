package chain

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/credential"
	"github.com/upstreamauth/upstreamauth/telemetry/counters"
	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
	"github.com/upstreamauth/upstreamauth/verifier/jwt"
)

// allowsAll allows every credential.
type allowsAll struct{}

func (allowsAll) Verify(context.Context, verifier.Credential) (verifier.Decision, error) {
	return verifier.Decision{Allowed: true}, nil
}

func TestFakeCredential(t *testing.T) {
	now := time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)
	for _, api := range apis.All() {
		for _, kind := range api.Kinds {
			made := fakes(t, api, kind, now)
			one := made[0]
			t.Run(api.Name+", "+string(kind)+": it is random, and never the same", func(t *testing.T) {
				if made[0] == made[1] || made[1] == made[2] || made[0] == made[2] {
					t.Errorf("two of these are the same: %+v", made)
				}
				if len(strings.TrimSpace(one.Token+one.Password)) < 16 {
					t.Errorf("too easily guessed: %+v", one)
				}
			})

			t.Run(api.Name+", "+string(kind)+": a client could send it", func(t *testing.T) {
				accepts := credential.Accepts{Bearer: kind == verifier.Bearer, Key: kind == verifier.ApplicationKey, Basic: kind == verifier.Basic}
				if got, denial := credential.FromHeader(headerOf(one), accepts); got != one || denial.Reason != "" {
					t.Errorf("%q", denial.Reason)
				}
			})

			t.Run(api.Name+", "+string(kind)+": it is not denied before the upstream is called", func(t *testing.T) {
				expiry := jwt.NewExpiry(allowsAll{}, api.JWT, func() time.Time { return now })
				if d, _ := expiry.Verify(context.Background(), one); !d.Allowed {
					t.Errorf("%+v", d)
				}
			})
		}
	}
}

// fakes makes three fake credentials of an API.
func fakes(t *testing.T, api *apis.API, kind verifier.Kind, now time.Time) (made [3]verifier.Credential) {
	t.Helper()
	fake := fakeOf(api, apis.Settings{Kind: kind})
	for i := range made {
		random := make([]byte, 288)
		if _, err := rand.Read(random); err != nil {
			t.Fatal(err)
		}
		made[i] = fake.Make(random, now)
	}
	return made
}

// headerOf is the header with which a client sends a credential.
func headerOf(c verifier.Credential) http.Header {
	switch c.Kind {
	case verifier.ApplicationKey:
		return http.Header{"Application-Key": {c.Token}}
	case verifier.Basic:
		return http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(c.User+":"+c.Password))}}
	}
	return http.Header{"Authorization": {"Bearer " + c.Token}}
}

// tallyOf is a tally that no test reads.
func tallyOf() *counters.Scope {
	return counters.NewScope(counters.Label{}, "", time.Now, func() time.Duration { return 0 })
}
