package try

import (
	"context"
	"fmt"
	"time"

	"github.com/upstreamauth/upstreamauth/gate"
	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// Tried is what the API says of a made-up credential.
type Tried struct {
	Allowed bool
	Text    string
}

// Canary asks about a made-up credential. It is an error where that proves nothing.
func Canary(ctx context.Context, b *gate.Block, fake verifier.Credential) (Tried, error) {
	client, err := transport.NewClient(b.Upstream.Target, time.Now)
	if err != nil {
		return Tried{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, b.Timeout)
	defer cancel()
	decision, err := apis.NewUpstream(b.API, b.Upstream, client).Verify(ctx, fake)
	if err != nil {
		return Tried{}, fmt.Errorf("the API gave no answer about a made-up credential: %w", err)
	}
	if decision.Allowed {
		return Tried{Allowed: true, Text: "accepted"}, nil
	}
	text := fmt.Sprintf("denied (HTTP %d, %s)", decision.Denial.HTTP, decision.Denial.Reason)
	if !decision.Denial.Unknown {
		text += "; this does not show that the API looks at credentials"
	}
	return Tried{Text: text}, nil
}
