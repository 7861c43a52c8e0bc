package apis

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// Upstream verifies credentials by calling the API that issued them. It reads a
// response as the API's documents do; whether the server checks credentials at all is
// the canary's to find out.
type Upstream struct {
	api      *API
	settings Settings
	variant  string
	secrets  secrets // of the settings
	client   *transport.Client
}

// NewUpstream returns the verifier of an API under the operator's settings.
func NewUpstream(api *API, s Settings, client *transport.Client) *Upstream {
	return &Upstream{api: api, settings: s, variant: api.Variant(s), secrets: operatorSecrets(api, s), client: client}
}

// Verify makes one call. Its errors name a cause, never what was sent or received.
func (u *Upstream) Verify(ctx context.Context, c verifier.Credential) (verifier.Decision, error) {
	call := u.api.Request(c, u.settings)
	if call.Unfit {
		return verifier.NoAnswer(verifier.ErrNotAsked, "a credential that cannot be sent as the definition says", verifier.Denial{})
	}
	response, err := u.client.Do(ctx, call)
	if err != nil {
		return verifier.NoAnswer(kindOf(failureKind(response), response.Settings), advised(u.settings.Kind, err.Error(), response.Advice), verifier.Denial{})
	}
	if response.Cached {
		cause := advised(u.settings.Kind, "a response from a cache on the way, by its Age or another header", "let that cache keep nothing of the API, or name in $url an address without it")
		return verifier.NoAnswer(verifier.ErrUnavailable, cause, verifier.Denial{HTTP: response.Status})
	}
	return u.Interpret(response, c)
}

// Interpret returns what a response means by the API's documents; one that they do not
// describe is no answer.
func (u *Upstream) Interpret(response transport.Response, c verifier.Credential) (verifier.Decision, error) {
	row, code := u.api.Find(response, u.variant)
	// A 407 is a proxy's on the way (RFC 9110, 15.5.8), which knows nothing of the credential:
	// a row for all of 4xx does not mean it.
	if row == nil || response.Status == http.StatusProxyAuthRequired {
		return u.undocumented(response)
	}
	// A documented response that allows or denies counts only with its JSON object; or, where
	// its status says everything, if it was not cut off.
	if response.Body == nil && (!u.api.StatusOnly || response.Truncated) && (row.Meaning == Valid || row.Meaning == Denied) {
		return u.undocumented(response)
	}
	marked := needsMarks(response, row)
	if marked && !u.api.Marked(response) {
		return u.strangers(response)
	}
	if row.Meaning == Valid {
		return u.accept(response, c)
	}
	denial := row.denial(response)
	// What a response without marks says is a stranger's, also where its status counts.
	own := marked || u.api.Marked(response)
	denial.Unknown = own && u.isUnknown(row, code)
	if own && u.api.Documented(code) {
		denial.Code = code
	}
	switch row.Meaning {
	case Denied, RateLimited:
		if own {
			denial = u.copyTexts(response, row, denial, c)
		}
		return verifier.Decision{Denial: denial}, nil
	case Outage, Misconfigured:
		if denial.Code != "" && u.secrets.with(c).isSecret(denial.Code) {
			denial.Code = ""
		}
		return u.failed(row, response, denial)
	}
	return u.undocumented(response)
}

// needsMarks tells whether a response counts only with the marks of the API's documents:
// it denies by its status, or has one with which a gateway or a firewall denies too.
func needsMarks(response transport.Response, row *Row) bool {
	if row.Unmarked {
		return false
	}
	return row.Meaning == Denied && response.Status >= http.StatusMultipleChoices ||
		containsWord(marksNeeded, strconv.Itoa(response.Status))
}

// strangers is the error for a response that is not the API's own.
func (u *Upstream) strangers(response transport.Response) (verifier.Decision, error) {
	cause := fmt.Sprintf("a reply without the API's own marks (HTTP %d): something in between gave it", response.Status)
	advice, settings := adviseOn(response)
	return verifier.NoAnswer(kindOf(verifier.ErrUnavailable, settings), advised(u.settings.Kind, cause, advice), verifier.Denial{HTTP: response.Status})
}

// isUnknown tells whether a response says that the API does not know the credential, by
// its row and by its code (whether it is the API's own is another question): a 401 whose code has a row that says something else does not.
func (u *Upstream) isUnknown(row *Row, code string) bool {
	if !row.isUnknown(u.variant) || code == "" || row.Code != "" || row.Untold { // the rows of a definition are not looked up by codes
		return row.isUnknown(u.variant)
	}
	byCode := findRow(u.api.Rows, http.StatusOK, "false", code, u.variant)
	return byCode == nil || byCode.isUnknown(u.variant)
}

// copyTexts copies the response's message and errors into a denial, unless they hold a
// secret: then the client gets the row's own text, and no errors.
func (u *Upstream) copyTexts(response transport.Response, row *Row, own verifier.Denial, c verifier.Credential) verifier.Denial {
	d := u.api.CopyMessage(response, row, own)
	if d.Message == own.Message && d.Code == "" && d.Errors == "" {
		return d
	}
	held := u.secrets.with(c)
	if d.Message != own.Message && held.isSecret(d.Message) {
		d.Message = own.Message
	}
	if held.isSecret(d.Code) {
		d.Code = ""
	}
	if held.isSecret(d.Errors) {
		d.Errors = ""
	}
	return d
}

// accept allows a credential with the identity of the response. A response that should
// have one and has none is an error: the backend relies on it.
func (u *Upstream) accept(response transport.Response, c verifier.Credential) (verifier.Decision, error) {
	decision, defect := u.api.Identify(response, c, u.settings)
	if defect != "" {
		return verifier.NoAnswer(verifier.ErrUnavailable, advised(u.settings.Kind, defect, notTheCheck), verifier.Denial{HTTP: response.Status})
	}
	return decision, nil
}

// errorKind tells an outage (a 5xx, a connection that broke within the response) from
// a response that is merely undocumented.
func errorKind(response transport.Response) error {
	if response.Status >= http.StatusInternalServerError || response.Truncated {
		return verifier.ErrOutage
	}
	return verifier.ErrUnavailable
}

// failureKind tells failures that a request cannot cause from those that it may.
func failureKind(response transport.Response) error {
	switch response.FailedAt {
	case transport.Connecting:
		return verifier.ErrConnection
	case transport.Broken:
		return verifier.ErrBroken
	case transport.Unsent:
		return verifier.ErrNotAsked
	}
	return verifier.ErrOutage
}

// undocumented is the error for a response that no row describes.
func (u *Upstream) undocumented(response transport.Response) (verifier.Decision, error) {
	cause := fmt.Sprintf("an undocumented response (HTTP %d)", response.Status)
	if response.Defect != "" {
		cause = fmt.Sprintf("%s: %s", cause, response.Defect)
	}
	advice, settings := adviseOn(response)
	return verifier.NoAnswer(kindOf(errorKind(response), settings), advised(u.settings.Kind, cause, advice), verifier.Denial{HTTP: response.Status})
}

// failed is the error for a response whose row says that the upstream has failed, or that
// the operator's settings are wrong.
func (u *Upstream) failed(row *Row, response transport.Response, denial verifier.Denial) (verifier.Decision, error) {
	advice, settings := adviseOn(response)
	kind := kindOf(errorKind(response), settings)
	if advice == notTheCheck { // it is: a row describes the response
		advice = "the API has failed, as it says itself"
	}
	if row.Meaning == Misconfigured {
		kind = verifier.ErrMisconfigured
		if !settings {
			advice = "correct " + row.Correct
		}
	}
	name := row.Name
	if response.Redirect != transport.NoRedirect {
		name = "a redirect"
	}
	return verifier.NoAnswer(kind, advised(u.settings.Kind, fmt.Sprintf("%s (HTTP %d)", name, response.Status), advice), denial)
}
