package apis

import (
	"context"
	"fmt"
	"net/http"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// Upstream verifies credentials by asking the API that issued them: one
// dialect, one exchange. It knows neither cache nor trust: its yes is what
// the documents call a yes; whether it means one is the canary's business.
type Upstream struct {
	api      *API
	settings Settings
	variant  string
	client   *transport.Client
}

// NewUpstream joins an API's dialect with the operator's settings.
func NewUpstream(api *API, s Settings, e *transport.Client) *Upstream {
	return &Upstream{api: api, settings: s, variant: api.Variant(s), client: e}
}

// Verify asks once.
func (u *Upstream) Verify(ctx context.Context, c verifier.Credential) (verifier.Decision, error) {
	reply, err := u.client.Do(ctx, u.api.Request(c, u.settings))
	if err != nil {
		return verifier.NoAnswer(verifier.ErrOutage, err.Error(), verifier.Denial{})
	}
	return u.interpret(reply, c)
}

// interpret reads a reply: what its documents say that it means, or that they do
// not describe it.
func (u *Upstream) interpret(reply transport.Response, c verifier.Credential) (verifier.Decision, error) {
	flag, code := u.api.Classify(reply)
	row := findRow(u.api.Rows, reply.Status, flag, code, u.variant)
	if row == nil {
		return undocumented(reply)
	}
	// A documented yes or no counts only with its JSON object.
	if reply.Body == nil && (row.Meaning == Valid || row.Meaning == Denied) {
		return undocumented(reply)
	}
	if row.Meaning == Valid {
		return u.accept(reply, c)
	}
	denial := row.denial(reply)
	if u.api.Documented(code) {
		denial.Code = code
	}
	switch row.Meaning {
	case Denied, RateLimited:
		return verifier.Decision{Denial: u.api.CopyMessage(reply, denial)}, nil
	case Outage:
		return verifier.NoAnswer(errorKind(reply), describe(row, reply), denial)
	case Misconfigured:
		return verifier.NoAnswer(verifier.ErrMisconfigured, describe(row, reply), denial)
	}
	return undocumented(reply)
}

func (u *Upstream) accept(reply transport.Response, c verifier.Credential) (verifier.Decision, error) {
	identity, flaw := u.api.Identify(reply, c, u.settings)
	if flaw != "" {
		return verifier.NoAnswer(verifier.ErrUnavailable, flaw, verifier.Denial{HTTP: reply.Status})
	}
	return verifier.Decision{Allowed: true, Identity: identity}, nil
}

func undocumented(reply transport.Response) (verifier.Decision, error) {
	cause := fmt.Sprintf("a reply that its documents do not describe (HTTP %d)", reply.Status)
	if reply.Defect != "" {
		cause = fmt.Sprintf("%s: %s", cause, reply.Defect)
	}
	return verifier.NoAnswer(errorKind(reply), cause, verifier.Denial{HTTP: reply.Status})
}

// errorKind tells a fault (an error of the upstream's own, a connection that broke
// in the middle) from a reply that merely is not understood.
func errorKind(reply transport.Response) error {
	if reply.Status >= http.StatusInternalServerError || reply.Truncated {
		return verifier.ErrOutage
	}
	return verifier.ErrUnavailable
}

func describe(row *Row, reply transport.Response) string {
	return fmt.Sprintf("%s (HTTP %d)", row.Name, reply.Status)
}
