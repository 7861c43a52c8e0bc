package bench

import (
	"context"
	"fmt"
	"net/http"
	"strings"
)

// once sends a token, and checks the response against it.
func (s *mixedLoadFixture) once(client *http.Client, token string, want int) {
	s.requests.Add(1)
	r, err := ask(context.Background(), client, s.URL+"/hit?identity", "Authorization: Bearer "+token)
	if err != nil {
		s.noResponse.Add(1)
		s.remember(err.Error())
		return
	}
	switch {
	case r.status == http.StatusOK && (want != http.StatusOK || r.body != "webservice "+userOf(token)):
		s.wrong.Add(1)
		s.remember("an identity that is not the token's own")
	case r.status != want:
		s.other.Add(1)
		s.remember(fmt.Sprintf("status %d instead of %d", r.status, want))
	}
}

// remember keeps the latest unexpected response for the report.
func (s *mixedLoadFixture) remember(what string) { s.sample.Store(&what) }

// panics counts the lines of Traefik's log about panics: of Traefik, and those that
// the plugin recovered.
func panics(log string) int {
	found := 0
	for line := range strings.Lines(log) {
		if strings.Contains(strings.ToLower(line), "panic") || strings.Contains(line, `"event":"internal"`) {
			found++
		}
	}
	return found
}

func (s *mixedLoadFixture) report(o Options, r *Report) {
	caught := panics(s.Logs())
	dead := 0
	if s.Died() != nil {
		dead = 1
	}
	t := Table{
		Title: fmt.Sprintf("%d connections for %s, the identity in every response compared with its token", mixedConnections, o.MixedLoad),
		Head:  []string{"", "count"},
	}
	for _, row := range []struct {
		what  string
		count int64
	}{
		{"requests", s.requests.Load()},
		{"… of cached tokens", s.hits.Load()},
		{"… of new tokens (misses)", s.misses.Load()},
		{"… of invalid tokens (expected: 401)", s.refusals.Load()},
		{"reloads meanwhile", int64(s.reloads)},
		{"wrong identities", s.wrong.Load()},
		{"other unexpected responses (non-200 for a valid token, non-401 for an invalid one)", s.other.Load()},
		{"requests without a response", s.noResponse.Load()},
		{"panics in Traefik's log", int64(caught)},
		{"Traefik ended", int64(dead)},
	} {
		t.Rows = append(t.Rows, []string{row.what, thousands(row.count)})
	}
	if what := s.sample.Load(); what != nil {
		t.Notes = append(t.Notes, "the last unexpected one: "+*what)
	}
	r.Tables = append(r.Tables, t)
	got := fmt.Sprintf("%d wrong identities, %d other unexpected responses, %d without a response, %d panics", s.wrong.Load(), s.other.Load(), s.noResponse.Load(), caught)
	r.Targets = append(r.Targets, Target{
		What: fmt.Sprintf("%d connections for %s with reloads and misses", mixedConnections, o.MixedLoad),
		Want: "no wrong identity, no panic", Got: got,
		OK: s.wrong.Load() == 0 && caught == 0 && dead == 0 && s.requests.Load() > 0,
	})
}
