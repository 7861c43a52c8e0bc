package jwt

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// begin is the time of these tests.
var begin = time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)

func atBegin() time.Time { return begin }

// fixture is a verifier that gives one answer and counts its calls.
type fixture struct {
	decision verifier.Decision
	err      error
	calls    int
}

func (f *fixture) Verify(context.Context, verifier.Credential) (verifier.Decision, error) {
	f.calls++
	return f.decision, f.err
}

func allowing() *fixture {
	return &fixture{decision: verifier.Decision{Allowed: true}}
}

// token is a JWT with these claims. Its signature is checked by no code here.
func token(claims string) string {
	encoding := base64.RawURLEncoding
	return encoding.EncodeToString([]byte(`{"alg":"RS256"}`)) + "." + encoding.EncodeToString([]byte(claims)) + ".c2ln"
}

func TestExpiry(t *testing.T) {
	t.Run("a token is verified until half a minute after its exp", func(t *testing.T) {
		now := begin
		end := now.Add(time.Hour)
		c := verifier.Credential{Kind: verifier.Bearer, Token: token(fmt.Sprintf(`{"exp":%d}`, end.Unix()))}
		next := allowing()
		e := NewExpiry(next, true, func() time.Time { return now })
		for _, step := range []struct {
			move   time.Duration
			called bool
		}{
			{0, true},
			{time.Hour - time.Second, true},
			{time.Second, true},      // at its exp
			{30 * time.Second, true}, // the last moment of leeway
			{1, false},               // just over
			{100 * time.Hour, false}, // long over
			{-101 * time.Hour, true}, // a clock that was set back
		} {
			now = now.Add(step.move)
			before := next.calls
			d, err := e.Verify(context.Background(), c)
			if err != nil || (next.calls > before) != step.called {
				t.Fatalf("%s after its exp: called %v (%v), want %v", now.Sub(end), next.calls > before, err, step.called)
			}
			if !step.called && (d.Allowed || d.Denial.Reason != verifier.Expired) {
				t.Errorf("%s after its exp: %+v", now.Sub(end), d)
			}
			if step.called && (!d.Allowed || !d.Expires.Equal(end)) {
				t.Errorf("%s after its exp: allowed %v until %s", now.Sub(end), d.Allowed, d.Expires)
			}
		}
	})

	// Only where the document says that tokens are JWTs may claims deny one; elsewhere
	// they only shorten.
	t.Run("an expired token of an API without JWTs is still verified", func(t *testing.T) {
		c := verifier.Credential{Kind: verifier.Bearer, Token: token(`{"exp":1000}`)}
		d, err := NewExpiry(allowing(), false, atBegin).Verify(context.Background(), c)
		if err != nil || !d.Allowed || d.Expires.Unix() != 1000 {
			t.Errorf("%+v (%v)", d, err)
		}
	})

	t.Run("claims of a key, and beside a denial, are not used", func(t *testing.T) {
		text := token(fmt.Sprintf(`{"exp":%d,"iat":1}`, begin.Unix()+60))
		e := NewExpiry(allowing(), true, atBegin)
		if d, _ := e.Verify(context.Background(), verifier.Credential{Kind: verifier.ApplicationKey, Token: text}); !d.Expires.IsZero() || !d.Issued.IsZero() {
			t.Errorf("a key has instants: %+v", d)
		}
		denied := verifier.Denial{Reason: verifier.Invalid, Status: 401, HTTP: 401}
		for _, next := range []*fixture{{decision: verifier.Decision{Denial: denied}}, {decision: verifier.Decision{Denial: denied}, err: errors.New("down")}} {
			d, err := NewExpiry(next, true, atBegin).Verify(context.Background(), verifier.Credential{Kind: verifier.Bearer, Token: text})
			if d.Allowed || d.Denial != denied || !errors.Is(err, next.err) || !d.Expires.IsZero() {
				t.Errorf("got %+v (%v), want %+v (%v)", d, err, denied, next.err)
			}
		}
	})
}

// Instants that are numbers shorten; an exp that is a whole number and over denies
// without a call.
func TestExpiryInstants(t *testing.T) {
	now := begin.Unix()
	for name, c := range map[string]struct {
		token           string
		expires, issued int64 // 0: none
		denied          bool
	}{
		"both":                         {token(fmt.Sprintf(`{"exp":%d,"iat":%d}`, now+60, now-60)), now + 60, now - 60, false},
		"no exp":                       {token(fmt.Sprintf(`{"iat":%d}`, now-60)), 0, now - 60, false},
		"iat in the future":            {token(fmt.Sprintf(`{"exp":%d,"iat":%d}`, now+60, now+5)), now + 60, 0, false},
		"iat of this very second":      {token(fmt.Sprintf(`{"iat":%d}`, now)), 0, 0, false},
		"iat at the beginning of time": {token(`{"iat":1}`), 0, 1, false},
		"a fraction":                   {token(fmt.Sprintf(`{"exp":%d.5}`, now-3600)), now - 3600, 0, false},
		"an exponent":                  {token(`{"exp":1e3}`), 1000, 0, false},
		"a number in a text":           {token(`{"exp":"1000"}`), 1000, 0, false},
		"a text":                       {token(`{"exp":"tomorrow","iat":true}`), 0, 0, false},
		"null":                         {token(`{"exp":null,"iat":null}`), 0, 0, false},
		"negative":                     {token(`{"exp":-1000}`), 0, 0, true},
		"beyond 64 bits":               {token(`{"exp":9223372036854775808}`), 0, 0, false},
		"the largest of 64 bits":       {token(`{"exp":9223372036854775807,"iat":9223372036854775807}`), 0, 0, false},
		"zero":                         {token(`{"exp":0}`), 0, 0, true},
		"exp twice":                    {token(`{"exp":99999999999,"EXP":1000}`), 0, 0, false},
		"no object":                    {token(`[1000]`), 0, 0, false},
		"no JWT":                       {"opaque", 0, 0, false},
		"two parts":                    {"e30.e30", 0, 0, false},
		"five parts":                   {"a.b.c.d.e", 0, 0, false},
		"no base64":                    {"a.!.c", 0, 0, false},
		"padded base64":                {"a.e30=.c", 0, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := NewExpiry(allowing(), true, atBegin).Verify(context.Background(), verifier.Credential{Kind: verifier.Bearer, Token: c.token})
			if err != nil || d.Allowed == c.denied {
				t.Fatalf("allowed %v (%v)", d.Allowed, err)
			}
			if unix(d.Expires) != c.expires || unix(d.Issued) != c.issued {
				t.Errorf("expires %s, issued %s", d.Expires, d.Issued)
			}
		})
	}
}

func unix(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.Unix()
}
