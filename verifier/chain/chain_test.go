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
	// Junk has the shape of the API's own credentials, and is new each time.
	t.Run("it is well formed, and never the same", func(t *testing.T) {
		now := time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)
		for _, api := range apis.All() {
			for _, kind := range api.Kinds {
				seen := map[verifier.Credential]bool{}
				fake := fakeOf(api, apis.Settings{Kind: kind})
				var junk verifier.Credential
				for i := 0; i < 3; i++ {
					random := make([]byte, 288)
					if _, err := rand.Read(random); err != nil {
						t.Fatal(err)
					}
					junk = fake.Make(random, now)
					seen[junk] = true
				}
				if len(seen) != 3 {
					t.Errorf("%s, %s: %d of 3 are different", api.Name, kind, len(seen))
				}
				accepts := credential.Accepts{Bearer: kind == verifier.Bearer, Key: kind == verifier.ApplicationKey, Basic: kind == verifier.Basic}
				h := http.Header{"Authorization": {"Bearer " + junk.Token}}
				if kind == verifier.ApplicationKey {
					h = http.Header{"Application-Key": {junk.Token}}
				}
				if kind == verifier.Basic {
					h = http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(junk.User+":"+junk.Password))}}
				}
				if got, denial := credential.FromHeader(h, accepts); got != junk || denial.Reason != "" {
					t.Errorf("%s, %s: junk that no client could send: %q", api.Name, kind, denial.Reason)
				}
				if len(strings.TrimSpace(junk.Token+junk.Password)) < 16 {
					t.Errorf("%s, %s: too easily guessed", api.Name, kind)
				}
				if d, _ := jwt.NewExpiry(allowsAll{}, api.JWT, func() time.Time { return now }).Verify(context.Background(), junk); !d.Allowed {
					t.Errorf("%s, %s: junk is refused before it is asked about", api.Name, kind)
				}
			}
		}
	})
}
