package status

import (
	"strings"
	"testing"
)

func FuzzForget(f *testing.F) {
	for _, body := range []string{`{"bearer": "MARKER"}`, `{"basic": {"username": "u", "password": "MARKER"}}`, `{"beaer": "MARKER"}`, `{"api": "a", "api": "MARKER"}`, "\xff", ""} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		w, fault := parseForget(body)
		if fault == "" && (w.first == "" || !isSubject(w.by) || (w.by == ByBasic) != (w.second != "")) {
			t.Errorf("%q: %+v", body, w)
		}
		if fault != "" && (w != wish{} || strings.Contains(fault, "MARKER") || len(fault) > 1000) {
			t.Errorf("%q: %q, %+v", body, fault, w)
		}
	})
}
