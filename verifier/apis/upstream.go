package apis

import (
	"context"
	"fmt"
	"net/http"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// Upstream verifies credentials by calling the API that issued them. It takes a
// response for what the documents say that it means; whether that can be trusted is
// for the canary to find out.
type Upstream struct {
	api      *API
	settings Settings
	variant  string
	client   *transport.Client
}

// NewUpstream returns the verifier of an API under the operator's settings.
func NewUpstream(api *API, s Settings, client *transport.Client) *Upstream {
	return &Upstream{api: api, settings: s, variant: api.Variant(s), client: client}
}

// Verify makes one call.
func (u *Upstream) Verify(ctx context.Context, c verifier.Credential) (verifier.Decision, error) {
	response, err := u.client.Do(ctx, u.api.Request(c, u.settings))
	if err != nil {
		return verifier.NoAnswer(verifier.ErrOutage, err.Error(), verifier.Denial{})
	}
	return u.interpret(response, c)
}

// interpret returns what the API's documents say that a response means; a response
// that they do not describe is no answer.
func (u *Upstream) interpret(response transport.Response, c verifier.Credential) (verifier.Decision, error) {
	flag, code := u.api.Classify(response)
	row := findRow(u.api.Rows, response.Status, flag, code, u.variant)
	if row == nil {
		return undocumented(response)
	}
	// A documented response that allows or denies counts only with its JSON object.
	if response.Body == nil && (row.Meaning == Valid || row.Meaning == Denied) {
		return undocumented(response)
	}
	if row.Meaning == Valid {
		return u.accept(response, c)
	}
	denial := row.denial(response)
	if u.api.Documented(code) {
		denial.Code = code
	}
	switch row.Meaning {
	case Denied, RateLimited:
		return verifier.Decision{Denial: u.api.CopyMessage(response, denial)}, nil
	case Outage:
		return verifier.NoAnswer(errorKind(response), describe(row, response), denial)
	case Misconfigured:
		return verifier.NoAnswer(verifier.ErrMisconfigured, describe(row, response), denial)
	}
	return undocumented(response)
}

func (u *Upstream) accept(response transport.Response, c verifier.Credential) (verifier.Decision, error) {
	identity, defect := u.api.Identify(response, c, u.settings)
	if defect != "" {
		return verifier.NoAnswer(verifier.ErrUnavailable, defect, verifier.Denial{HTTP: response.Status})
	}
	return verifier.Decision{Allowed: true, Identity: identity}, nil
}

func undocumented(response transport.Response) (verifier.Decision, error) {
	cause := fmt.Sprintf("a response that its documents do not describe (HTTP %d)", response.Status)
	if response.Defect != "" {
		cause = fmt.Sprintf("%s: %s", cause, response.Defect)
	}
	return verifier.NoAnswer(errorKind(response), cause, verifier.Denial{HTTP: response.Status})
}

// errorKind tells an outage (a 5xx, a connection that broke within the response) from
// a response that merely is not understood.
func errorKind(response transport.Response) error {
	if response.Status >= http.StatusInternalServerError || response.Truncated {
		return verifier.ErrOutage
	}
	return verifier.ErrUnavailable
}

func describe(row *Row, response transport.Response) string {
	return fmt.Sprintf("%s (HTTP %d)", row.Name, response.Status)
}
