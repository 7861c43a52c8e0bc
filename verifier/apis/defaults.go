package apis

import (
	"net/http"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// Complete returns an API that is not one of All with all its functions.
func Complete(api *API) *API {
	return withDefaults(api)
}

// withDefaults sets the functions that an API leaves nil, so that no caller has to
// check for nil.
func withDefaults(api *API) *API {
	if api.Variant == nil {
		api.Variant = func(_ Settings) string { return "" }
	}
	if api.NeedsCanary == nil {
		api.NeedsCanary = func(_ Settings) bool { return false }
	}
	if api.Documented == nil {
		api.Documented = func(_ string) bool { return false }
	}
	if api.Request == nil {
		api.Request = bearerRequest
	}
	if api.Find == nil {
		api.Find = func(r transport.Response, variant string) (*Row, string) {
			flag, code := api.Classify(r)
			row := findRow(api.Rows, r.Status, flag, code, variant)
			return row, code
		}
	}
	if api.Message == nil {
		api.Message = func(_ verifier.Reason) string { return "" }
	}
	if api.Anonymous == nil {
		api.Anonymous = func(_ Settings) bool { return false }
	}
	if api.QuotaBy == "" {
		api.QuotaBy = verifier.QuotaByCredential
	}
	if api.OwnCode == nil {
		api.OwnCode = func(_ verifier.Reason) string { return "" }
	}
	if api.Fits == nil {
		api.Fits = func(_ verifier.Credential) bool { return true }
	}
	if api.Explain == nil {
		api.Explain = func(_ transport.Response) []string { return nil }
	}
	if api.Absent == nil {
		documented := api.Message(verifier.Missing)
		api.Absent = func(s Settings) string {
			if documented != "" && s.Kind != verifier.Basic { // that is about a key or a token
				return documented
			}
			return kindRequired(s)
		}
	}
	return api
}

// allowed is the decision of a response that allows, with an identity and without an end.
func allowed(id verifier.Identity) verifier.Decision {
	return verifier.Decision{Allowed: true, Identity: id}
}

// bearerRequest sends a token as RFC 6750 defines.
func bearerRequest(c verifier.Credential, _ Settings) transport.Request {
	return transport.Request{Header: http.Header{"Authorization": {"Bearer " + c.Token}}}
}

// kindRequired is the text for a request without a credential, where the documents have
// none for that kind.
func kindRequired(s Settings) string {
	switch s.Kind {
	case verifier.Bearer:
		return "A token (Authorization: Bearer) is required."
	case verifier.Basic:
		return accountRequired + "."
	}
	if !s.Account {
		return "A key (Application-Key) is required."
	}
	return alsoAccount("A key (Application-Key) is required", s)
}

const accountRequired = "An account (Authorization: Basic, with a user name and a password) is required"

// alsoAccount completes a text about a missing key where the key comes with an account:
// either may be what is missing.
func alsoAccount(text string, s Settings) string {
	if !s.Account {
		return text
	}
	return text + ". " + accountRequired + " as well."
}
