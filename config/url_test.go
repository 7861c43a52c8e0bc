package config

import (
	"strings"
	"testing"
)

func TestAddress(t *testing.T) {
	t.Run("a fault never shows what may be a password", func(t *testing.T) {
		for _, address := range []string{
			"https://a:MARKER@MARKER@edge.example", "https://a:MARKER%40edge.example", "https://[MARKER]", "https://u:MARKER", "://MARKER@x",
			"https://a:p#MARKER@edge.example", "https://a:p?MARKER@edge.example", "https://a:p/MARKER@edge.example/", `https://a:p\MARKER@edge.example`,
			"http://MARKER:x@y:z", "MARKER@MARKER@", "https:MARKER@x", "a:MARKER@b://c", "://MARKER@", "%4MARKER@", "a:MARKER@b:c/d@e?f=MARKER#MARKER",
		} {
			f := newFixture(t)
			f.put(address, "bearer", "url")
			if faults := f.faults(); !strings.HasPrefix(faults, "bearer.url: ") || strings.Contains(faults, "MARKER") {
				t.Errorf("%s: %s", address, faults)
			}
		}
	})
}
