package browser

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/scenario"
)

// The readme's advice. The query is in one field of Traefik's, in every format;
// a log with headers has the cookie in it, and the token where it is denied, unless
// three names are redacted.
func TestAccessLog(t *testing.T) {
	withoutQueries := map[string]any{"RequestPath": "drop"}
	withoutSecrets := map[string]any{"Authorization": "redact", "Cookie": "redact", "Set-Cookie": "redact"}
	type fields = map[string]any
	for name, c := range map[string]struct {
		format string
		fields fields
		logged bool
	}{
		"json":                          {"json", nil, true},
		"json, as advised":              {"json", fields{"names": withoutQueries}, false},
		"common":                        {"common", nil, true},
		"common, as advised":            {"common", fields{"names": withoutQueries}, false},
		"genericCLF":                    {"genericCLF", nil, true},
		"genericCLF, as advised":        {"genericCLF", fields{"names": withoutQueries}, false},
		"json with headers":             {"json", fields{"headers": fields{"defaultMode": "keep"}}, true},
		"json with headers, as advised": {"json", fields{"names": withoutQueries, "headers": fields{"defaultMode": "keep", "names": withoutSecrets}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			log := map[string]any{"filePath": t.TempDir() + "/access.log", "format": c.format}
			if c.fields != nil {
				log["fields"] = c.fields // Traefik does not start with an empty block
			}
			text, token, cookie := visit(t, log)
			if logged := strings.Contains(text, token); logged != c.logged {
				t.Errorf("the log holds the token: %t", logged)
			}
			if !c.logged && strings.Contains(text, cookie) {
				t.Error("the log holds the cookie")
			}
			if !regexp.MustCompile(`"DownstreamStatus":303|HTTP/1.1" 303 `).MatchString(text) {
				t.Error("the log does not hold the hand-off")
			}
		})
	}
}

// visit follows a hand-off in a browser, logs out and sends the old cookie again. It
// returns the access log and what must not be in it.
func visit(t *testing.T, log map[string]any) (text, token, cookie string) {
	s, err := start(map[string]any{"accessLog": log})
	if err != nil {
		t.Fatal(err)
	}
	defer s.stop()
	token = s.up.IssueToken(scenario.Marker + "ali")
	v := newVisitor(t, "log")
	v.follows(s, s.plain()+"/external-login?token="+token)
	kept := v.cookies()
	if len(kept) != 1 {
		t.Fatalf("%d cookies", len(kept))
	}
	v.clicks("#next")
	v.clicks("#out")
	replay(t, s.server.URL, host, kept[0])
	if err := s.server.Stop(); err != nil { // then all of it is written
		t.Error(err)
	}
	written, err := os.ReadFile(log["filePath"].(string))
	if err != nil {
		t.Fatal(err)
	}
	return string(written), token, kept[0].Value
}
