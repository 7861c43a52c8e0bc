package config

import (
	"strings"
	"testing"
)

func TestReadUnresolved(t *testing.T) {
	raw := func(key, file string) map[string]any {
		return map[string]any{
			"basic": map[string]any{"api": "thammasat", "url": "https://a.example", "applicationKey": key, "tls": map[string]any{"ca": file}},
		}
	}

	t.Run("what is referred to is not read, and no fault", func(t *testing.T) {
		read, faults := ReadUnresolved(raw("env:UPSTREAMAUTH_KEY", "file:/run/secrets/ca"))
		if len(faults) != 0 || read.Gate.Blocks[0].Upstream.Key != "" {
			t.Errorf("%v", faults)
		}
	})

	t.Run("a reference that nothing would read is a fault as ever", func(t *testing.T) {
		_, unread := ReadUnresolved(raw("env:HOME", "file:ca.pem"))
		_, faults := Read(raw("env:HOME", "file:ca.pem"), nil)
		if got, want := strings.Join(linesOf(unread), "\n"), strings.Join(linesOf(faults), "\n"); got != want || len(faults) != 2 {
			t.Errorf("faults are\n%s\nwant\n%s", got, want)
		}
	})
}

func TestKeys(t *testing.T) {
	t.Run("every key of a configuration is listed below its block", func(t *testing.T) {
		keys := Keys()
		for path, key := range map[string]string{"": "mode", "bearer": "loginSecret", "basic.tls": "serverName", "applicationKey.probe": "password", "errors": "statuses"} {
			if !contains(keys[path], key) {
				t.Errorf("%s is not below %q: %v", key, path, keys[path])
			}
		}
	})
}
