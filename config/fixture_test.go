package config

import (
	"encoding/json"
	"strings"
	"testing"
)

// everyKey is a valid configuration that holds every key of mode: protect but those
// of session.
const everyKey = `{
	"mode": "protect", "forwardCredential": true, "optional": true, "preflight": true, "canary": true, "log": "debug",
	"bearer": {"api": "ippanel", "url": "https://a.example", "path": "/p", "method": "GET", "lifetime": "1h", "timeout": "1s", "revalidate": "5m", "budget": "10/1h", "keepAlive": false,
		"tls": {"ca": "", "cert": "", "serverName": "x", "insecureSkipVerify": true}},
	"applicationKey": {"api": "thammasat", "url": "https://b.example", "account": false, "probe": {"username": "u", "password": "p"}},
	"basic": {"api": "thammasat", "url": "https://c.example", "applicationKey": "k", "tls": {"ca": ""}},
	"cache": {"size": 1, "negativeLifetime": "1s", "negativeSize": 1, "epoch": "e"},
	"limits": {"perClient": "30/1m", "clientDepth": 1},
	"identity": {"prefix": "X-A-", "headers": {"X-A-User": "user"}, "require": {"user": "a, b"}},
	"shared": {"redis": {"endpoints": ["r.example:6379"], "username": "u", "password": "p", "db": 1, "tls": {"ca": "", "serverName": "x"}},
		"secret": "a secret that has 32 bytes, or more", "timeout": "1s", "local": "1m", "prefix": "p", "budget": true},
	"websocket": {"maxAge": "token"},
	"errors": {"format": "problem", "statuses": {"401": 402}, "unavailable": 503}
}`

// fixture is a configuration that a test changes and reads. It begins as everyKey.
type fixture struct {
	config map[string]any
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{}
	if err := json.Unmarshal([]byte(everyKey), &f.config); err != nil {
		t.Fatal(err)
	}
	return f
}

// put sets the value of a key. The blocks on the path to it must exist.
func (f *fixture) put(value any, path ...string) {
	block := f.config
	for _, key := range path[:len(path)-1] {
		block = block[key].(map[string]any)
	}
	block[path[len(path)-1]] = value
}

// paths lists the paths of all keys, blocks included.
func (f *fixture) paths() [][]string {
	return pathsOf(f.config, nil)
}

func pathsOf(block map[string]any, path []string) [][]string {
	var all [][]string
	for key, value := range block {
		inner := append(append([]string{}, path...), key)
		all = append(all, inner)
		if block, ok := value.(map[string]any); ok {
			all = append(all, pathsOf(block, inner)...)
		}
	}
	return all
}

// read reads the configuration without any environment. lines are the faults.
func (f *fixture) read() (read *Settings, lines []string) {
	read, faults := Read(f.config, nil)
	return read, linesOf(faults)
}

// faults are the lines of all faults in one text.
func (f *fixture) faults() string {
	_, lines := f.read()
	return strings.Join(lines, "\n")
}

func linesOf(faults []Fault) []string {
	_, lines := Lines(faults)
	return lines
}
