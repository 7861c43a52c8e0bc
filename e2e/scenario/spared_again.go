package scenario

import (
	"sync"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Again: answers that are confirmed, and answers that come too late.
var Again = []Scenario{
	{Name: "an old yes is confirmed without the request's waiting, once for all", Play: confirmed},
	{Name: "a refusal on asking again removes the entry", Play: withdrawn},
	{Name: "an outage on asking again changes nothing until the end", Play: confirmedLater},
	{Name: "a yes that comes after a change of epoch is given to nobody and not kept", Play: lateYes},
}

func confirming(up *upstreams.WebService, more ...any) map[string]any {
	return block("bearer", "webservice", up.URL, append([]any{"path", up.Path(), "revalidate", "1s"}, more...)...)
}

func confirmed(t *testing.T, g *Gate) {
	up := service(g.Clock())
	defer up.Close()
	token := up.IssueToken(upstreams.User{UserName: Marker + "client"})
	g.Serve(Routes{"r": confirming(up, "timeout", "20s")})
	call := Call{Route: "r", Lines: []string{bearer(token)}}
	end := g.Expect(200, call).Seen.Header.Get("X-Auth-Expires")
	for range 3 {
		g.Expect(200, call)
	}
	counts(t, "while it is young", up.CallsWith(token), 1)
	g.Pass(1100 * time.Millisecond)
	release := up.Hold()
	begun := time.Now()
	var crowd sync.WaitGroup
	for range 50 {
		crowd.Go(func() {
			if r, err := g.Try(call); err != nil || r.Status != 200 {
				t.Errorf("%d %v", r.Status, err)
			}
		})
	}
	crowd.Wait()
	if waited := time.Since(begun); waited > 3*time.Second {
		t.Errorf("they waited %s", waited)
	}
	until(t, "it is asked about again", func() bool { return up.CallsWith(token) == 2 })
	g.Pass(1100 * time.Millisecond) // due again, but the last is under way
	g.Expect(200, call)
	release()
	time.Sleep(50 * time.Millisecond)
	counts(t, "one question at a time", up.CallsWith(token), 2)
	same(t, "its end", g.Expect(200, call).Seen.Header.Get("X-Auth-Expires"), end)
}

func withdrawn(t *testing.T, g *Gate) {
	up := service(g.Clock())
	defer up.Close()
	token := up.IssueToken(upstreams.User{UserName: Marker + "client"})
	g.Serve(Routes{"r": confirming(up)})
	call := Call{Route: "r", Lines: []string{bearer(token)}}
	g.Expect(200, call)
	up.Fail(token, -105, "")
	g.Expect(200, call)
	g.Pass(1100 * time.Millisecond)
	g.Expect(200, call)
	until(t, "it is asked about again", func() bool { return up.CallsWith(token) == 2 })
	until(t, "it is out", func() bool { r, err := g.Try(call); return err == nil && r.Status == 403 })
	counts(t, "remembered as refused", up.CallsWith(token), 2)
}

func confirmedLater(t *testing.T, g *Gate) {
	up := service(g.Clock())
	defer up.Close()
	token := up.IssueToken(upstreams.User{UserName: Marker + "client"})
	g.Serve(Routes{"r": confirming(up, "lifetime", "6s")})
	call := Call{Route: "r", Lines: []string{bearer(token)}}
	end, err := time.Parse(time.RFC3339, g.Expect(200, call).Seen.Header.Get("X-Auth-Expires"))
	if err != nil {
		t.Fatal(err)
	}
	up.AnswerAll(&upstreams.Reply{Status: 502, Body: "bad gateway"})
	for calls := 2; calls <= 4; calls++ {
		g.Pass(1100 * time.Millisecond)
		r := g.Expect(200, call)
		same(t, "its end", r.Seen.Header.Get("X-Auth-Expires"), end.Format(time.RFC3339))
		until(t, "it is asked about again", func() bool {
			g.Expect(200, call) // the question before may not have landed yet
			return up.CallsWith(token) == calls
		})
		g.Expect(200, call)
		counts(t, "and no sooner than after as long", up.CallsWith(token), calls)
	}
	g.Pass(3 * time.Second)
	g.Expect(500, call)
}

func lateYes(t *testing.T, g *Gate) {
	up := service(g.Clock())
	defer up.Close()
	first := up.IssueToken(upstreams.User{UserName: Marker + "first"})
	token := up.IssueToken(upstreams.User{UserName: Marker + "client"})
	epoch := func(name string) Routes {
		return Routes{"r": with(block("bearer", "webservice", up.URL, "path", up.Path(), "timeout", "20s"), "cache", map[string]any{"epoch": name})}
	}
	g.Serve(epoch("1"))
	g.Expect(200, Call{Route: "r", Lines: []string{bearer(first)}})
	release := up.Hold()
	landed := make(chan Reply, 1)
	go func() {
		r, err := g.Try(Call{Route: "r", Lines: []string{bearer(token)}})
		if err != nil {
			t.Error(err)
		}
		landed <- r
	}()
	until(t, "it is asked about", func() bool { return up.CallsWith(token) == 1 })
	g.Serve(epoch("2"))
	release()
	r := <-landed
	if r.Status != 500 || r.Seen != nil || r.Header.Get("Retry-After") != "1" {
		t.Errorf("the late yes: %d, Retry-After %q", r.Status, r.Header.Get("Retry-After"))
	}
	up.Fail(token, -105, "")
	g.Expect(403, Call{Route: "r", Lines: []string{bearer(token)}})
	counts(t, "asked anew", up.CallsWith(token), 2)
}
