package scenario

import (
	"strings"
	"testing"
)

// Faults: a wrong configuration closes its own route, and nothing else.
var Faults = []Scenario{
	{Name: "a fault closes its route, says so once, and a good configuration heals it", Play: faultHeals},
	{Name: "a secret of Traefik's cannot be sent to an address of the configuration's", Play: foreignSecrets},
}

func faultHeals(t *testing.T, g *Gate) {
	up := panel(g.Clock())
	defer up.Close()
	line := bearer(up.IssueToken(Marker + "ali"))
	good := block("bearer", "ippanel", up.URL)
	bad := block("bearer", "ippanel", up.URL, "lifetme", "5h")
	g.Serve(Routes{"mended": bad, "other": good})
	for range 2 {
		for _, lines := range [][]string{nil, {line}, {"Authorization: x", "Authorization: y"}} {
			r := g.Expect(500, Call{Route: "mended", Lines: lines})
			same(t, "body", r.Body, closedBody)
			same(t, "Cache-Control", r.Header.Get("Cache-Control"), "no-store")
		}
		g.Expect(200, Call{Route: "other", Lines: []string{line}})
		g.Serve(Routes{"mended": bad, "other": good}) // the same again says nothing new
	}
	same(t, "what the log says", faultsByMiddleware(g.Logs())["mended"], []string{`bearer.lifetme: unknown key; did you mean "lifetime"?`})
	g.Serve(Routes{"mended": good, "other": good})
	g.Expect(200, Call{Route: "mended", Lines: []string{line}})
	g.Expect(401, Call{Route: "mended"})
	if !strings.Contains(g.Logs(), `"event":"configuration ok"`) {
		t.Error("the log does not say that the fault is gone")
	}
	g.Serve(Routes{"mended": bad, "other": good})
	g.Expect(500, Call{Route: "mended", Lines: []string{line}})
}

func foreignSecrets(t *testing.T, g *Gate) {
	up := university(g.Clock())
	defer up.Close()
	g.Serve(Routes{
		"env":   block("basic", "thammasat", up.URL, "applicationKey", "env:SECRET_OF_TRAEFIK"),
		"file":  block("basic", "thammasat", up.URL, "applicationKey", "file:/etc/passwd"),
		"up":    block("basic", "thammasat", up.URL, "applicationKey", "file:/run/secrets/../../etc/passwd"),
		"unset": block("basic", "thammasat", up.URL, "applicationKey", "env:UPSTREAMAUTH_UNSET"),
	})
	for _, route := range []string{"env", "file", "up", "unset"} {
		g.Expect(500, Call{Route: route, Lines: []string{basic(student, password)}})
		same(t, route+": faults", len(faultsByMiddleware(g.Logs())[route]), 1)
	}
	counts(t, "with a foreign secret", up.Calls(), 0)
}
