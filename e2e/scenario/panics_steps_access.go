package scenario

import (
	"fmt"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

func stepLimits(f *panicFixture) {
	up, issue := f.newWebService()
	defer up.Close()
	config := webServiceConfig(up, "budget", "20/1h")
	wider := webServiceConfig(up, "budget", "90/1h")
	f.apply(Routes{"r": with(config, "limits", map[string]any{"perClient": "2/1h", "clientDepth": 1}), "wider": wider})
	token, user := issue()
	from := "X-Forwarded-For: 192.0.2." + fmt.Sprint(f.n)
	f.expect(200, user, getRequest("r", bearer(token), from))
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
