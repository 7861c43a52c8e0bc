package gate

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/credential"
	"github.com/upstreamauth/upstreamauth/telemetry"
	"github.com/upstreamauth/upstreamauth/verifier"
)

func TestDecide(t *testing.T) {
	t.Run("a panic makes the credential unavailable, and is logged without it", func(t *testing.T) {
		log := &bytes.Buffer{}
		sink := telemetry.NewSink(log, time.Now)
		// The gate accepts bearer tokens and has no scheme for them, which New never makes.
		g := &Gate{accepts: credential.Accepts{Bearer: true}, log: telemetry.NewLog(sink, "gate", "info")}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", "Bearer MARKER-token")
		o := g.decide(r, verifier.Credential{}, nil)
		if o.denial.Reason != verifier.Unavailable || o.allowed != nil {
			t.Errorf("after a panic: %+v", o)
		}
		if !strings.Contains(log.String(), `"event":"internal"`) || strings.Contains(log.String(), "MARKER") {
			t.Errorf("log: %s", log)
		}
	})
}

func TestDeny(t *testing.T) {
	t.Run("a panic while it logs does not cost the client the response", func(t *testing.T) {
		f := newFixture(t)
		f.level = "debug"
		g := f.gate(http.NotFoundHandler(), nil, f.bearer())
		g.schemes[0].cache = nil // so that no fingerprint can be taken
		w := httptest.NewRecorder()
		c := verifier.Credential{Kind: verifier.Bearer, Token: "MARKER-token"}
		g.Deny(w, httptest.NewRequest(http.MethodGet, "/", nil), c, verifier.Denial{Reason: verifier.Invalid})
		if w.Code != http.StatusUnauthorized || w.Body.Len() == 0 {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if f.entries("internal") != 1 || strings.Contains(f.log.String(), "MARKER") {
			t.Errorf("log: %s", f.log)
		}
	})
}
