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
		o := g.decide(r, verifier.Credential{})
		if o.denial.Reason != verifier.Unavailable || o.allowed != nil {
			t.Errorf("after a panic: %+v", o)
		}
		if !strings.Contains(log.String(), `"event":"internal"`) || strings.Contains(log.String(), "MARKER") {
			t.Errorf("log: %s", log)
		}
	})
}
