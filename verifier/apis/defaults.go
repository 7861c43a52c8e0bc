package apis

import (
	"net/http"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// withDefaults fills in what an API leaves out.
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
	if api.RejectsFake == nil {
		api.RejectsFake = rejectsFake
	}
	if api.Message == nil {
		api.Message = func(_ verifier.Reason) string { return "" }
	}
	return api
}

// rejectsFake tells whether a denial is about the credential. A 400 or a 422 is about
// the request, and a 403 inside a 200 about the hour or an account's standing: those
// may turn into an allowing answer without any change to the check.
func rejectsFake(d verifier.Denial, _ Settings) bool {
	return d.Reason == verifier.Invalid || d.Reason == verifier.Expired || (d.HTTP == 403 && d.Reason == verifier.Forbidden)
}

// bearerRequest sends a token as RFC 6750 defines.
func bearerRequest(c verifier.Credential, _ Settings) transport.Request {
	return transport.Request{Header: http.Header{"Authorization": {"Bearer " + c.Token}}}
}
