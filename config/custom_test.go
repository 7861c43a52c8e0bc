package config

import (
	"fmt"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/config/configtest"
	"github.com/upstreamauth/upstreamauth/config/dialect"
)

// keysAPI is a configuration that describes an API.
func keysAPI(canary string) map[string]any {
	return map[string]any{"bearer": map[string]any{
		"api": "custom", "url": "https://a.example", "path": "/verify",
		"custom": map[string]any{
			"request": map[string]any{"form": "key={token}", "client": map[string]any{"id": "g", "secret": "env:UPSTREAMAUTH_S"}},
			"replies": []any{
				map[string]any{"status": "200", "when": "valid is true, plan exists", "then": "allow"},
				map[string]any{"status": "401", "then": "deny"},
			},
			"canary": canary,
		},
	}}
}

func TestMemory(t *testing.T) {
	secret := "one"
	env := func(name string) (string, bool) { return secret, name == "UPSTREAMAUTH_S" }
	read := func(t *testing.T, memory *dialect.Memory, raw map[string]any) (definition string) {
		t.Helper()
		settings, faults := ReadKnown(raw, env, memory)
		if len(faults) > 0 {
			t.Fatal(linesOf(faults))
		}
		return settings.Gate.Blocks[0].API.Definition
	}

	t.Run("a description that 200 routes share is read once", func(t *testing.T) {
		memory := dialect.NewMemory()
		for i := 0; i < 200; i++ {
			read(t, memory, keysAPI("{32}"))
		}
		if memory.Read() != 1 {
			t.Errorf("read %d times", memory.Read())
		}
	})

	t.Run("one changed comma is another scope", func(t *testing.T) {
		memory := dialect.NewMemory()
		first := read(t, memory, keysAPI("a{32}"))
		if first == "" || read(t, memory, keysAPI("a,{32}")) == first || read(t, memory, keysAPI("a{32}")) != first {
			t.Error("two descriptions have one fingerprint, or one has two")
		}
		if memory.Read() != 2 {
			t.Errorf("read %d times", memory.Read())
		}
	})

	t.Run("another secret, path, header or pattern is another description", func(t *testing.T) {
		memory := dialect.NewMemory()
		first := read(t, memory, keysAPI("{32}"))
		secret = "two"
		if read(t, memory, keysAPI("{32}")) == first {
			t.Error("two secrets have one fingerprint")
		}
		secret = "one"
		for _, change := range []map[string]any{{"path": "/other"}, {"header": "X-Key"}, {"pattern": "[A-Za-z0-9]+"}} {
			raw := keysAPI("{32}")
			for key, value := range change {
				raw["bearer"].(map[string]any)[key] = value
			}
			before := memory.Read()
			read(t, memory, raw)
			if memory.Read() != before+1 {
				t.Errorf("%v: not read anew", change)
			}
		}
	})

	t.Run("a fingerprint holds nothing that is secret", func(t *testing.T) {
		secret = "MARKER"
		if digest := read(t, dialect.NewMemory(), keysAPI("{32}")); strings.Contains(digest, "MARKER") || len(digest) != 64 {
			t.Error("no digest")
		}
		secret = "one"
	})

	t.Run("it is bounded", func(t *testing.T) {
		memory := dialect.NewMemory()
		for i := 0; i < 600; i++ {
			read(t, memory, keysAPI(fmt.Sprintf("k%d_{32}", i)))
		}
		if memory.Held() > dialect.MaxKnown {
			t.Errorf("%d held", memory.Held())
		}
	})

	t.Run("what is known changes no fault", func(t *testing.T) {
		memory := dialect.NewMemory()
		for range [2]struct{}{} {
			for _, c := range configtest.Cases(t, configCases) {
				_, faults := ReadKnown(c.Config, c.LookupEnv, memory)
				if got := strings.Join(linesOf(faults), "\n"); got != strings.Join(c.Faults, "\n") {
					t.Errorf("%s: %s", c.Title(), got)
				}
			}
		}
	})

	t.Run("a faulty pattern does not stand in for none", func(t *testing.T) {
		memory := dialect.NewMemory()
		raw := map[string]any{"bearer": map[string]any{"api": "custom", "url": "https://a.example", "path": "/k/{token}", "pattern": "["}}
		_, first := ReadKnown(raw, env, memory)
		delete(raw["bearer"].(map[string]any), "pattern")
		_, second := ReadKnown(raw, env, memory)
		if len(first) != 1 || len(second) != 1 || !strings.Contains(second[0].Text, "needs a pattern") {
			t.Error(linesOf(first), linesOf(second))
		}
	})
}

func BenchmarkDescribed(b *testing.B) {
	env := func(string) (string, bool) { return "s", true }
	for _, known := range []bool{false, true} {
		b.Run(fmt.Sprint("known ", known), func(b *testing.B) {
			var memory *dialect.Memory
			if known {
				memory = dialect.NewMemory()
			}
			for i := 0; i < b.N; i++ {
				ReadKnown(keysAPI("{32}"), env, memory)
			}
		})
	}
}
