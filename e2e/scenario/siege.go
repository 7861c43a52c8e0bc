package scenario

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Siege: faults and attacks that were found once, and are not to come back.
var Siege = []Scenario{
	{Name: "a refusal that is not about the credential proves nothing", Play: closedAtNight},
	{Name: "a route's timeout is its own, also in a flight of another's", Play: ownTimeouts},
	{Name: "the 65th question at a time is not asked, and known callers go on", Play: crowded},
	{Name: "no configured status says no where nobody said it", Play: troubleStaysTrouble},
	{Name: "a 429 of the operator's own has a Retry-After", Play: ownThrottle},
	{Name: "a clock that was set back makes no answer younger", Play: clockSetBack, Moves: true},
	{Name: "asking again for one route does not make a credential younger for another", Play: firstSeenStays, Moves: true},
	{Name: "a scope reports to the route that joined it last", Play: newestReports},
	{Name: "tokens that have ended push no cool-down out", Play: coolDownStays},
}

// closedAtNight: an open path that says "not at this hour" to anybody is not
// trusted for it; in the morning it would let everybody in.
func closedAtNight(t *testing.T, g *Gate) {
	up := service(g.Clock())
	defer up.Close()
	g.Serve(Routes{"r": block("bearer", "webservice", up.URL, "path", up.Path())})
	up.AnswerAll(&upstreams.Reply{Status: 200, Body: `{"IsSuccess":false,"Msg":{"Code":-203,"Msg":"night"}}`})
	g.Expect(403, Call{Route: "r", Lines: []string{bearer(Marker + "junk1")}})
	up.AnswerAll(&upstreams.Reply{Status: 200, Body: `{"IsSuccess":true,"Data":{}}`})
	g.Expect(500, Call{Route: "r", Lines: []string{bearer(Marker + "junk2")}})
	g.Expect(500, Call{Route: "r", Lines: []string{bearer(Marker + "junk3")}})
}

func ownTimeouts(t *testing.T, g *Gate) {
	up := service(g.Clock())
	defer up.Close()
	known := up.IssueToken(upstreams.User{UserName: Marker + "first"})
	token := up.IssueToken(upstreams.User{UserName: Marker + "client"})
	g.Serve(Routes{
		"short": block("bearer", "webservice", up.URL, "path", up.Path(), "timeout", "200ms"),
		"long":  block("bearer", "webservice", up.URL, "path", up.Path(), "timeout", "10s"),
	})
	g.Expect(200, Call{Route: "long", Lines: []string{bearer(known)}}) // trusted from here on
	release := up.Hold()
	var both sync.WaitGroup
	both.Go(func() {
		begun := time.Now()
		r, err := g.Try(Call{Route: "short", Lines: []string{bearer(token)}})
		if waited := time.Since(begun); err != nil || r.Status != 500 || waited > 3*time.Second {
			t.Errorf("the short route: %d after %s, %v", r.Status, waited, err)
		}
	})
	both.Go(func() {
		time.Sleep(50 * time.Millisecond) // it joins the short route's flight
		if r, err := g.Try(Call{Route: "long", Lines: []string{bearer(token)}}); err != nil || r.Status != 200 {
			t.Errorf("the long route: %d %v", r.Status, err)
		}
	})
	time.Sleep(600 * time.Millisecond)
	release()
	both.Wait()
	counts(t, "one flight for both", up.CallsWith(token), 1)
}

func crowded(t *testing.T, g *Gate) {
	up := service(g.Clock())
	defer up.Close()
	known := up.IssueToken(upstreams.User{UserName: Marker + "client"})
	g.Serve(Routes{"r": block("bearer", "webservice", up.URL, "path", up.Path(), "timeout", "20s")})
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(known)}})
	calls := up.Calls()
	release := up.Hold()
	var crowd sync.WaitGroup
	for i := range 64 {
		crowd.Go(func() {
			if r, err := g.Try(Call{Route: "r", Lines: []string{bearer(fmt.Sprint(Marker, "junk", i))}}); err != nil || r.Status != 401 {
				t.Errorf("one of the 64: %d %v", r.Status, err)
			}
		})
	}
	until(t, "64 questions are under way", func() bool { return up.Calls() == calls+64 })
	r := g.Expect(500, Call{Route: "r", Lines: []string{bearer(Marker + "one-more")}})
	same(t, "Retry-After", r.Header.Get("Retry-After"), "1")
	g.Expect(500, Call{Route: "r", Lines: []string{bearer(Marker + "one-more")}})
	counts(t, "log lines about the crowd", strings.Count(g.Logs(), "64 checks are under way"), 1)
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(known)}})
	counts(t, "questions", up.Calls(), calls+64)
	release()
	crowd.Wait()
	g.Expect(401, Call{Route: "r", Lines: []string{bearer(Marker + "one-more")}})
}

func troubleStaysTrouble(t *testing.T, g *Gate) {
	up := university(g.Clock())
	defer up.Close()
	statuses := map[string]any{"403": "401", "500": "503", "502": "418", "429": "401"}
	config := block("basic", "thammasat", up.URL, "applicationKey", "not-a-key-of-theirs")
	g.Serve(Routes{"r": with(config, "errors", map[string]any{"statuses": statuses})})
	r := g.Expect(500, Call{Route: "r", Lines: []string{basic(student, password)}})
	same(t, "challenge", len(r.Header["Www-Authenticate"]), 0)
	for _, pair := range [][2]int{{500, 503}, {502, 500}, {429, 429}} {
		upstream, client := pair[0], pair[1]
		up.AnswerAll(&upstreams.Reply{Status: upstream, Body: `{"status":false,"message":"x"}`})
		g.Expect(client, Call{Route: "r", Lines: []string{basic(student, password)}})
	}
}

func ownThrottle(t *testing.T, g *Gate) {
	up := service(g.Clock())
	defer up.Close()
	token := up.IssueToken(upstreams.User{UserName: Marker + "client"})
	up.Fail(token, -105, "")
	g.Serve(Routes{"r": with(block("bearer", "webservice", up.URL, "path", up.Path()), "errors", map[string]any{"statuses": map[string]any{"-105": "429"}})})
	r := g.Expect(429, Call{Route: "r", Lines: []string{bearer(token)}})
	same(t, "Retry-After", r.Header.Get("Retry-After"), "60")
}

func clockSetBack(t *testing.T, g *Gate) {
	up := service(g.Clock())
	defer up.Close()
	token := up.IssueToken(upstreams.User{UserName: Marker + "client"})
	g.Serve(Routes{"r": block("bearer", "webservice", up.URL, "path", up.Path(), "lifetime", "1h")})
	g.Clock().Advance(5 * time.Hour)
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(token)}})
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(token)}})
	g.Clock().Advance(-4 * time.Hour)
	up.Answer(token, upstreams.Reply{Status: 401, Body: `{"status":"error","message":"no","code":401}`})
	g.Expect(401, Call{Route: "r", Lines: []string{bearer(token)}})
	g.Clock().Advance(-30 * time.Minute)
	up.Unscript(token)
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(token)}})
}

func firstSeenStays(t *testing.T, g *Gate) {
	up := service(g.Clock())
	defer up.Close()
	token := up.IssueToken(upstreams.User{UserName: Marker + "client"})
	g.Serve(Routes{
		"short": block("bearer", "webservice", up.URL, "path", up.Path(), "lifetime", "1h"),
		"long":  block("bearer", "webservice", up.URL, "path", up.Path(), "lifetime", "3h"),
	})
	line := []string{bearer(token)}
	end := g.Expect(200, Call{Route: "long", Lines: line}).Seen.Header.Get("X-Auth-Expires")
	for range 2 {
		g.Clock().Advance(time.Hour)
		g.Expect(200, Call{Route: "short", Lines: line})
		r := g.Expect(200, Call{Route: "long", Lines: line})
		same(t, "its end on the long route", r.Seen.Header.Get("X-Auth-Expires"), end)
	}
	counts(t, "for the short route", up.CallsWith(token), 3)
	g.Clock().Advance(30 * time.Minute)
	g.Expect(200, Call{Route: "long", Lines: line})
	counts(t, "for the long route", up.CallsWith(token), 3)
	g.Clock().Advance(30 * time.Minute)
	g.Expect(200, Call{Route: "long", Lines: line})
	counts(t, "after the end", up.CallsWith(token), 4)
}

// newestReports: the scope goes on when the route that opened it is renamed.
func newestReports(t *testing.T, g *Gate) {
	up := service(g.Clock())
	defer up.Close()
	token := up.IssueToken(upstreams.User{UserName: Marker + "client"})
	config := block("bearer", "webservice", up.URL, "path", up.Path())
	g.Serve(Routes{"old": config})
	g.Expect(200, Call{Route: "old", Lines: []string{bearer(token)}})
	g.Serve(Routes{"new": config})
	g.Expect(200, Call{Route: "new", Lines: []string{bearer(token)}})
	counts(t, "one scope", up.CallsWith(token), 1)
	up.AnswerAll(&upstreams.Reply{Status: 502, Body: "{}"})
	g.Expect(500, Call{Route: "new", Lines: []string{bearer(Marker + "junk")}})
	said := false
	for _, line := range strings.Split(g.Logs(), "\n") {
		if strings.Contains(line, `"event":"outage"`) {
			said = strings.Contains(line, `"middleware":"new@file"`)
		}
	}
	if !said {
		t.Error("the outage is not reported in the name of the new route")
	}
}

func coolDownStays(t *testing.T, g *Gate) {
	up := courier(g.Clock())
	defer up.Close()
	small := map[string]any{"negativeSize": "5"}
	g.Serve(Routes{"r": with(block("bearer", "bts", up.URL, "path", upstreams.BTSStatusPath), "cache", small)})
	token := up.IssueToken(Marker + "courier")
	up.Answer(token, upstreams.Reply{Status: 429, Header: map[string]string{"Retry-After": "3600"}, Body: `{}`})
	g.Expect(429, Call{Route: "r", Lines: []string{bearer(token)}})
	for i := range 10 {
		ended := up.Sign(map[string]any{"sub": fmt.Sprint(i), "exp": 1000})
		g.Expect(401, Call{Route: "r", Lines: []string{bearer(ended)}})
		g.Expect(401, Call{Route: "r", Lines: []string{bearer(fmt.Sprint(Marker, "junk", i))}})
	}
	g.Expect(429, Call{Route: "r", Lines: []string{bearer(token)}})
	counts(t, "while it cools down", up.CallsWith(token), 1)
}
