package scenario

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Expect sends a request and compares the status; the backend must be reached
// exactly if that is 200.
func (h *Harness) Expect(status int, request Request) Response {
	h.t.Helper()
	r := h.Do(request)
	if status == 200 && r.Status != 200 {
		h.Counters.falseRejects.Add(1)
	}
	if status != 200 && (r.Status == 200 || r.Seen != nil) {
		h.Counters.falseAccepts.Add(1)
	}
	if r.Status != status {
		h.t.Errorf("%s %v: status %d, want %d: %s", request.Route, redact(request.Headers), r.Status, status, r.Body)
	}
	reached := r.Header.Get(backendHeader) != ""
	if reached != (status == 200) {
		h.t.Errorf("%s %v: status %d, backend reached: %t", request.Route, redact(request.Headers), r.Status, reached)
	}
	return r
}

// ExpectCached sends a request whose credential is cached as allowed, and records
// how long the response took.
func (h *Harness) ExpectCached(request Request) Response {
	h.t.Helper()
	begun := time.Now()
	r := h.Expect(200, request)
	h.Counters.recordLatency(time.Since(begun))
	return r
}

// ExpectNoMarker fails a test if an output holds a secret or an identity.
func ExpectNoMarker(t testing.TB, output string) {
	t.Helper()
	for _, line := range strings.Split(output, "\n") {
		if strings.Contains(line, Marker) {
			t.Errorf("a secret or an identity in the output: %s", line)
		}
	}
}

func redact(lines []string) []string {
	names := make([]string, 0, len(lines))
	for _, line := range lines {
		name, _, _ := strings.Cut(line, ":")
		names = append(names, name)
	}
	return names
}

// expectCount compares a number, most often that of calls to an upstream.
func expectCount(t testing.TB, what string, got, want int) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %d, want %d", what, got, want)
	}
}

func expectEqual(t testing.TB, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// newSecond waits for the next second: the log takes ten lines in one of what clients cause,
// and scenarios before, in the same process, may have caused that many.
func (h *Harness) newSecond() { h.Advance(time.Second) }

// waitFor waits until a condition holds; if it does not within half a minute, the
// test fails.
func waitFor(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("not within 30 seconds: %s", what)
}

// expectRetryAfter compares the seconds in Retry-After.
func expectRetryAfter(t testing.TB, r Response, least, most int) {
	t.Helper()
	seconds, err := strconv.Atoi(r.Header.Get("Retry-After"))
	if err != nil || seconds < least || seconds > most {
		t.Errorf("Retry-After %q, want %d…%d", r.Header.Get("Retry-After"), least, most)
	}
}
