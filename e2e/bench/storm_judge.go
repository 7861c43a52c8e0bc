package bench

import (
	"context"
	"fmt"
	"net/http"
	"strings"
)

// once sends a token and judges what comes by that token alone.
func (s *storming) once(client *http.Client, token string, want int) {
	s.requests.Add(1)
	r, err := ask(context.Background(), client, s.URL+"/hit?who", "Authorization: Bearer "+token)
	if err != nil {
		s.lost.Add(1)
		s.keep(err.Error())
		return
	}
	switch {
	case r.status == http.StatusOK && (want != http.StatusOK || r.body != "webservice "+userOf(token)):
		s.wrong.Add(1)
		s.keep("an identity that is not the token's own")
	case r.status != want:
		s.other.Add(1)
		s.keep(fmt.Sprintf("status %d instead of %d", r.status, want))
	}
}

// keep remembers the latest of what was not due, for the report.
func (s *storming) keep(what string) { s.sample.Store(&what) }

// panics counts the lines of Traefik's log that tell of one: Traefik's own, a
// crash, and those that the plugin caught.
func panics(log string) int {
	found := 0
	for line := range strings.Lines(log) {
		if strings.Contains(strings.ToLower(line), "panic") || strings.Contains(line, `"event":"internal"`) {
			found++
		}
	}
	return found
}

func (s *storming) report(o Options, r *Report) {
	caught := panics(s.Logs())
	dead := 0
	if s.Died() != nil {
		dead = 1
	}
	t := Table{
		Title: fmt.Sprintf("%d connections for %s, every reply's identity compared with its token", stormConnections, o.Storm),
		Head:  []string{"", "count"},
	}
	for _, row := range []struct {
		what  string
		count int64
	}{
		{"requests", s.requests.Load()},
		{"… of known tokens", s.hits.Load()},
		{"… of tokens never seen before (misses)", s.misses.Load()},
		{"… of tokens that nobody issued (401 is due)", s.refusals.Load()},
		{"reloads meanwhile", int64(s.reloads)},
		{"wrong identities", s.wrong.Load()},
		{"other replies than were due (non-200 for a good token, non-401 for junk)", s.other.Load()},
		{"requests without a reply", s.lost.Load()},
		{"panics in Traefik's log", int64(caught)},
		{"Traefik ended", int64(dead)},
	} {
		t.Rows = append(t.Rows, []string{row.what, thousands(row.count)})
	}
	if what := s.sample.Load(); what != nil {
		t.Notes = append(t.Notes, "the last that was not due: "+*what)
	}
	r.Tables = append(r.Tables, t)
	got := fmt.Sprintf("%d wrong identities, %d other replies, %d lost, %d panics", s.wrong.Load(), s.other.Load(), s.lost.Load(), caught)
	r.Targets = append(r.Targets, Target{
		What: fmt.Sprintf("%d connections for %s with reloads and misses", stormConnections, o.Storm),
		Want: "no wrong identity, no panic", Got: got,
		OK: s.wrong.Load() == 0 && caught == 0 && dead == 0 && s.requests.Load() > 0,
	})
}
