package apis

import (
	"errors"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

func TestAdvice(t *testing.T) {
	t.Run("what wants the operator is misconfigured for each API, and names a key of its block", func(t *testing.T) {
		for _, api := range All() {
			for _, kind := range api.Kinds {
				u := NewUpstream(api, Settings{Kind: kind}, nil)
				for _, c := range []struct {
					response      transport.Response
					key           string
					misconfigured bool
				}{
					{transport.Response{Status: 404}, "path", true},
					{transport.Response{Status: 410}, "path", true},
					{transport.Response{Status: 405}, "method", true},
					{transport.Response{Status: 301, Redirect: transport.ToHTTPS}, "write https:// in " + string(kind) + ".url", true},
					{transport.Response{Status: 302, Redirect: transport.ToOtherPath}, "path", true},
					{transport.Response{Status: 304, Redirect: transport.ToNothingKnown}, "path", true},
					{transport.Response{Status: 407}, "url", true},
					{transport.Response{Status: 415}, "method", true},
					{transport.Response{Status: 421}, "tls.serverName", true},
					{transport.Response{Status: 496}, "tls.cert", true},
					{transport.Response{Status: 500}, "failed", false},
					{transport.Response{Status: 501}, "method", false},
					{transport.Response{Status: 503}, "down", false},
					{transport.Response{Status: 418}, "", false},
				} {
					d, err := u.Interpret(c.response, verifier.Credential{Kind: kind})
					if d.Allowed || err == nil || d.Denial.Reason != verifier.Unavailable || errors.Is(err, verifier.ErrMisconfigured) != c.misconfigured ||
						!strings.Contains(err.Error(), c.key) || strings.Contains(err.Error(), "$") {
						t.Errorf("%s, %s, %d: %+v, %v", api.Name, kind, c.response.Status, d, err)
					}
					if errors.Is(err, verifier.ErrOutage) != (c.response.Status >= 500) {
						t.Errorf("%s, %s, %d counts for the circuit breaker otherwise than before: %v", api.Name, kind, c.response.Status, err)
					}
				}
			}
		}
	})

	t.Run("a wrong setting counts for limits as what it is besides", func(t *testing.T) {
		for _, kind := range []error{verifier.ErrConnection, verifier.ErrBroken, verifier.ErrOutage, verifier.ErrUnavailable} {
			_, err := verifier.NoAnswer(kindOf(kind, true), "cause", verifier.Denial{})
			if !errors.Is(err, kind) || !errors.Is(err, verifier.ErrMisconfigured) || err.Error() != "misconfigured: cause" {
				t.Errorf("%v", err)
			}
		}
	})
}
