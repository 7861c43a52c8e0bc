package config

import (
	"reflect"
	"strings"
	"testing"
)

func TestLines(t *testing.T) {
	faults := []Fault{{Key: "cache.size", Text: "wrong"}, {Key: "log", Text: "wrong too"}}
	keys, lines := Lines(faults)
	if want := []string{"cache.size", "log"}; !reflect.DeepEqual(keys, want) {
		t.Errorf("keys %q, want %q", keys, want)
	}
	if want := []string{"cache.size: wrong", "log: wrong too"}; !reflect.DeepEqual(lines, want) {
		t.Errorf("lines %q, want %q", lines, want)
	}
}

func TestReader(t *testing.T) {
	t.Run("faults beyond 200 are counted, and no line is long", func(t *testing.T) {
		f := newFixture(t)
		for i := 0; i < 900; i++ {
			f.put("MARKER", "cache", strings.Repeat("x", i+1))
		}
		_, lines := f.read()
		if len(lines) != maxFaults+1 || lines[maxFaults] != "configuration: 700 more faults" {
			t.Errorf("%d faults, the last one %q", len(lines), lines[len(lines)-1])
		}
		for _, line := range lines {
			if len(line) > 200 {
				t.Errorf("a line of %d bytes", len(line))
			}
		}
	})
}

func TestNearest(t *testing.T) {
	words := []string{"bearer", "basic", "cache", "url", "lifetime", "forwardCredential", "tls"}
	for word, want := range map[string]string{
		"lifetme": "lifetime", "liftiem": "lifetime", "LIFETIMES": "lifetime", "bearers": "bearer", "baerer": "bearer",
		"uri": "url", "ulr": "url", "forward_credential": "forwardCredential", "casche": "cache",
		"ttl": "", "x": "", "": "", "verify": "", "lifespan": "", "forward": "", strings.Repeat("cache", 100): "",
	} {
		if got := nearest(word, words); got != want {
			t.Errorf("%q: %q, want %q", word, got, want)
		}
	}
}
