package logs

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/scenario"
	"github.com/upstreamauth/upstreamauth/e2e/traefik"
	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// The entries of one run, each with the level that Traefik's log has for it.
var levels = map[string]string{
	"configuration fault": "error", "outage": "error", "ready": "info", "refused": "debug", "trace": "trace",
}

const secret = "MARKER-token-that-is-in-no-log"

// run is a Traefik with a log file, a gate whose upstream is not there, and one with a fault.
type run struct {
	server *traefik.Server
	file   string
}

func start(t *testing.T, level, format string) *run {
	t.Helper()
	r := &run{file: filepath.Join(t.TempDir(), "traefik.log")}
	var err error
	r.server, err = traefik.Start(traefik.Options{Static: map[string]any{
		"log": map[string]any{"level": level, "filePath": r.file, "format": format},
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.server.Stop() })
	gone := upstreams.NewHTTPServer(http.NotFoundHandler())
	gone.Close()
	gate := func(path string) map[string]any {
		return map[string]any{"plugin": map[string]any{"upstreamauth": map[string]any{
			"log": "trace", "bearer": map[string]any{"api": "webservice", "url": gone.URL, "path": path},
		}}}
	}
	router := func(name string) map[string]any {
		return map[string]any{"rule": "Host(`" + name + ".test`)", "middlewares": []string{name}, "service": "backend"}
	}
	err = r.server.Apply("logs", map[string]any{"http": map[string]any{
		"routers":     map[string]any{"gate": router("gate"), "bad": router("bad")},
		"middlewares": map[string]any{"gate": gate("/check"), "bad": gate("no path")},
		"services":    map[string]any{"backend": map[string]any{"loadBalancer": map[string]any{"servers": []any{map[string]any{"url": gone.URL}}}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequest(http.MethodGet, r.server.URL+"/p?token="+secret, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "gate.test"
	request.Header.Set("Authorization", "Bearer "+secret)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	if response.StatusCode != http.StatusInternalServerError {
		t.Fatalf("status %d", response.StatusCode)
	}
	return r
}

// lines waits until an event is in the log file, and returns the lines of the plugin by
// their events.
func (r *run) lines(t *testing.T, event string) map[string]string {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		written, err := os.ReadFile(r.file)
		if err != nil {
			continue
		}
		found := map[string]string{}
		for _, line := range strings.Split(string(written), "\n") {
			for _, entry := range scenario.Entries(line) {
				found[entry["event"].(string)] = line
			}
		}
		if found[event] != "" {
			scenario.ExpectNoMarker(t, string(written))
			return found
		}
	}
	t.Fatalf("no %s in the log file", event)
	return nil
}

// common is a line of Traefik's common format with an entry in it.
var common = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\S+ (ERR|INF|DBG|TRC) (\S+ > )?\{".*"\} module=`)

func TestLogFile(t *testing.T) {
	t.Run("in the common format each entry has its level, and is one line", func(t *testing.T) {
		r := start(t, "TRACE", "common")
		names := map[string]string{"error": "ERR", "info": "INF", "debug": "DBG", "trace": "TRC"}
		lines := r.lines(t, "ready")
		for event, level := range levels {
			parts := common.FindStringSubmatch(lines[event])
			if parts == nil || parts[1] != names[level] {
				t.Errorf("%s: not a line of level %s: %q", event, level, lines[event])
			}
		}
		if r.server.Logs() != "" {
			t.Errorf("beside the file: %s", r.server.Logs())
		}
	})
	t.Run("in the JSON format each entry has its level, and is the message", func(t *testing.T) {
		lines := start(t, "TRACE", "json").lines(t, "ready")
		for event, level := range levels {
			var line struct{ Level, Message, Time, Plugin string }
			if err := json.Unmarshal([]byte(lines[event]), &line); err != nil || line.Level != level || line.Time == "" || line.Plugin != "plugin-upstreamauth" {
				t.Errorf("%s: not a line of level %s: %q (%v)", event, level, lines[event], err)
			}
			entry := map[string]any{}
			if err := json.Unmarshal([]byte(line.Message), &entry); err != nil || entry["event"] != event || entry["level"] != level {
				t.Errorf("%s: the message is no entry: %q (%v)", event, line.Message, err)
			}
		}
	})
	t.Run("Traefik's level decides what is written", func(t *testing.T) {
		for level, hidden := range map[string][]string{"ERROR": {"ready", "refused", "trace"}, "INFO": {"refused", "trace"}, "DEBUG": {"trace"}} {
			last := "ready"
			if level == "ERROR" {
				last = "outage"
			}
			lines := start(t, level, "common").lines(t, last)
			if lines["hidden"] == "" || !strings.Contains(lines["hidden"], " ERR ") {
				t.Errorf("%s: nothing says that traces are not written: %q", level, lines["hidden"])
			}
			for event := range levels {
				written, want := lines[event] != "", true
				for _, h := range hidden {
					want = want && h != event
				}
				if written != want {
					t.Errorf("%s: %s is written: %t", level, event, written)
				}
			}
		}
	})
}
