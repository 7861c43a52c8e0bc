package jwt

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

func TestExpiryShortens(t *testing.T) {
	at := func(seconds int64) time.Time { return begin.Add(time.Duration(seconds) * time.Second) }
	for _, c := range []struct {
		name            string
		expires, issued int64 // of the response, from begin; 0: it says nothing
		claims          string
		wantEnd, wantIs int64
	}{
		{"the response's end is earlier", 60, -60, `{"exp":%d,"iat":%d}`, 60, -90},
		{"the token's end is earlier", 600, -600, `{"exp":%d,"iat":%d}`, 120, -600},
		{"the response says nothing", 0, 0, `{"exp":%d,"iat":%d}`, 120, -90},
		{"the token says nothing", 60, -60, `{"a":%d,"b":%d}`, 60, -60},
	} {
		t.Run("the earlier counts: "+c.name, func(t *testing.T) {
			next := allowing()
			next.decision.Once = true
			if c.expires != 0 {
				next.decision.Expires = at(c.expires)
				next.decision.Issued = at(c.issued)
			}
			text := token(fmt.Sprintf(c.claims, at(120).Unix(), at(-90).Unix()))
			d, err := NewExpiry(next, false, atBegin).Verify(context.Background(), verifier.Credential{Kind: verifier.Bearer, Token: text})
			if err != nil || !d.Allowed || !d.Expires.Equal(at(c.wantEnd)) || !d.Issued.Equal(at(c.wantIs)) {
				t.Errorf("%s, %s", d.Expires, d.Issued)
			}
			if !d.Once {
				t.Error("what may not be remembered is remembered")
			}
		})
	}
}
