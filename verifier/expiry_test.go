package verifier

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestATokenIsAskedAboutUntilHalfAMinuteAfterItsEnd(t *testing.T) {
	c := newClock()
	end := c.Now().Add(time.Hour)
	token := Credential{Kind: Bearer, Token: jwt(fmt.Sprintf(`{"exp":%d}`, end.Unix()))}
	asked := 0
	e := NewExpiry(verifies(func(ctx context.Context, c Credential) (Decision, error) {
		asked++
		return yes(ctx, c)
	}), true, c.Now)

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
		c.move(step.move)
		before := asked
		d, err := e.Verify(context.Background(), token)
		if err != nil || (asked > before) != step.asked {
			t.Fatalf("%s after its end: asked %v (%v), want %v", c.Now().Sub(end), asked > before, err, step.asked)
		}
		if !step.asked && (d.Allowed || d.Denial.Reason != Expired) {
			t.Errorf("%s after its end: %+v", c.Now().Sub(end), d)
		}
		if step.asked && (!d.Allowed || !d.Expires.Equal(end)) {
			t.Errorf("%s after its end: allowed %v until %s", c.Now().Sub(end), d.Allowed, d.Expires)
		}
	}
}

func TestATokensInstantsAreTakenIfTheyAreNumbersAndOnlyWholeOnesRefuse(t *testing.T) {
	c := newClock()
	now := c.Now().Unix()
	cases := []struct {
		name            string
		token           string
		expires, issued int64 // 0: it does not say
		refused         bool
	}{
		{"both", jwt(fmt.Sprintf(`{"exp":%d,"iat":%d}`, now+60, now-60)), now + 60, now - 60, false},
		{"no exp", jwt(fmt.Sprintf(`{"iat":%d}`, now-60)), 0, now - 60, false},
		{"iat in the future", jwt(fmt.Sprintf(`{"exp":%d,"iat":%d}`, now+60, now+5)), now + 60, 0, false},
		{"iat of this very second", jwt(fmt.Sprintf(`{"iat":%d}`, now)), 0, 0, false},
		{"iat at the beginning of time", jwt(`{"iat":1}`), 0, 1, false},
		{"a fraction", jwt(fmt.Sprintf(`{"exp":%d.5}`, now-3600)), now - 3600, 0, false},
		{"an exponent", jwt(`{"exp":1e3}`), 1000, 0, false},
		{"a number in a text", jwt(`{"exp":"1000"}`), 1000, 0, false},
		{"a text", jwt(`{"exp":"tomorrow","iat":true}`), 0, 0, false},
		{"null", jwt(`{"exp":null,"iat":null}`), 0, 0, false},
		{"negative", jwt(`{"exp":-1000}`), 0, 0, true},
		{"beyond 64 bits", jwt(`{"exp":9223372036854775808}`), 0, 0, false},
		{"the largest of 64 bits", jwt(`{"exp":9223372036854775807,"iat":9223372036854775807}`), 0, 0, false},
		{"zero", jwt(`{"exp":0}`), 0, 0, true},
		{"exp twice", jwt(`{"exp":99999999999,"EXP":1000}`), 0, 0, false},
		{"no object", jwt(`[1000]`), 0, 0, false},
		{"no JWT", "opaque", 0, 0, false},
		{"two parts", "e30.e30", 0, 0, false},
		{"five parts", "a.b.c.d.e", 0, 0, false},
		{"no base64", "a.!.c", 0, 0, false},
		{"padded base64", "a." + strings.Repeat("e30", 1) + "=.c", 0, 0, false},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			e := NewExpiry(verifies(yes), true, c.Now)
			d, err := e.Verify(context.Background(), Credential{Kind: Bearer, Token: tc.token})
			if err != nil || d.Allowed == tc.refused {
				t.Fatalf("allowed %v (%v)", d.Allowed, err)
			}
			if unix(d.Expires) != tc.expires || unix(d.Issued) != tc.issued {
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

// Only the API whose document says that its tokens are JWTs may refuse one for
// its claims; elsewhere they shorten.
func TestAnEndedTokenOfAnAPIWithoutJWTsIsStillAskedAbout(t *testing.T) {
	c := newClock()
	token := Credential{Kind: Bearer, Token: jwt(`{"exp":1000}`)}
	d, err := NewExpiry(verifies(yes), false, c.Now).Verify(context.Background(), token)
	if err != nil || !d.Allowed || d.Expires.Unix() != 1000 {
		t.Errorf("%+v (%v)", d, err)
	}
}

func TestClaimsMeanNothingInAKeyOrBesideARefusal(t *testing.T) {
	c := newClock()
	token := jwt(fmt.Sprintf(`{"exp":%d,"iat":1}`, c.Now().Unix()+60))
	e := NewExpiry(verifies(yes), true, c.Now)
	if d, _ := e.Verify(context.Background(), Credential{Kind: ApplicationKey, Token: token}); !d.Expires.IsZero() || !d.Issued.IsZero() {
		t.Errorf("a key got instants: %+v", d)
	}
	for _, next := range []verifies{no, down} {
		want, wantErr := next(context.Background(), Credential{})
		d, err := NewExpiry(next, true, c.Now).Verify(context.Background(), Credential{Kind: Bearer, Token: token})
		if d.Allowed || d.Denial != want.Denial || (err == nil) != (wantErr == nil) || !d.Expires.IsZero() {
			t.Errorf("got %+v (%v), want %+v (%v)", d, err, want, wantErr)
		}
	}
}
