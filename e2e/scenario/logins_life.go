package scenario

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// What ends the life of a login, and what does not.

func endsOfLife(t *testing.T, g *Gate) {
	up := smsPanel(g.Clock())
	defer up.Close()
	s := newEntrance(t, g, "ippanel", up.URL, "lifetime", "3h")
	before := g.Clock().Now()
	learned := s.enter(up, Marker+"ali")
	after := g.Clock().Now()
	seenLate := up.IssueToken(Marker + "sara")
	g.Clock().Advance(time.Hour)
	seenBefore := g.Clock().Now()
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(seenLate)}})
	seenAfter := g.Clock().Now()
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(learned)}})
	config := block("bearer", "ippanel", up.URL, "loginSecret", word, "lifetime", "3h")
	g.Serve(Routes{"login": issuerOf("ippanel", up.URL), "r": with(config, "cache", map[string]any{"negativeLifetime": "10s"})})
	to := func(at time.Time) { g.Clock().Advance(at.Sub(g.Clock().Now())) }
	to(before.Add(3*time.Hour - 2*time.Second))
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(learned)}})
	counts(t, "the learned one, before its end", up.CallsWith(learned), 1)
	to(after.Add(3 * time.Hour))
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(learned)}}) // its upstream calls it good still
	counts(t, "the learned one, at its end", up.CallsWith(learned), 2)
	to(seenBefore.Add(3*time.Hour - 2*time.Second))
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(seenLate)}})
	counts(t, "the first-seen one, before its end", up.CallsWith(seenLate), 1)
	to(seenAfter.Add(3 * time.Hour))
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(seenLate)}})
	counts(t, "the first-seen one, at its end", up.CallsWith(seenLate), 2)
}

func shortLives(t *testing.T, g *Gate) {
	up := smsPanel(g.Clock())
	defer up.Close()
	s := newEntrance(t, g, "ippanel", up.URL, "lifetime", "4s")
	learned := s.enter(up, Marker+"ali")
	begun := time.Now()
	seen := up.IssueToken(Marker + "sara")
	g.Pass(1500 * time.Millisecond)
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(seen)}})
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(learned)}})
	config := block("bearer", "ippanel", up.URL, "loginSecret", word, "lifetime", "4s")
	g.Serve(Routes{"login": issuerOf("ippanel", up.URL), "r": with(config, "cache", map[string]any{"negativeLifetime": "10s"})})
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(learned)}})
	counts(t, "the learned one, in its life", up.CallsWith(learned), 1)
	g.Pass(4100*time.Millisecond - time.Since(begun))
	if g.Clock() != nil {
		g.Pass(1500 * time.Millisecond) // time went by here already, but not there
	}
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(learned)}})
	counts(t, "the learned one, after its end", up.CallsWith(learned), 2)
	if g.Clock() == nil {
		g.Expect(200, Call{Route: "r", Lines: []string{bearer(seen)}})
		counts(t, "the first-seen one, in its life", up.CallsWith(seen), 1)
		g.Pass(1500 * time.Millisecond)
		g.Expect(200, Call{Route: "r", Lines: []string{bearer(seen)}})
		counts(t, "the first-seen one, after its end", up.CallsWith(seen), 2)
	}
}

func otherWords(t *testing.T, g *Gate) {
	up, evil := courier(g.Clock()), courier(g.Clock())
	defer up.Close()
	defer evil.Close()
	path := upstreams.BTSStatusPath
	g.Backend.Lead("login", evil.URL)
	evilToken := func(route string) string {
		s := &entrance{Gate: g, t: t}
		text, _ := json.Marshal(map[string]any{"login": Marker + "courier", "password": password})
		r := s.Do(Call{Route: route, Method: "POST", Path: "/auth/login", Body: strings.NewReader(string(text)),
			Lines: []string{"Content-Type: application/json", "Accept: application/json"}})
		var reply struct {
			Data struct {
				Token string `json:"access_token"`
			}
		}
		if err := json.Unmarshal([]byte(r.Body), &reply); err != nil || r.Status != 200 {
			t.Fatalf("%d %v", r.Status, err)
		}
		return reply.Data.Token
	}
	other := map[string]any{"mode": "issuer", "bearer": map[string]any{"api": "bts", "url": up.URL, "loginSecret": anotherWord}}
	elsewhere := map[string]any{"mode": "issuer", "bearer": map[string]any{"api": "bts", "url": evil.URL, "loginSecret": word}}
	for name, config := range map[string]map[string]any{"another word": other, "another address": elsewhere} {
		g.Serve(Routes{
			"login":    config,
			"r":        block("bearer", "bts", up.URL, "path", path, "loginSecret", word),
			"wordless": block("bearer", "bts", up.URL, "path", path),
		})
		token := evilToken("login")
		for _, route := range []string{"r", "wordless"} {
			g.Expect(401, Call{Route: route, Lines: []string{bearer(token)}})
		}
		counts(t, name+": asked about, like any other", up.CallsWith(token), 2)
	}
}

func learnedUnasked(t *testing.T, g *Gate) {
	up := smsPanel(g.Clock())
	defer up.Close()
	s := newEntrance(t, g, "ippanel", up.URL, "timeout", "1s")
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(s.enter(up, Marker+"sara"))}})
	token := s.enter(up, Marker+"ali")
	up.Answer(token, upstreams.Reply{Status: 503})
	for range 2 {
		r := g.Expect(200, Call{Route: "r", Lines: []string{bearer(token)}})
		same(t, "what is known", identityOf(t, r.Seen), map[string]string{"X-Auth-Api": "ippanel"})
	}
	counts(t, "at most one", up.CallsWith(token), 1)
	refused := s.enter(up, Marker+"ali")
	up.Answer(refused, upstreams.Reply{Status: 401, Body: `{"data":null,"meta":{"status":false,"message":"x","message_code":"400-1"}}`})
	for range 2 {
		g.Expect(401, Call{Route: "r", Lines: []string{bearer(refused)}})
	}
	counts(t, "and its no counts", up.CallsWith(refused), 1)
}

func learnedEpoch(t *testing.T, g *Gate) {
	up := courier(g.Clock())
	defer up.Close()
	s := newEntrance(t, g, "bts", up.URL, "path", upstreams.BTSStatusPath)
	access := func() string {
		return text(s.post(200, "/auth/login", map[string]any{"login": Marker + "courier", "password": password}), "access_token")
	}
	first := access()
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(first)}})
	config := block("bearer", "bts", up.URL, "path", upstreams.BTSStatusPath, "loginSecret", word)
	g.Serve(Routes{"login": issuerOf("bts", up.URL), "r": with(config, "cache", map[string]any{"epoch": "2"})})
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(first)}})
	counts(t, "after the change, of a login before", up.CallsWith(first), 1)
	second := access()
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(second)}})
	counts(t, "of a login afterwards", up.CallsWith(second), 0)
}
