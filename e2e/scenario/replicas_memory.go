package scenario

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// everyCredential is a valid credential of each API, a described one among them, with the
// routes that take them and share.
func (f *Fleet) everyCredential(more ...any) ([]credential, Routes) {
	all, done := oneOfEach(f.Clock(), more...)
	f.t.Cleanup(done)
	keys := upstreams.NewKeys(upstreams.Options{Clock: f.Clock()}, KeysSecret)
	f.t.Cleanup(keys.Close)
	keys.AddKey(keyOf("good"), upstreams.VerifiedKey{ID: Marker + "k1", Owner: Marker + "مریم", Plan: "pro", Scopes: []string{"read", "write"}})
	all = append(all, credential{
		"described", customConfig(f.t, "keys", keys.URL, more...), bearer(keyOf("good")), func() int { return keys.CallsWith(keyOf("good")) },
	})
	return all, f.shareAll(routesOf(all))
}

func knownElsewhere(t testing.TB, f *Fleet) {
	all, routes := f.everyCredential()
	f.serve(routes)
	first := map[string]*SeenRequest{}
	for _, c := range all {
		first[c.route] = f.Expect(200, getRequest(c.route, c.header)).Seen
	}
	f.written("e", len(all))
	for _, h := range f.Replicas[1:] {
		for _, c := range all {
			for range 3 {
				seen := h.Expect(200, getRequest(c.route, c.header, "X-Auth-User: forged")).Seen
				expectEqual(t, c.route+": the identity", identityOf(t, seen), identityOf(t, first[c.route]))
				expectSameEnd(t, c.route, seen, first[c.route])
			}
			expectCount(t, c.route+": calls of all together", c.calls(), 1)
		}
	}
}

// endOf is the entry's end, as the backend was told.
func endOf(t testing.TB, seen *SeenRequest) time.Time {
	t.Helper()
	if seen == nil {
		t.Fatal("the backend was not reached")
	}
	end, err := time.Parse(time.RFC3339, seen.Header.Get("X-Auth-Expires"))
	if err != nil {
		t.Fatalf("X-Auth-Expires: %v", err)
	}
	return end
}

// expectSameEnd compares to the second: parts of a millisecond are cut off on the way.
func expectSameEnd(t testing.TB, what string, one, two *SeenRequest) {
	t.Helper()
	if apart := endOf(t, one).Sub(endOf(t, two)); apart < -time.Second || apart > 0 {
		t.Errorf("%s: it ends %s later than at the one that asked", what, apart)
	}
}

func canaryElsewhere(t testing.TB, f *Fleet) {
	up := newWebService(f.Clock())
	defer up.Close()
	f.serve(f.shareAll(Routes{"r": webServiceConfig(up)}))
	token := issueToken(up, "client")
	f.Expect(200, getRequest("r", bearer(token)))
	f.written("e", 1)
	calls := up.Calls()
	f.other().Expect(200, getRequest("r", bearer(token)))
	expectCount(t, "calls for what is known, the canary's among them", up.Calls()-calls, 0)
	f.other().Expect(200, getRequest("r", bearer(issueToken(up, "another"))))
	expectCount(t, "calls for the first question of the second: with its canary", up.Calls()-calls, 2)

	open := newWebService(f.Clock())
	defer open.Close()
	open.AnswerAll(&upstreams.Reply{Body: `{"IsSuccess":true,"Msg":{"Code":0},"Data":{"UserName":"x"}}`})
	f.serve(f.shareAll(Routes{"open": webServiceConfig(open)}))
	entries := f.keys("e")
	for _, h := range f.Replicas {
		h.Expect(500, getRequest("open", bearer(Marker+"anything")))
	}
	time.Sleep(50 * time.Millisecond)
	expectCount(t, "entries of an upstream that allows everything", f.keys("e")-entries, 0)
}

func ownRefusals(t testing.TB, f *Fleet) {
	up := newWebService(f.Clock())
	defer up.Close()
	f.serve(f.shareAll(Routes{"r": webServiceConfig(up)}))
	good := issueToken(up, "client")
	f.Expect(200, getRequest("r", bearer(good)))
	f.written("e", 1)
	bad := Marker + "unknown"
	for i, h := range f.Replicas {
		for range 2 {
			h.Expect(401, getRequest("r", bearer(bad)))
		}
		expectCount(t, "calls: each asks, and remembers its denial", up.CallsWith(bad), i+1)
	}
	for _, c := range []struct {
		reply  upstreams.Reply
		status int
	}{
		{upstreams.Reply{Status: 429, Header: map[string]string{"Retry-After": "600"}}, 429},
		{upstreams.Reply{Status: 503}, 500},
		{upstreams.Reply{Drop: true}, 500},
	} {
		token := issueToken(up, fmt.Sprint("client", c.status))
		up.Answer(token, c.reply)
		f.Expect(c.status, getRequest("r", bearer(token)))
		up.Unscript(token)
		f.other().Expect(200, getRequest("r", bearer(token)))
	}
	f.written("e", 4)
	expectCount(t, "keys of other kinds", f.keys("?"), 4)
}

func ownInstants(t testing.TB, f *Fleet) {
	up := newWebService(f.Clock())
	defer up.Close()
	f.serve(f.shareAll(Routes{"r": webServiceConfig(up, "lifetime", "8s")}))
	token := issueToken(up, "client")
	first := f.Expect(200, getRequest("r", bearer(token))).Seen
	asked := time.Now()
	f.written("e", 1)
	f.pass(3 * time.Second)
	second := f.other().Expect(200, getRequest("r", bearer(token))).Seen
	expectSameEnd(t, "after three seconds", second, first)
	expectCount(t, "calls", up.CallsWith(token), 1)
	if f.Clock() == nil {
		time.Sleep(time.Until(asked.Add(8100 * time.Millisecond)))
	} else {
		f.pass(5100 * time.Millisecond)
	}
	up.Fail(token, -105, "")
	for _, h := range []*Harness{f.other(), f.Harness} {
		if r := h.Do(getRequest("r", bearer(token))); r.Status == 200 {
			h.Counters.falseAccepts.Add(1)
			t.Error("it is honoured after its end")
		}
	}
}

func ownRevalidation(t testing.TB, f *Fleet) {
	up := newWebService(f.Clock())
	defer up.Close()
	again := 4 * time.Second
	f.serve(f.shareAll(Routes{"r": webServiceConfig(up, "revalidate", again.String())}))
	var token string
	var asked, adopted time.Time
	f.inTime(again, func(int) (check func()) {
		token = issueToken(up, "client")
		before := namesIn(t, f.Redis, "e")
		f.Expect(200, getRequest("r", bearer(token)))
		asked = clockOf(f.Harness)
		f.writtenBeside("e", before)
		f.pass(again / 2)
		f.other().Expect(200, getRequest("r", bearer(token)))
		adopted = clockOf(f.Harness)
		calls := up.CallsWith(token)
		return func() { expectCount(t, "calls while it is young", calls, 1) }
	})
	f.passSince(asked, again+100*time.Millisecond)
	waitFor(t, "the revalidation", func() bool {
		f.other().Expect(200, getRequest("r", bearer(token))) // one may be spent on a look at Redis
		return up.CallsWith(token) >= 2
	})
	if clockOf(f.Harness).Sub(adopted) > again {
		t.Log("too slow to tell which age counted")
	}
}

func ownPolicies(t testing.TB, f *Fleet) {
	up := newBTS(f.Clock())
	defer up.Close()
	config := btsConfig(up)
	f.Serve(f.shareAll(Routes{"r": config}))
	f.other().Serve(f.shareAll(Routes{
		"driver": requiring(config, map[string]any{"role": []any{"driver"}}),
		"clerk":  requiring(config, map[string]any{"role": []any{"clerk"}}),
		"named":  with(config, "identity", map[string]any{"headers": map[string]any{"X-Login": "user", "X-Branch": "branch"}}),
		"short":  btsConfig(up, "lifetime", "1s"),
		"kept":   with(config, "forwardCredential", true),
	}))
	token := up.IssueToken(Marker + "courier")
	first := f.Expect(200, getRequest("r", bearer(token))).Seen
	f.written("e", 1)
	f.other().Expect(200, getRequest("driver", bearer(token)))
	f.other().Expect(403, getRequest("clerk", bearer(token)))
	seen := f.other().Expect(200, getRequest("named", bearer(token))).Seen
	expectEqual(t, "X-Login", seen.Header.Get("X-Login"), first.Header.Get("X-Auth-User"))
	expectEqual(t, "X-Branch", seen.Header.Get("X-Branch"), "9007199254740993")
	expectEqual(t, "X-Auth-User", seen.Header.Get("X-Auth-User"), "")
	seen = f.other().Expect(200, getRequest("kept", bearer(token))).Seen
	expectEqual(t, "Authorization", seen.Header.Get("Authorization"), "Bearer "+token)
	expectCount(t, "calls of all together", up.CallsWith(token), 1)
	f.pass(1100 * time.Millisecond)
	f.other().Do(getRequest("short", bearer(token)))
	f.Expect(200, getRequest("r", bearer(token)))
}

func otherMemories(t testing.TB, f *Fleet) {
	up := newWebService(f.Clock())
	defer up.Close()
	config := webServiceConfig(up)
	f.Serve(f.shareAll(Routes{"r": config}))
	connection := map[string]any{"endpoints": []any{f.Redis.Address()}}
	for name, c := range map[string]struct {
		config map[string]any
		calls  int
	}{
		"the same":               {f.sharing(config), 1},
		"another lifetime":       {f.sharing(webServiceConfig(up, "lifetime", "2h")), 1},
		"another timeout":        {f.sharing(config, "timeout", "1900ms", "local", "5s"), 1},
		"another path":           {f.sharing(webServiceConfig(up, "path", up.Path()+"?x=1")), 2},
		"another epoch":          {f.sharing(with(config, "cache", map[string]any{"epoch": "2"})), 2},
		"another address":        {f.sharing(webServiceConfig(up, "url", upstreamAlias(up.URL))), 2},
		"another secret":         {f.sharing(config, "secret", otherSharedSecret), 2},
		"another prefix":         {f.sharing(config, "prefix", "another"), 2},
		"another database":       {sharingWith(config, with(connection, "db", "1")), 2},
		"nothing that is shared": {config, 2},
	} {
		token := issueToken(up, "client")
		entries := f.keys("e")
		f.Expect(200, getRequest("r", bearer(token)))
		f.written("e", entries+1)
		f.other().Serve(Routes{"r": c.config})
		f.other().Expect(200, getRequest("r", bearer(token)))
		expectCount(t, name+": calls of both together", up.CallsWith(token), c.calls)
	}
}

// upstreamAlias is the same address by another name of the host.
func upstreamAlias(address string) string {
	return strings.Replace(address, "127.0.0.1", "localhost", 1)
}
