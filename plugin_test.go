package upstreamauth

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

func noEnvironment(string) (string, bool) { return "", false }

func TestAPanicOfOursIsNotAYesAndIsLogged(t *testing.T) {
	log := &bytes.Buffer{}
	out := newOutput(log, time.Now)
	// No scheme takes the credential that is accepted, which cannot happen.
	g := &gate{accepts: verifier.Accepts{Bearer: true}, journal: &journal{output: out, name: "gate"}}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Authorization", "Bearer MARKER-token")
	o := g.decide(r, verifier.Credential{})
	if o.denial.Reason != verifier.Unavailable || o.yes != nil {
		t.Errorf("after a panic: %+v", o)
	}
	if !strings.Contains(log.String(), `"event":"internal"`) || strings.Contains(log.String(), "MARKER") {
		t.Errorf("log: %s", log)
	}
}

func TestAHandlerThatCannotBeMadeIsClosed(t *testing.T) {
	log := &bytes.Buffer{}
	p := NewProcess(time.Now(), time.Since, noEnvironment, log)
	reached := false
	next := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached = true })
	for _, config := range []*Config{nil, {}, {Settings: map[string]interface{}{"bearer": "x"}}} {
		w := httptest.NewRecorder()
		p.Handler(context.Background(), next, config, "gate").ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), "configuration fault") || reached {
			t.Errorf("%+v: %d %s, backend reached: %t", config, w.Code, w.Body, reached)
		}
	}
	if got := strings.Count(log.String(), `"event":"internal"`); got != 1 {
		t.Errorf("%d panics in the log, want the one of a nil configuration: %s", got, log)
	}
}

func TestTheSameFaultsAreSaidOnceAndTheirEndToo(t *testing.T) {
	log := &bytes.Buffer{}
	p := NewProcess(time.Now(), time.Since, noEnvironment, log)
	bad := &Config{Settings: map[string]interface{}{"bearer": map[string]interface{}{"api": "ippanel", "url": "nowhere"}}}
	good := &Config{Settings: map[string]interface{}{"bearer": map[string]interface{}{"api": "ippanel", "url": "https://x.example"}}}
	for _, config := range []*Config{bad, bad, bad, good, good, bad} {
		p.Handler(context.Background(), nil, config, "gate")
	}
	if faults, healed := strings.Count(log.String(), eventFault), strings.Count(log.String(), eventHealed); faults != 2 || healed != 1 {
		t.Errorf("%d faults and %d healings in the log, want 2 and 1: %s", faults, healed, log)
	}
}

func TestOneRequestTeachesFewHeaderNames(t *testing.T) {
	id := newIdentity(&settings{prefix: "X-Auth-"}, verifier.Accepts{})
	var names []string
	for i := 0; i < 10*maxLearned; i++ {
		names = append(names, "X-Invented-"+strings.Repeat("a", i))
	}
	id.learn(names)
	if got := len(id.harmless()); got != maxLearned {
		t.Errorf("one request taught %d names, want %d", got, maxLearned)
	}
	for i := 0; i < 100; i++ {
		id.learn(names[(i%10)*maxLearned : (i%10+1)*maxLearned])
	}
	if got := len(id.harmless()); got > maxKnownNames {
		t.Errorf("%d names are held, want at most %d", got, maxKnownNames)
	}
}
