package scenario

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/redis"
	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// logins serves an issuer route at the first replica, and a protected route r at all. more
// are further keys of the shared block at the others.
func (f *Fleet) logins(api, url string, block []any, more ...any) *loginFixture {
	f.t.Helper()
	f.Backend.ProxyTo("login", strings.TrimSuffix(url, pathOf(url)))
	config := routeConfig("bearer", api, url, append([]any{"loginSecret", loginSecret}, block...)...)
	f.Serve(f.shareAll(Routes{"login": issuerConfig(api, url), "r": config}))
	for _, h := range f.Replicas[1:] {
		h.Serve(f.shareAll(Routes{"r": config}, more...))
	}
	return &loginFixture{Harness: f.Harness, t: f.t, base: pathOf(url)}
}

func loginElsewhere(t testing.TB, f *Fleet) {
	up := newBTS(f.Clock())
	defer up.Close()
	login := f.logins("bts", up.URL, []any{"path", upstreams.BTSStatusPath, "lifetime", "1h"})
	began := time.Now()
	access, refresh := login.courierLogin()
	ended := time.Now()
	f.written("l", 1)
	f.written("r", 1)
	f.pass(3 * time.Second)
	if f.Clock() != nil {
		ahead := time.Until(f.Clock().Now()) - 3*time.Second
		began, ended = began.Add(ahead), ended.Add(ahead)
	}
	other := f.other()
	for range 2 {
		other.Expect(401, getRequest("r", bearer(refresh)))
	}
	expectCount(t, "calls about a refresh token", up.CallsWith(refresh), 0)
	seen := other.Expect(200, getRequest("r", bearer(access))).Seen
	if end := endOf(t, seen); end.Before(began.Add(time.Hour-2*time.Second)) || end.After(ended.Add(time.Hour+2*time.Second)) {
		t.Errorf("it ends %s after the login, want an hour", end.Sub(began))
	}
	expectCount(t, "calls with the access token", up.CallsWith(access), 1)

	// What Redis has lost was heard.
	other.Expect(401, getRequest("r", bearer(refresh)))
	if _, err := f.Redis.CLI("FLUSHALL"); err != nil {
		t.Fatal(err)
	}
	other.Expect(401, getRequest("r", bearer(refresh)))

	// The upstream is not asked about a token that a login elsewhere issued, while it is away.
	another, _ := login.courierLogin()
	f.written("l", 1)
	up.AnswerAll(&upstreams.Reply{Drop: true})
	other.Expect(200, getRequest("r", bearer(another)))
	unknown := up.IssueToken(Marker + "courier")
	other.Expect(500, getRequest("r", bearer(unknown)))
}

// mostFelt is how late a logout may be felt on a machine that is busy. Unheard it would be
// felt after local, half a minute, or never.
const mostFelt = 20 * time.Second

// feltAfter is how long a replica goes on to allow a token.
func (f *Fleet) feltAfter(h *Harness, token string, since time.Time, most time.Duration) time.Duration {
	f.t.Helper()
	for {
		if r := h.Do(getRequest("r", bearer(token))); r.Status == 401 || r.Status == 403 {
			return time.Since(since)
		}
		if time.Since(since) > most {
			h.Counters.falseAccepts.Add(1)
			f.t.Errorf("a logout was not felt within %s", most)
			return time.Since(since)
		}
		time.Sleep(200 * time.Microsecond)
	}
}

func logoutFelt(t testing.TB, f *Fleet) {
	up := newSMSPanel(f.Clock())
	defer up.Close()
	login := f.logins("ippanel", up.URL, nil)
	var took []time.Duration
	for range 12 {
		token := login.login(up, Marker+"ali")
		for _, h := range f.Replicas {
			h.Expect(200, getRequest("r", bearer(token)))
		}
		f.listens(len(f.Replicas))
		login.post(200, panelAuth+"logout", nil, "Authorization: "+token)
		since := time.Now()
		for _, h := range f.Replicas[1:] {
			took = append(took, f.feltAfter(h, token, since, mostFelt))
			h.Expect(401, getRequest("r", bearer(token)))
		}
	}
	slices.Sort(took)
	median := took[len(took)/2]
	t.Logf("a logout is felt by the others after %s in the median, %s at worst", median.Round(100*time.Microsecond), took[len(took)-1].Round(100*time.Microsecond))
	if median > time.Second {
		t.Errorf("felt after %s in the median", median)
	}
}

// expectFeltWithin logs tokens out that a deaf replica knows, and expects that it notices
// within local, while it goes on to serve others without a call.
func (f *Fleet) expectFeltWithin(login *loginFixture, up *upstreams.IPPanel, local time.Duration) {
	f.t.Helper()
	other := f.other()
	kept := login.login(up, Marker+"sara")
	other.Expect(200, getRequest("r", bearer(kept)))
	for range 2 {
		token := login.login(up, Marker+"ali")
		f.Expect(200, getRequest("r", bearer(token)))
		other.Expect(200, getRequest("r", bearer(token)))
		login.post(200, panelAuth+"logout", nil, "Authorization: "+token)
		took := f.feltAfter(other, token, time.Now(), local+mostFelt)
		f.t.Logf("felt after %s", took.Round(time.Millisecond))
		other.Expect(401, getRequest("r", bearer(token)))
	}
	for end := time.Now().Add(2 * local); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		other.Expect(200, getRequest("r", bearer(kept)))
	}
	expectCount(f.t, "calls for who was not logged out", up.CallsWith(kept), 1)
}

func deafReplica(t testing.TB, f *Fleet) {
	if _, err := f.Redis.CLI("ACL", "SETUSER", "deaf", "on", ">"+RedisPassword, "~*", "+@all", "-xread"); err != nil {
		t.Fatal(err)
	}
	up := newSMSPanel(f.Clock())
	defer up.Close()
	connection := map[string]any{"endpoints": []any{f.Redis.Address()}, "username": "deaf", "password": "env:UPSTREAMAUTH_REDIS"}
	login := f.logins("ippanel", up.URL, nil, "redis", connection, "local", "1s")
	f.expectFeltWithin(login, up, time.Second)
}

func swallowedPush(t testing.TB, f *Fleet) {
	proxy, err := redis.NewProxy(f.Redis)
	if err != nil {
		t.Fatal(err)
	}
	defer proxy.Close()
	up := newSMSPanel(f.Clock())
	defer up.Close()
	connection := map[string]any{"endpoints": []any{proxy.Address()}}
	login := f.logins("ippanel", up.URL, nil, "redis", connection, "local", "1s")
	first := login.login(up, Marker+"ali")
	f.other().Expect(200, getRequest("r", bearer(first)))
	f.listens(2)
	proxy.Set(func(command []string, reply *redis.Value) (*redis.Value, error) {
		if command[0] == "XREAD" {
			return nil, redis.ErrCut
		}
		return reply, nil
	})
	f.expectFeltWithin(login, up, time.Second)
}

func sessionElsewhere(t testing.TB, f *Fleet) {
	up := newSMSPanel(f.Clock())
	defer up.Close()
	f.serve(f.shareAll(Routes{"r": sessionConfig(routeConfig("bearer", "ippanel", up.URL))}))
	ended := ""
	for range 3 {
		a, b := f.newBrowser(t), f.other().newBrowser(t)
		token := up.IssueToken(Marker + "ali")
		entries := f.keys("e")
		a.followLink(303, token)
		f.written("e", entries+1)
		b.cookie = a.cookie
		b.expectUser(Marker + "ali")
		a.expectUser(Marker + "ali")
		expectCount(t, "calls of both together", up.CallsWith(token), 1)
		f.listens(len(f.Replicas))
		r := b.send(Request{Method: "POST", Path: "/logout", Headers: []string{"Origin: http://r.test"}})
		if r.Status != 303 || b.cookie != nil {
			t.Errorf("the logout: %d", r.Status)
		}
		took := f.feltAfter(f.Harness, token, time.Now(), mostFelt)
		t.Logf("felt after %s", took.Round(100*time.Microsecond))
		a.expectLoggedOut()
		b.cookie = a.cookie
		b.expectLoggedOut()
		ended = token
	}
	fresh := f.openFreshWith(f.shareAll(Routes{"r": sessionConfig(routeConfig("bearer", "ippanel", up.URL))}))
	fresh.Expect(401, getRequest("r", bearer(ended)))
}

// openFreshWith is openFresh, with a configuration.
func (f *Fleet) openFreshWith(routes Routes) *Harness {
	f.t.Helper()
	h := f.openFresh()
	h.Serve(routes)
	return h
}

func denialFelt(t testing.TB, f *Fleet) {
	up := newWebService(f.Clock())
	defer up.Close()
	f.Serve(f.shareAll(Routes{"r": webServiceConfig(up, "revalidate", "1s")}))
	f.other().Serve(f.shareAll(Routes{"r": webServiceConfig(up)}))
	for i := range 3 {
		token := issueToken(up, fmt.Sprint("client", i))
		entries := f.keys("e")
		f.Expect(200, getRequest("r", bearer(token)))
		f.written("e", entries+1)
		f.other().Expect(200, getRequest("r", bearer(token)))
		f.listens(len(f.Replicas))
		up.Fail(token, -105, "")
		f.pass(1100 * time.Millisecond)
		waitFor(t, "the denial at the one that asks again", func() bool { return f.Do(getRequest("r", bearer(token))).Status == 403 })
		took := f.feltAfter(f.other(), token, time.Now(), mostFelt)
		t.Logf("felt after %s", took.Round(100*time.Microsecond))
		expectCount(t, "entries that are left of it", f.keys("e"), entries)
	}
}
