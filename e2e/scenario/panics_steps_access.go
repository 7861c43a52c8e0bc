package scenario

import (
	"fmt"
	"sync"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

func stepRequirements(f *panicFixture) {
	up, _ := f.newWebService()
	defer up.Close()
	tu := newThammasat(f.Clock())
	defer tu.Close()
	issue := func(roles any) string {
		return up.IssueToken(upstreams.User{UserName: f.unique("user"), Data: map[string]any{"roles": roles}})
	}
	config := webServiceConfig(up)
	identity := map[string]any{
		"headers": map[string]any{"X-Auth-User": "user", "X-Auth-Roles": "roles", "X-Auth-None": "none"},
		"require": map[string]any{"roles": []any{"admin*", "!banned"}, "api": "web*, thammasat"},
	}
	f.apply(Routes{
		"r": with(config, "identity", identity, "basic", basicConfig(tu)["basic"]), "lacking": requiring(config, map[string]any{"role": "x"}),
		"two": config, "two" + Behind: config,
	})
	for range 2 {
		f.expect(200, "", getRequest("r", bearer(issue([]any{"admin", "a,b"}))))
		f.expect(403, "", getRequest("r", bearer(issue([]any{"admin", "banned"}))))
		f.expect(403, "", getRequest("r", bearer(issue(map[string]any{"admin": true}))))
		f.expect(403, "", getRequest("r", basic(student, password)))
		f.expect(403, "", getRequest("lacking", bearer(issue("x"))))
		f.expect(401, "", getRequest("two", bearer(issue("x"))))
	}
}

func stepLimits(f *panicFixture) {
	up, issue := f.newWebService()
	defer up.Close()
	config := webServiceConfig(up, "budget", "20/1h")
	wider := webServiceConfig(up, "budget", "90/1h")
	f.apply(Routes{"r": with(config, "limits", map[string]any{"perClient": "2/1h", "clientDepth": 1}), "wider": wider})
	token, user := issue()
	from := "X-Forwarded-For: 192.0.2." + fmt.Sprint(f.n)
	for range 2 { // a panic may have kept it from being remembered
		f.expect(200, user, getRequest("r", bearer(token), from))
	}
	f.expect(401, "", getRequest("r", bearer(f.unique("invalid")), from))
	f.expect(401, "", getRequest("r", bearer(f.unique("invalid")), from))
	if !f.enabled {
		f.expect(429, "", getRequest("r", bearer(f.unique("invalid")), from))
	} else {
		_, _ = f.Try(getRequest("r", bearer(f.unique("invalid")), from)) // a panic may have kept one from being counted
	}
	f.expect(200, user, getRequest("r", bearer(token), from))
	for i := range 30 {
		_, _ = f.Try(getRequest("r", bearer(f.unique("invalid")), fmt.Sprint("X-Forwarded-For: 198.51.100.", i)))
	}
	f.expect(429, "", getRequest("r", bearer(f.unique("invalid")), "X-Forwarded-For: 2001:db8::1"))
	f.expect(200, user, getRequest("r", bearer(token)))
}

func stepPasswordGuessing(f *panicFixture) {
	up := newThammasat(f.Clock())
	defer up.Close()
	f.apply(Routes{"r": routeConfig("basic", "thammasat", up.URL, "applicationKey", "env:UPSTREAMAUTH_TU_KEY")})
	f.expect(200, "", getRequest("r", basic(student, password)))
	for i := range 7 {
		_, _ = f.Try(getRequest("r", basic(employee, fmt.Sprint("wrong", i))))
	}
	f.expect(429, "", getRequest("r", basic(employee, "guess")))
	f.expect(401, "", getRequest("r", basic("유피 é", "wrong"))) // its spellings are one account
	f.expect(200, "", getRequest("r", basic(student, password)))
}

func stepJWT(f *panicFixture) {
	up := newBTS(f.Clock())
	defer up.Close()
	f.apply(Routes{"r": btsConfig(up, "lifetime", "2h")})
	now := time.Now()
	if f.Clock() != nil {
		now = f.Clock().Now()
	}
	sign := func(age, life time.Duration) string {
		issued := now.Add(-age)
		return up.Sign(map[string]any{"sub": Marker + "courier", "jti": f.unique("id"), "iat": issued.Unix(), "exp": issued.Add(life).Unix()})
	}
	f.expect(200, "", getRequest("r", bearer(sign(time.Minute, time.Hour))))
	f.expect(401, "", getRequest("r", bearer(sign(3*time.Hour, time.Hour))))
	f.expect(401, "", getRequest("r", bearer(sign(time.Minute, time.Hour)+"x")))
}

func stepFullCaches(f *panicFixture) {
	up, issue := f.newWebService()
	defer up.Close()
	config := webServiceConfig(up)
	small := with(config, "cache", map[string]any{"size": 100, "negativeSize": 100})
	large := with(config, "cache", map[string]any{"size": 200, "negativeSize": 200})
	lean := with(small, "identity", map[string]any{"headers": map[string]any{"X-Auth-User": "user"}}) // which changes how responses are prebuilt
	for _, config := range []map[string]any{small, lean, large, with(config, "cache", map[string]any{"epoch": "next"}), small} {
		f.apply(Routes{"r": config})
		f.advance(time.Minute) // so that replaced instances are dropped
		for range 3 {
			token, user := issue()
			f.expect(200, user, getRequest("r", bearer(token)))
			f.expect(401, "", getRequest("r", bearer(f.unique("invalid"))))
		}
	}
}

func stepTLS(f *panicFixture) {
	up := upstreams.NewWebService(upstreams.WebServiceOptions{Options: upstreams.Options{Clock: f.Clock(), TLS: true}})
	defer up.Close()
	token := up.IssueToken(upstreams.User{UserName: "user"})
	f.apply(Routes{
		"r":     webServiceConfig(up, "tls", map[string]any{"ca": up.CA()}),
		"wrong": webServiceConfig(up),
	})
	f.expect(200, "user", getRequest("r", bearer(token)))
	f.expect(500, "", getRequest("wrong", bearer(token)))
}

// stepCrowd has more new users of one address at once than its share of the budget. A
// panic ends one of their calls like a refusal: then those that wait get 429, as after one.
func stepCrowd(f *panicFixture) {
	up := newThammasat(f.Clock())
	defer up.Close()
	f.apply(Routes{"r": basicConfig(up, "budget", "20/1h")})
	f.expect(200, "", getRequest("r", basic(student, password)))
	var lines []string
	for range 5 {
		lines = append(lines, newStudent(up, f.unique("new")))
	}
	calls, release := up.Calls(), up.Hold()
	var all sync.WaitGroup
	for _, line := range lines {
		all.Go(func() { f.expectOrLimited(getRequest("r", line)) })
	}
	for begun := time.Now(); up.Calls() < calls+3 && time.Since(begun) < 100*time.Millisecond; {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(50 * time.Millisecond) // the others wait by then
	release()
	all.Wait()
}
