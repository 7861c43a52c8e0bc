package scenario

import (
	"fmt"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/redis"
	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// The steps of a memory that several Traefiks share: a real Redis.

func (f *panicFixture) startRedis(options redis.Options) (server *redis.Server, connection map[string]any) {
	f.t.Helper()
	server, err := redis.Start(options)
	if err != nil {
		f.t.Fatal(err)
	}
	return server, endpoints(server.Address())
}

// stepShared has room for one credential alone, so that others are found in Redis.
func stepShared(f *panicFixture) {
	server, connection := f.startRedis(redis.Options{})
	defer server.Close()
	up, issue := f.newWebService()
	defer up.Close()
	small := with(webServiceConfig(up, "revalidate", "1s", "budget", "1000/1h"), "cache", map[string]any{"size": 1})
	f.apply(Routes{"r": sharingWith(small, connection, "timeout", "300ms", "local", "1s", "budget", true)})
	one, first := issue()
	two, second := issue()
	for range 3 {
		f.expect(200, first, getRequest("r", bearer(one)))
		f.expect(200, second, getRequest("r", bearer(two)))
		f.expect(401, "", getRequest("r", bearer(f.unique("invalid"))))
	}
	if f.advance(1100 * time.Millisecond) {
		f.expect(200, second, getRequest("r", bearer(two)))
	}
	server.Kill()
	three, third := issue()
	for range 3 {
		f.expect(200, third, getRequest("r", bearer(three)))
		f.expect(200, first, getRequest("r", bearer(one)))
	}
}

// stepSharedLogins logs in and out through routes that tell others so.
func stepSharedLogins(f *panicFixture) {
	server, connection := f.startRedis(redis.Options{Password: "staple"})
	defer server.Close()
	connection = with(connection, "password", "staple", "db", 1)
	ipp, bts := newSMSPanel(f.Clock()), newBTS(f.Clock())
	defer ipp.Close()
	defer bts.Close()
	share := func(config map[string]any) map[string]any { return sharingWith(config, connection, "prefix", "panics") }
	f.apply(Routes{
		"login": share(issuerConfig("ippanel", ipp.URL)),
		"r":     share(routeConfig("bearer", "ippanel", ipp.URL, "loginSecret", loginSecret)),
		// Over connections of its own, so that it hears what the other routes tell.
		"hears": sharingWith(routeConfig("bearer", "ippanel", ipp.URL, "loginSecret", loginSecret, "revalidate", "1s"), connection, "prefix", "panics", "timeout", "1s"),
		"apart": sharingWith(routeConfig("bearer", "ippanel", ipp.URL), connection, "secret", otherSharedSecret),
	})
	f.Backend.ProxyTo("login", strings.TrimSuffix(ipp.URL, pathOf(ipp.URL)))
	f.expect(200, Marker+"ali", getRequest("hears", bearer(ipp.IssueToken(Marker+"ali"))))
	time.Sleep(300 * time.Millisecond) // by then it listens
	token, _ := f.login("/v1"+panelAuth+"login", fmt.Sprintf(`{"username":%q,"password":%q}`, Marker+"ali", password))
	if token != "" {
		f.expect(200, Marker+"ali", getRequest("r", bearer(token)))
		if _, ok := f.viaIssuer(200, Request{Path: "/v1" + panelAuth + "logout", Headers: []string{"Authorization: " + token, "Content-Type: application/json"}}); ok {
			f.expect(401, "", getRequest("r", bearer(token)))
		}
	}
	denied := ipp.IssueToken(Marker + "ali")
	f.expect(200, Marker+"ali", getRequest("r", bearer(denied)))
	f.expect(200, Marker+"ali", getRequest("hears", bearer(denied)))
	ipp.Answer(denied, upstreams.Reply{Status: 401, Body: deniedByPanel})
	if f.advance(1100 * time.Millisecond) {
		_, _ = f.Try(getRequest("hears", bearer(denied))) // it revalidates
	}
	time.Sleep(100 * time.Millisecond) // the messages arrive
	f.Backend.ProxyTo("login", bts.URL)
	f.apply(Routes{"login": share(issuerConfig("bts", bts.URL)), "r": share(btsConfig(bts, "loginSecret", loginSecret))})
	access, refresh := f.login("/auth/login", fmt.Sprintf(`{"login":%q,"password":%q}`, Marker+"courier", password))
	if access != "" {
		f.expect(200, Marker+"courier", getRequest("r", bearer(access)))
		f.expect(401, "", getRequest("r", bearer(refresh)))
	}
}

// stepSharedFaults reads what has a fault, and every key.
func stepSharedFaults(f *panicFixture) {
	up, issue := f.newWebService()
	defer up.Close()
	server, connection := f.startRedis(redis.Options{TLS: true, Clients: true})
	defer server.Close()
	all := with(connection, "username", "", "db", "0", "tls", map[string]any{"ca": server.CA(), "cert": server.Cert(), "key": server.Key(), "serverName": "127.0.0.1"})
	f.apply(Routes{
		"r":       sharingWith(webServiceConfig(up), all),
		"master":  sharingWith(webServiceConfig(up), with(connection, "master", "tests")),
		"missing": with(webServiceConfig(up), "shared", map[string]any{}),
		"short":   sharingWith(webServiceConfig(up), endpoints("redis://redis:6379", "redis", "redis:0", "a:1:2", "redis:6379", "REDIS:6379", "user@redis:6379"), "secret", "short"),
		"tls":     sharingWith(webServiceConfig(up), with(connection, "db", "2000", "tls", map[string]any{"ca": "none", "cert": "none"})),
		"times":   sharingWith(webServiceConfig(up), connection, "timeout", "1h", "local", "1h", "prefix", "a b"),
		"cluster": sharingWith(webServiceConfig(up), with(endpoints("a:1", "b:2"), "db", "1")),
	})
	token, user := issue()
	f.expect(200, user, getRequest("r", bearer(token)))
	for _, route := range []string{"missing", "short", "tls", "times", "cluster"} {
		f.expect(500, "", getRequest(route, bearer(token)))
	}
}
