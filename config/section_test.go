package config

import (
	"strconv"
	"testing"
)

func TestSection(t *testing.T) {
	t.Run("a key as a number and as text is written twice", func(t *testing.T) {
		f := &fixture{config: map[string]any{
			"bearer": map[any]any{"api": "ippanel", "url": "https://a.example"},
			"errors": map[any]any{"statuses": map[any]any{401: 402, "401": 403}},
		}}
		if faults := f.faults(); faults != "errors.statuses.401: written twice; keep one" {
			t.Error(faults)
		}
	})

	t.Run("keys in a map of any match without regard to case", func(t *testing.T) {
		f := &fixture{config: map[string]any{"bearer": map[any]any{"api": "ippanel", "URL": "https://a.example"}}}
		if faults := f.faults(); faults != "" {
			t.Error(faults)
		}
	})

	t.Run("a block of more than 1000 keys is not read", func(t *testing.T) {
		f := newFixture(t)
		for i := 0; i < 1000; i++ {
			f.put("MARKER", "cache", strconv.Itoa(i))
		}
		inner := &fixture{config: map[string]any{"bearer": f.config["bearer"], "cache": f.config["cache"]}}
		if faults := inner.faults(); faults != "cache.*: 1004 keys in one block; allowed: at most 1000" {
			t.Error(faults)
		}
	})

	t.Run("a configuration of more than 1000 keys is not read", func(t *testing.T) {
		f := newFixture(t)
		for i := 0; i < 1000; i++ {
			f.put("MARKER", strconv.Itoa(i))
		}
		if _, lines := f.read(); len(lines) == 0 || lines[0] != "*: 1015 keys in one block; allowed: at most 1000" {
			t.Errorf("%q", lines)
		}
	})
}
