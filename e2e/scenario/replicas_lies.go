package scenario

import (
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/redis"
	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// recorder keeps all values that were written, by kind and key, in their order.
type recorder struct {
	mu     sync.Mutex
	byKey  map[string][]string
	byKind map[string][]string
}

func kindOf(key string) string {
	parts := strings.Split(key, ":")
	if len(parts) < 4 {
		return ""
	}
	return parts[2]
}

func (r *recorder) record(command []string, reply *redis.Value) (*redis.Value, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if command[0] == "SET" {
		r.byKey[command[1]] = append(r.byKey[command[1]], command[2])
		r.byKind[kindOf(command[1])] = append(r.byKind[kindOf(command[1])], command[2])
	}
	return reply, nil
}

func (r *recorder) of(kind string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byKind[kind]
}

func (r *recorder) first(key string) (string, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	values := r.byKey[key]
	if len(values) == 0 {
		return "", false
	}
	return values[0], true
}

// each has a Tamper answer an MGET value by value.
func each(value func(key string, was *redis.Value) *redis.Value) redis.Tamper {
	return func(command []string, reply *redis.Value) (*redis.Value, error) {
		if command[0] != "MGET" || reply.Kind != "array" {
			return reply, nil
		}
		for i := range reply.Items {
			reply.Items[i] = value(command[i+1], reply.Items[i])
		}
		return reply, nil
	}
}

// lies are what a Redis may answer that has seen all that was written.
func lies(r *recorder) map[string]redis.Tamper {
	n := 0
	another := func(kind string) *redis.Value {
		n++
		values := r.of(kind)
		if len(values) == 0 {
			return redis.Absent()
		}
		return redis.Bulk(values[n%len(values)])
	}
	return map[string]redis.Tamper{
		"entries of others":   each(func(key string, was *redis.Value) *redis.Value { return another(kindOf(key)) }),
		"entries everywhere":  each(func(string, *redis.Value) *redis.Value { return another("e") }),
		"logins everywhere":   each(func(string, *redis.Value) *redis.Value { return another("l") }),
		"only others' logins": each(func(key string, was *redis.Value) *redis.Value { return onlyOf(key, "l", another("l")) }),
		"the first value that each key ever had, and nothing that was forgotten": each(func(key string, was *redis.Value) *redis.Value {
			value, found := r.first(key)
			if !found || !strings.Contains("el", kindOf(key)) {
				return redis.Absent()
			}
			return redis.Bulk(value)
		}),
		"a flipped bit": each(func(key string, was *redis.Value) *redis.Value {
			if was.Kind != "bulk" {
				return was
			}
			n++
			text := []byte(was.Text)
			text[n%len(text)] ^= 1 << (n % 8)
			return redis.Bulk(string(text))
		}),
		"values cut short": each(func(key string, was *redis.Value) *redis.Value {
			if was.Kind != "bulk" {
				return was
			}
			n++
			return redis.Bulk(was.Text[:n%len(was.Text)])
		}),
		"values in another order": func(command []string, reply *redis.Value) (*redis.Value, error) {
			if command[0] == "MGET" && len(reply.Items) > 1 {
				reply.Items = append(reply.Items[1:], reply.Items[0])
			}
			return reply, nil
		},
	}
}

func onlyOf(key, kind string, value *redis.Value) *redis.Value {
	if kindOf(key) == kind {
		return value
	}
	return redis.Absent()
}

func (f *Fleet) proxy(tamper redis.Tamper) *redis.Proxy {
	f.t.Helper()
	proxy, err := redis.NewProxy(f.Redis)
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(proxy.Close)
	proxy.Set(tamper)
	return proxy
}

// lyingRedis: the first replica writes honestly. What it writes, and what one with another
// secret writes, is what the other one gets to see.
func lyingRedis(t testing.TB, f *Fleet) {
	written := &recorder{byKey: map[string][]string{}, byKind: map[string][]string{}}
	honest, lying := f.proxy(written.record), f.proxy(nil)
	up := newSMSPanel(f.Clock())
	defer up.Close()
	base := strings.TrimSuffix(up.URL, pathOf(up.URL))
	f.Backend.ProxyTo("login", base)
	config := routeConfig("bearer", "ippanel", up.URL, "loginSecret", loginSecret)
	at := func(p *redis.Proxy, config map[string]any, more ...any) map[string]any {
		return sharingWith(config, map[string]any{"endpoints": []any{p.Address()}}, more...)
	}
	f.Serve(Routes{
		"login": at(honest, issuerConfig("ippanel", up.URL)), "r": at(honest, config),
		"foreign": at(honest, config, "secret", otherSharedSecret),
		"again":   at(honest, routeConfig("bearer", "ippanel", up.URL, "loginSecret", loginSecret, "revalidate", "1s")),
	})
	other := f.other()
	// Each time it looks again: it remembers no denial.
	other.Serve(Routes{"r": at(lying, with(config, "cache", map[string]any{"negativeLifetime": "0s"}))})
	login := &loginFixture{Harness: f.Harness, t: t, base: pathOf(up.URL)}
	other.Expect(200, getRequest("r", bearer(up.IssueToken(Marker+"ali"))))
	f.listens(1)
	all := lies(written)
	denied := f.deniedLater(up, other, len(all))
	for name, lie := range all {
		lying.Set(nil)
		ended, foreign := login.login(up, Marker+"ali"), up.IssueToken(Marker+"ali")
		for _, h := range f.Replicas {
			h.Expect(200, getRequest("r", bearer(ended)))
		}
		f.Expect(200, getRequest("foreign", bearer(foreign)))
		login.post(200, panelAuth+"logout", nil, "Authorization: "+ended)
		f.feltAfter(other, ended, time.Now(), mostFelt)
		up.Answer(foreign, upstreams.Reply{Status: 401, Body: deniedByPanel})
		lying.Set(lie)
		for i := range 4 {
			unknown := fmt.Sprint(Marker, "unknown-", name, i)
			for _, token := range []string{strings.ReplaceAll(unknown, " ", ""), ended, foreign, denied[0]} {
				other.Expect(401, getRequest("r", bearer(token)))
			}
			for _, user := range []string{"ali", "sara"} {
				token := login.login(up, Marker+user)
				r := other.Expect(200, getRequest("r", bearer(token)))
				if r.Seen != nil && r.Seen.Header.Get("X-Auth-User") != Marker+user {
					other.Counters.falseAccepts.Add(1)
					t.Errorf("%s: another user's identity", name)
				}
			}
		}
		up.AnswerAll(&upstreams.Reply{Drop: true})
		other.Expect(500, getRequest("r", bearer(Marker+"never-issued-"+hex.EncodeToString([]byte(name)))))
		up.AnswerAll(nil)
		denied = denied[1:]
		if n := other.Counters.falseAccepts.Load(); n > 0 {
			t.Errorf("%s: %d false accepts", name, n)
		}
	}
}

// deniedLater is tokens that both knew, and that the upstream has denied to the first one
// when it asked again.
func (f *Fleet) deniedLater(up *upstreams.IPPanel, other *Harness, count int) (tokens []string) {
	f.t.Helper()
	entries := f.keys("e")
	for range count {
		token := up.IssueToken(Marker + "ali")
		tokens = append(tokens, token)
		f.Expect(200, getRequest("again", bearer(token)))
	}
	f.written("e", entries+count)
	for _, token := range tokens {
		other.Expect(200, getRequest("r", bearer(token)))
		up.Answer(token, upstreams.Reply{Status: 401, Body: deniedByPanel})
	}
	f.pass(1100 * time.Millisecond)
	for _, token := range tokens {
		waitFor(f.t, "the denial at the one that asks again", func() bool { return f.Do(getRequest("again", bearer(token))).Status == 401 })
		f.feltAfter(other, token, time.Now(), mostFelt)
	}
	return tokens
}

// deniedByPanel is the panel's answer about a token that it does not know.
const deniedByPanel = `{"data":null,"meta":{"status":false,"message":"x","message_code":"400-1"}}`
