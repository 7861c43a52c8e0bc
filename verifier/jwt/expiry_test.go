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
			over := !now.Before(end) // then it is for once, and nobody is told an end that is past
			if step.called && (!d.Allowed || d.Once != over || d.Expires.Equal(end) == over) {
				t.Errorf("%s after its exp: allowed %v, once %v, until %s", now.Sub(end), d.Allowed, d.Once, d.Expires)
			}
		}
	})

	// Only where the document says that tokens are JWTs may claims deny one; elsewhere
	// they only shorten.
	t.Run("an expired token of an API without JWTs is still verified", func(t *testing.T) {
		c := verifier.Credential{Kind: verifier.Bearer, Token: token(`{"exp":1000}`)}
		d, err := NewExpiry(allowing(), false, atBegin).Verify(context.Background(), c)
		if err != nil || !d.Allowed || !d.Once || !d.Expires.IsZero() {
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

// Instants that are numbers shorten, and an exp that is over denies without a call. What
// another reader may read otherwise is verified each time.
func TestExpiryInstants(t *testing.T) {
	now := begin.Unix()
	deep := strings.Repeat("[", 33) + strings.Repeat("]", 33)
	for name, c := range map[string]struct {
		token           string
		expires, issued int64  // 0: none
		want            string // kept, once, or denied
	}{
		"both":                           {token(fmt.Sprintf(`{"exp":%d,"iat":%d}`, now+60, now-60)), now + 60, now - 60, "kept"},
		"no exp":                         {token(fmt.Sprintf(`{"iat":%d}`, now-60)), 0, now - 60, "kept"},
		"iat in the future":              {token(fmt.Sprintf(`{"exp":%d,"iat":%d}`, now+60, now+5)), now + 60, 0, "kept"},
		"iat of this very second":        {token(fmt.Sprintf(`{"iat":%d}`, now)), 0, 0, "kept"},
		"iat at the beginning of time":   {token(`{"iat":1}`), 0, 1, "kept"},
		"a fraction that is over":        {token(fmt.Sprintf(`{"exp":%d.5}`, now-501)), 0, 0, "denied"},
		"a fraction of the last second":  {token(fmt.Sprintf(`{"exp":%d.5}`, now)), 0, 0, "once"},
		"a fraction to come":             {token(fmt.Sprintf(`{"exp":%d.5}`, now+60)), now + 60, 0, "kept"},
		"within the leeway, as fraction": {token(fmt.Sprintf(`{"exp":%d.25}`, now-30)), 0, 0, "once"},
		"an exponent":                    {token(`{"exp":1e3}`), 0, 0, "denied"},
		"an exponent to come":            {token(fmt.Sprintf(`{"exp":%de1}`, now/10+60)), (now/10 + 60) * 10, 0, "kept"},
		"a number in a text":             {token(`{"exp":"1000"}`), 0, 0, "denied"},
		"a number in an escaped text":    {token(`{"exp":"\u0031000"}`), 0, 0, "denied"},
		"a fraction in a text":           {token(fmt.Sprintf(`{"exp":"%d.5"}`, now-501)), 0, 0, "denied"},
		"a text to come":                 {token(fmt.Sprintf(`{"exp":"%d"}`, now+60)), now + 60, 0, "kept"},
		"a text":                         {token(`{"exp":"tomorrow"}`), 0, 0, "once"},
		"iat that is no number":          {token(`{"iat":true}`), 0, 0, "once"},
		"nbf that is no number":          {token(`{"nbf":"now"}`), 0, 0, "once"},
		"null":                           {token(`{"exp":null}`), 0, 0, "once"},
		"an array":                       {token(`{"exp":[1000]}`), 0, 0, "once"},
		"an empty text":                  {token(`{"exp":""}`), 0, 0, "once"},
		"hexadecimal digits":             {token(`{"exp":"0x10"}`), 0, 0, "once"},
		"infinite":                       {token(`{"exp":"Inf"}`), 0, 0, "once"},
		"negative":                       {token(`{"exp":-1000}`), 0, 0, "denied"},
		"beyond 64 bits":                 {token(`{"exp":9223372036854775808}`), 0, 0, "once"},
		"milliseconds":                   {token(fmt.Sprintf(`{"exp":%d000}`, now+60)), 0, 0, "once"},
		"beyond a float":                 {token(`{"exp":1e400}`), 0, 0, "once"},
		"the largest of 64 bits":         {token(`{"exp":9223372036854775807,"iat":9223372036854775807}`), 0, 0, "once"},
		"zero":                           {token(`{"exp":0}`), 0, 0, "denied"},
		"exp in two spellings":           {token(`{"exp":99999999999,"EXP":1000}`), 0, 0, "once"},
		"exp twice, over first":          {token(`{"exp":1000,"exp":99999999999}`), 0, 0, "once"},
		"exp twice, over last":           {token(`{"exp":99999999999,"exp":1000}`), 0, 0, "once"},
		"another name twice":             {token(`{"exp":99999999999,"a":1,"A":2}`), 0, 0, "once"},
		"exp in capitals":                {token(`{"EXP":1000}`), 0, 0, "once"},
		"iat in capitals":                {token(`{"Iat":1000}`), 0, 0, "once"},
		"33 levels":                      {token(`{"exp":99999999999,"a":` + deep + `}`), 0, 0, "once"},
		"no UTF-8":                       {token("{\"exp\":99999999999,\"a\":\"\xff\"}"), 0, 0, "once"},
		"no object":                      {token(`[1000]`), 0, 0, "once"},
		"trailing data":                  {token(`{"exp":99999999999} {}`), 0, 0, "once"},
		"no base64":                      {"a.!.c", 0, 0, "once"},
		"padded base64":                  {"a.e30=.c", 0, 0, "once"},
		"minus zero":                     {token(`{"exp":-0}`), 0, 0, "denied"},
		"minus zero, as fraction":        {token(`{"exp":-0.0e0}`), 0, 0, "denied"},
		"before the calendar":            {token(`{"exp":-99999999999999999999}`), 0, 0, "once"},
		"twenty digits behind the point": {token(fmt.Sprintf(`{"exp":%d.99999999999999999999}`, now-501)), 0, 0, "denied"},
		"twenty digits, to come":         {token(fmt.Sprintf(`{"exp":%d.00000000000000000001}`, now+60)), now + 60, 0, "kept"},
		"a fraction as exponent":         {token(`{"exp":1.7E+9}`), 0, 0, "denied"},
		"a negative exponent":            {token(fmt.Sprintf(`{"exp":%d00e-2}`, now-501)), 0, 0, "denied"},
		"too small for a float":          {token(`{"exp":1e-400}`), 0, 0, "denied"},
		"an exponent in a text":          {token(`{"exp":"1.7e9"}`), 0, 0, "denied"},
		"negative in a text":             {token(`{"exp":"-1"}`), 0, 0, "denied"},
		"a text with blanks":             {token(`{"exp":" 1000 "}`), 0, 0, "once"},
		"digits of another script":       {token(`{"exp":"۱۰۰۰"}`), 0, 0, "once"},
		"not a number":                   {token(`{"exp":"NaN"}`), 0, 0, "once"},
		"false":                          {token(`{"exp":false}`), 0, 0, "once"},
		"an object":                      {token(`{"exp":{"value":1000}}`), 0, 0, "once"},
		"iat as fraction":                {token(fmt.Sprintf(`{"iat":%d.75}`, now-60)), 0, now - 60, "kept"},
		"iat in a text":                  {token(fmt.Sprintf(`{"iat":"%d"}`, now-60)), 0, now - 60, "kept"},
		"iat as exponent":                {token(`{"iat":1.7e9}`), 0, 1700000000, "kept"},
		"iat beyond a float":             {token(`{"iat":1e400}`), 0, 0, "once"},
		"nbf as fraction":                {token(fmt.Sprintf(`{"nbf":%d.5}`, now-60)), 0, 0, "kept"},
		"nbf of null":                    {token(`{"nbf":null}`), 0, 0, "once"},
		"over, after a byte order mark":  {token("\ufeff" + `{"exp":1000}`), 0, 0, "denied"},
		"to come, after such a mark":     {token("\ufeff" + fmt.Sprintf(`{"exp":%d}`, now+60)), now + 60, 0, "kept"},
		"over, its name escaped":         {token(`{"\u0065xp":1000}`), 0, 0, "denied"},
		"no JWT":                         {"opaque", 0, 0, "kept"},
		"two parts":                      {"e30.e30", 0, 0, "kept"},
		"five parts":                     {"a.b.c.d.e", 0, 0, "kept"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, issued := range []time.Time{{}, begin.Add(-time.Second)} {
				next := &fixture{decision: verifier.Decision{Allowed: true, Issued: issued}}
				d, err := NewExpiry(next, true, atBegin).Verify(context.Background(), verifier.Credential{Kind: verifier.Bearer, Token: c.token, Issued: issued})
				if err != nil || d.Allowed != (c.want != "denied") || d.Once != (c.want == "once") || (next.calls == 0) != (c.want == "denied") {
					t.Fatalf("allowed %v, once %v, %d calls (%v); want %s", d.Allowed, d.Once, next.calls, err, c.want)
				}
				if issued.IsZero() && unix(d.Issued) != c.issued || unix(d.Expires) != c.expires {
					t.Errorf("expires %s, issued %s", d.Expires, d.Issued)
				}
			}
		})
	}

	t.Run("where tokens need not be JWTs, a payload that nobody takes for an object has no times", func(t *testing.T) {
		encoding := base64.RawURLEncoding
		for payload, once := range map[string]bool{"not JSON": false, `[1]`: false, ` {"exp":`: true, `{"exp":1e400}`: true, `{"exp":99999999999}`: false} {
			c := verifier.Credential{Kind: verifier.Bearer, Token: "x." + encoding.EncodeToString([]byte(payload)) + ".y"}
			d, err := NewExpiry(allowing(), false, atBegin).Verify(context.Background(), c)
			if err != nil || !d.Allowed || d.Once != once {
				t.Errorf("%s: %+v (%v)", payload, d, err)
			}
		}
	})
}

// A bar ends with its token, for every reader of it.
func TestEnd(t *testing.T) {
	t.Run("it is rounded up, and zero where not every reader finds it", func(t *testing.T) {
		for claims, want := range map[string]int64{
			`{"exp":1000}`: 1000, `{"exp":1000.0}`: 1000, `{"exp":1000.001}`: 1001, `{"exp":1000.999}`: 1001, `{"exp":"1000.5"}`: 1001, `{"exp":1.0005e3}`: 1001, `{"exp":-0.5}`: 0,
			`{"exp":1e400}`: -1, `{"exp":null}`: -1, `{"exp":[1]}`: -1, `{}`: -1, `{"exp":1,"EXP":2}`: -1,
		} {
			end := End(token(claims))
			if want < 0 && !end.IsZero() || want >= 0 && (end.IsZero() || end.Unix() != want || end.Nanosecond() != 0) {
				t.Errorf("%s: %s", claims, end)
			}
		}
	})
}

func unix(at time.Time) int64 {
	if at.IsZero() {
		return 0
	}
	return at.Unix()
}
