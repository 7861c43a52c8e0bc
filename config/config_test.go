package config

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/config/configtest"
)

const configCases = "../testdata/config"

func linesOf(faults []Fault) []string {
	lines := []string{}
	for _, f := range faults {
		lines = append(lines, f.line())
	}
	return lines
}

func TestEveryConfigurationReadsAsItsCaseSays(t *testing.T) {
	for _, c := range configtest.Cases(t, configCases) {
		t.Run(c.Title(), func(t *testing.T) {
			read, faults := Read(c.Config, c.LookupEnv)
			got, want := strings.Join(linesOf(faults), "\n"), strings.Join(c.Faults, "\n")
			if got != want {
				t.Errorf("faults:\n%s\nwant:\n%s", got, want)
			}
			if strings.Contains(got, "MARKER") {
				t.Errorf("a secret in: %s", got)
			}
			described := describe(read)
			for _, line := range c.Settings {
				if !strings.Contains(described, line+"\n") {
					t.Errorf("no %q among the settings:\n%s", line, described)
				}
			}
			if len(c.Faults) == 0 && len(c.Settings) == 0 {
				t.Error("a good case says what its settings are")
			}
		})
	}
}

func TestFaultsComeInTheSameOrderEveryTime(t *testing.T) {
	for _, c := range configtest.Cases(t, configCases) {
		for range [3]struct{}{} {
			_, faults := Read(c.Config, c.LookupEnv)
			if got := linesOf(faults); strings.Join(got, "\n") != strings.Join(c.Faults, "\n") {
				t.Fatalf("%s: %q", c.Title(), got)
			}
		}
	}
}

// everyKey is a good configuration that holds every key there is.
const everyKey = `{
	"mode": "protect", "forwardCredential": true, "optional": true, "preflight": true, "canary": true, "log": "debug",
	"bearer": {"api": "ippanel", "url": "https://a.example", "path": "/p", "method": "GET", "lifetime": "1h", "timeout": "1s", "revalidate": "5m", "budget": "10/1h",
		"tls": {"ca": "", "cert": "", "serverName": "x", "insecureSkipVerify": true}},
	"applicationKey": {"api": "thammasat", "url": "https://b.example", "account": false, "probe": {"username": "u", "password": "p"}},
	"basic": {"api": "thammasat", "url": "https://c.example", "applicationKey": "k", "tls": {"ca": ""}},
	"cache": {"size": 1, "negativeLifetime": "1s", "negativeSize": 1, "epoch": "e"},
	"limits": {"perClient": "30/1m", "clientDepth": 1},
	"identity": {"prefix": "X-A-", "headers": {"X-A-User": "user"}, "require": {"user": "a, b"}},
	"errors": {"format": "problem", "statuses": {"401": 402}, "unavailable": 503}
}`

// keysOf lists the paths of all keys, blocks included.
func keysOf(block map[string]any, path []string) [][]string {
	var all [][]string
	for key, value := range block {
		here := append(append([]string{}, path...), key)
		all = append(all, here)
		if inner, ok := value.(map[string]any); ok {
			all = append(all, keysOf(inner, here)...)
		}
	}
	return all
}

func put(block map[string]any, path []string, value any) {
	for _, key := range path[:len(path)-1] {
		block = block[key].(map[string]any)
	}
	block[path[len(path)-1]] = value
}

func decodeConfig(t testing.TB, text string) map[string]any {
	t.Helper()
	var config map[string]any
	if err := json.Unmarshal([]byte(text), &config); err != nil {
		t.Fatal(err)
	}
	return config
}

func TestAValueThatNoScalarCanBeIsAFaultUnderEveryKey(t *testing.T) {
	if _, faults := Read(decodeConfig(t, everyKey), nil); len(faults) != 0 {
		t.Fatalf("the base has faults: %q", linesOf(faults))
	}
	type own struct{ secret string }
	text := "text"
	odd := map[string]any{
		"map of any":     map[any]any{1: 2, "b": nil, true: []any{}},
		"map of structs": map[own]own{{"a"}: {"b"}},
		"list of maps":   []map[string]any{{"api": "ippanel"}},
		"nested list":    []any{[]any{"a"}, []any{[]any{nil}}},
		"NaN":            math.NaN(),
		"infinity":       math.Inf(-1),
		"huge":           1e300,
		"narrow NaN":     float32(math.NaN()),
		"structure":      own{"MARKER"},
		"pointer":        &text,
		"nil pointer":    (*string)(nil),
		"channel":        make(chan int),
		"function":       func() {},
		"complex":        complex(1, 2),
		"list of lists":  [2][2]int{},
	}
	for name, value := range odd {
		for _, path := range keysOf(decodeConfig(t, everyKey), nil) {
			config := decodeConfig(t, everyKey)
			put(config, path, value)
			_, faults := Read(config, nil)
			lines := strings.Join(linesOf(faults), "\n")
			if !strings.Contains(lines, strings.Join(path, ".")) {
				t.Errorf("%s under %s: %q", name, strings.Join(path, "."), lines)
			}
		}
	}
}

func TestScalarsAreReadForWhatTheySayWhateverTheirType(t *testing.T) {
	type word string
	for _, three := range []any{3, int8(3), int64(3), uint(3), uint16(3), 3.0, float32(3), "3", " 3\n", json.Number("3"), word("3")} {
		config := decodeConfig(t, everyKey)
		put(config, []string{"cache", "size"}, three)
		put(config, []string{"cache", "epoch"}, three)
		read, faults := Read(config, nil)
		if len(faults) != 0 || read.Gate.CacheSize != 3 || read.Gate.Epoch != "3" {
			t.Errorf("%T %v: %d, %q, %q", three, three, read.Gate.CacheSize, read.Gate.Epoch, linesOf(faults))
		}
	}
	for _, yes := range []any{true, "true", 1, "1", 1.0} {
		config := decodeConfig(t, everyKey)
		put(config, []string{"optional"}, yes)
		if read, faults := Read(config, nil); len(faults) != 0 || !read.Gate.Optional {
			t.Errorf("%T %v: %q", yes, yes, linesOf(faults))
		}
	}
	twice := map[string]any{"bearer": map[any]any{"api": "ippanel", "url": "https://a.example"}, "errors": map[any]any{"statuses": map[any]any{401: 402, "401": 403}}}
	if _, faults := Read(twice, nil); len(faults) != 1 || faults[0].line() != "errors.statuses.401: written twice; keep one" {
		t.Errorf("a key as a number and as text: %q", linesOf(faults))
	}
	config := map[string]any{"bearer": map[any]any{"api": "ippanel", "URL": "https://a.example"}}
	if _, faults := Read(config, nil); len(faults) != 0 {
		t.Errorf("a map of any: %q", linesOf(faults))
	}
}

func TestAnAddressThatCannotBeReadIsNotNamed(t *testing.T) {
	for _, address := range []string{
		"https://a:MARKER@MARKER@edge.example", "https://a:MARKER%40edge.example", "https://[MARKER]", "https://u:MARKER", "://MARKER@x",
		"https://a:p#MARKER@edge.example", "https://a:p?MARKER@edge.example", "https://a:p/MARKER@edge.example/", `https://a:p\MARKER@edge.example`,
		"http://MARKER:x@y:z", "MARKER@MARKER@", "https:MARKER@x", "a:MARKER@b://c", "://MARKER@", "%4MARKER@", "a:MARKER@b:c/d@e?f=MARKER#MARKER",
	} {
		config := decodeConfig(t, everyKey)
		put(config, []string{"bearer", "url"}, address)
		_, faults := Read(config, nil)
		lines := strings.Join(linesOf(faults), "\n")
		if !strings.HasPrefix(lines, "bearer.url: ") || strings.Contains(lines, "MARKER") {
			t.Errorf("%s: %s", address, lines)
		}
	}
}

func TestWithoutAnEnvironmentFilesOutsideTheDefaultFoldersStayUnread(t *testing.T) {
	outside := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(outside, []byte("MARKER"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{outside, "/etc/passwd", "/run/secrets", "/run/secretsx/a", "/etc/upstreamauth/../passwd"} {
		config := decodeConfig(t, everyKey)
		put(config, []string{"basic", "applicationKey"}, "file:"+path)
		_, faults := Read(config, nil)
		want := "basic.applicationKey: file: takes only files below the folders of UPSTREAMAUTH_FILES"
		if got := strings.Join(linesOf(faults), "\n"); got != want {
			t.Errorf("%s: %s", path, got)
		}
	}
}

func TestAFloodOfFaultsIsCountedNotListed(t *testing.T) {
	config := decodeConfig(t, everyKey)
	for i := 0; i < 900; i++ {
		put(config, []string{"cache", strings.Repeat("x", i+1)}, "MARKER")
	}
	_, faults := Read(config, nil)
	if len(faults) != maxFaults+1 || faults[maxFaults].line() != "configuration: 700 more faults" {
		t.Errorf("%d faults, the last one %q", len(faults), faults[len(faults)-1].line())
	}
	for _, f := range faults {
		if len(f.line()) > 200 {
			t.Errorf("a line of %d bytes", len(f.line()))
		}
	}
}

func TestABlockOfMoreKeysThanAnybodyWritesIsNotRead(t *testing.T) {
	config := decodeConfig(t, everyKey)
	for i := 0; i < 1000; i++ {
		put(config, []string{"cache", strconv.Itoa(i)}, "MARKER")
		put(config, []string{strconv.Itoa(i)}, "MARKER")
	}
	if _, faults := Read(map[string]any{"bearer": config["bearer"], "cache": config["cache"]}, nil); len(faults) != 1 ||
		faults[0].line() != "cache.*: 1004 keys in one block; allowed: at most 1000" {
		t.Errorf("%q", linesOf(faults))
	}
	if _, faults := Read(config, nil); len(faults) == 0 || faults[0].line() != "*: 1013 keys in one block; allowed: at most 1000" {
		t.Errorf("%q", linesOf(faults))
	}
}

func TestTheNearestWordIsSuggestedOnlyWhenItIsNear(t *testing.T) {
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
