package upstreamauth

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func noEnvironment(string) (string, bool) { return "", false }

func TestAHandlerThatCannotBeMadeIsClosed(t *testing.T) {
	log := &bytes.Buffer{}
	p := NewRuntime(time.Now(), time.Since, noEnvironment, log)
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
	p := NewRuntime(time.Now(), time.Since, noEnvironment, log)
	bad := &Config{Settings: map[string]interface{}{"bearer": map[string]interface{}{"api": "ippanel", "url": "nowhere"}}}
	good := &Config{Settings: map[string]interface{}{"bearer": map[string]interface{}{"api": "ippanel", "url": "https://x.example"}}}
	for _, config := range []*Config{bad, bad, bad, good, good, bad} {
		p.Handler(context.Background(), nil, config, "gate")
	}
	if faults, healed := strings.Count(log.String(), `"event":"configuration fault"`), strings.Count(log.String(), `"event":"configuration ok"`); faults != 2 || healed != 1 {
		t.Errorf("%d faults and %d healings in the log, want 2 and 1: %s", faults, healed, log)
	}
}
