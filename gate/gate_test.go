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

func TestAPanicOfOursIsNotAYesAndIsLogged(t *testing.T) {
	log := &bytes.Buffer{}
	out := telemetry.NewSink(log, time.Now)
	// No scheme takes the credential that is accepted, which cannot happen.
	g := &Gate{accepts: credential.Accepts{Bearer: true}, log: telemetry.NewLog(out, "gate", "info")}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer MARKER-token")
	o := g.decide(r, verifier.Credential{})
	if o.denial.Reason != verifier.Unavailable || o.allowed != nil {
		t.Errorf("after a panic: %+v", o)
	}
	if !strings.Contains(log.String(), `"event":"internal"`) || strings.Contains(log.String(), "MARKER") {
		t.Errorf("log: %s", log)
	}
}
