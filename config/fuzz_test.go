package config

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/config/files"
)

const planted = "MARKER-5f1c9a"

// plant puts the marker wherever a configuration may hold a secret, and under
// unknown keys. Values that are there keep their shape.
func plant(block map[string]any, path string) {
	for key, value := range block {
		full := strings.ToLower(strings.TrimPrefix(path+"."+key, "."))
		switch full {
		case "bearer.loginsecret", "bearer.tls.key", "bearer.applicationkey", "applicationkey.probe.password", "applicationkey.tls.key",
			"basic.applicationkey", "basic.tls.key", "session.secret", "shared.secret", "shared.redis.password", "shared.redis.tls.key",
			"bearer.custom.request.client.secret", "applicationkey.custom.request.client.secret", "basic.custom.request.client.secret":
			block[key] = mark(value)
		case "bearer.url", "applicationkey.url", "basic.url":
			if text, ok := value.(string); ok {
				scheme, rest, found := strings.Cut(text, "://")
				if !found {
					scheme, rest = "https", text
				}
				block[key] = scheme + "://user:" + planted + "@" + rest
			}
		case "bearer", "applicationkey", "basic", "cache", "identity", "errors", "limits", "session", "shared", "shared.redis", "shared.redis.tls", "bearer.tls", "applicationkey.probe",
			"bearer.custom", "bearer.custom.request", "bearer.custom.request.client", "bearer.custom.identity", "bearer.custom.refusal",
			"basic.custom", "basic.custom.request", "basic.custom.request.client":
			if inner, ok := value.(map[string]any); ok {
				plant(inner, full)
				inner["unknownkey"] = planted
			} else {
				block[key] = mark(value)
			}
		}
	}
}

func mark(value any) any {
	switch v := value.(type) {
	case map[string]any:
		return map[string]any{"value": planted}
	case []any:
		return []any{planted, []any{planted}}
	case string:
		if strings.HasPrefix(v, "env:") || strings.HasPrefix(v, "file:") {
			return v // faults name it, and the variable holds the marker
		}
		return v + planted
	}
	return value
}

// FuzzSettings: for any JSON that a provider delivers, Read returns without a panic
// and without delay, twice with the same faults, each in one line and without secrets.
func FuzzSettings(f *testing.F) {
	f.Add(everyKey)
	names, _ := filepath.Glob("../testdata/config/*.json")
	for _, name := range names {
		raw, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		var cases []struct{ Config json.RawMessage }
		if err := json.Unmarshal(raw, &cases); err != nil {
			f.Fatal(err)
		}
		for _, c := range cases {
			f.Add(string(c.Config))
		}
	}
	env := func(name string) (string, bool) { return planted + "\n" + name, name != files.FoldersName }
	f.Fuzz(func(t *testing.T, text string) {
		var config map[string]any
		text = strings.ReplaceAll(text, planted[:6], "secret") // elsewhere it would be no secret, and could be shown
		if json.Unmarshal([]byte(text), &config) != nil || strings.Contains(text, `\u004`) {
			return
		}
		plant(config, "")
		read, faults := Read(config, env)
		_, again := Read(config, env)
		lines := linesOf(faults)
		if strings.Join(lines, "\n") != strings.Join(linesOf(again), "\n") {
			t.Errorf("%q, then %q", lines, linesOf(again))
		}
		for _, line := range lines {
			if strings.Contains(line, planted) || strings.ContainsAny(line, "\n\r\u2028\x1b") || len(line) > 1000 {
				t.Errorf("a line with a secret, with a line end, or too long: %q", line)
			}
		}
		noUpstream := read.Issuer == nil && read.Status == nil && (len(read.Gate.Blocks) == 0 || read.Gate.Blocks[0].API == nil || read.Gate.Blocks[0].Upstream.Target.URL == "")
		if len(lines) == 0 && noUpstream {
			t.Errorf("no faults, and no upstream to ask: %s", text)
		}
	})
}
