package jwt

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

var begin = time.Date(2031, 2, 3, 4, 5, 6, 0, time.UTC)

// answers is a verifier that gives one answer and counts how often it is asked.
type answers struct {
	decision verifier.Decision
	err      error
	asked    int
}

func (a *answers) Verify(context.Context, verifier.Credential) (verifier.Decision, error) {
	a.asked++
	return a.decision, a.err
}

func allows() *answers {
	return &answers{decision: verifier.Decision{Allowed: true}}
}

func atBegin() time.Time { return begin }

// token is a JWT of these claims; its signature is not checked here.
func token(claims string) string {
	encoding := base64.RawURLEncoding
	return encoding.EncodeToString([]byte(`{"alg":"RS256"}`)) + "." + encoding.EncodeToString([]byte(claims)) + ".c2ln"
}

func TestExpiry(t *testing.T) {
	t.Run("a token is asked about until half a minute after its end", func(t *testing.T) {
		now := begin
		end := now.Add(time.Hour)
		c := verifier.Credential{Kind: verifier.Bearer, Token: token(fmt.Sprintf(`{"exp":%d}`, end.Unix()))}
		next := allows()
		e := NewExpiry(next, true, func() time.Time { return now })
		for _, step := range []struct {
			move  time.Duration
			asked bool
		}{
			{0, true},
			{time.Hour - time.Second, true},
			{time.Second, true},      // at its end
			{30 * time.Second, true}, // the last moment of leeway
			{1, false},               // just over
			{100 * time.Hour, false}, // long over
			{-101 * time.Hour, true}, // a clock that was set back
		} {
			now = now.Add(step.move)
			before := next.asked
			d, err := e.Verify(context.Background(), c)
			if err != nil || (next.asked > before) != step.asked {
				t.Fatalf("%s after its end: asked %v (%v), want %v", now.Sub(end), next.asked > before, err, step.asked)
			}
			if !step.asked && (d.Allowed || d.Denial.Reason != verifier.Expired) {
				t.Errorf("%s after its end: %+v", now.Sub(end), d)
			}
			if step.asked && (!d.Allowed || !d.Expires.Equal(end)) {
				t.Errorf("%s after its end: allowed %v until %s", now.Sub(end), d.Allowed, d.Expires)
			}
		}
	})

	// Only the API whose document says that its tokens are JWTs may refuse one for
	// its claims; elsewhere they shorten.
	t.Run("an ended token of an API without JWTs is still asked about", func(t *testing.T) {
		c := verifier.Credential{Kind: verifier.Bearer, Token: token(`{"exp":1000}`)}
		d, err := NewExpiry(allows(), false, atBegin).Verify(context.Background(), c)
		if err != nil || !d.Allowed || d.Expires.Unix() != 1000 {
			t.Errorf("%+v (%v)", d, err)
		}
	})

	t.Run("claims mean nothing in a key or beside a denial", func(t *testing.T) {
		text := token(fmt.Sprintf(`{"exp":%d,"iat":1}`, begin.Unix()+60))
		e := NewExpiry(allows(), true, atBegin)
		if d, _ := e.Verify(context.Background(), verifier.Credential{Kind: verifier.ApplicationKey, Token: text}); !d.Expires.IsZero() || !d.Issued.IsZero() {
			t.Errorf("a key got instants: %+v", d)
		}
		denied := verifier.Denial{Reason: verifier.Invalid, Status: 401, HTTP: 401}
		for _, next := range []*answers{{decision: verifier.Decision{Denial: denied}}, {decision: verifier.Decision{Denial: denied}, err: errors.New("down")}} {
			d, err := NewExpiry(next, true, atBegin).Verify(context.Background(), verifier.Credential{Kind: verifier.Bearer, Token: text})
			if d.Allowed || d.Denial != denied || !errors.Is(err, next.err) || !d.Expires.IsZero() {
				t.Errorf("got %+v (%v), want %+v (%v)", d, err, denied, next.err)
			}
		}
	})
}

// What of a token's instants is taken: those that are numbers shorten; an exp that
// is a whole number and over refuses without a call.
func TestExpiryInstants(t *testing.T) {
	now := begin.Unix()
	for name, c := range map[string]struct {
		token           string
		expires, issued int64 // 0: it does not say
		refused         bool
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
		"padded base64":                {"a." + strings.Repeat("e30", 1) + "=.c", 0, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := NewExpiry(allows(), true, atBegin).Verify(context.Background(), verifier.Credential{Kind: verifier.Bearer, Token: c.token})
			if err != nil || d.Allowed == c.refused {
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
