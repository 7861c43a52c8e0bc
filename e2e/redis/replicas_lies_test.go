package redis_test

import (
	"strings"
	"time"

	client "github.com/upstreamauth/upstreamauth/cache/redis"
	"github.com/upstreamauth/upstreamauth/e2e/redis/replicas"
)

// raw is what lies in Redis.
func (f *fleet) raw() (keys []string, c *client.Client) {
	f.t.Helper()
	c = client.New(client.Options{Endpoints: []string{f.server.Address()}, Timeout: patience, Now: time.Now})
	f.t.Cleanup(c.Close)
	return strings.Fields(cli(f.t, f.server, "--raw", "KEYS", "*")), c
}

func (f *fleet) do(c *client.Client, command ...string) *client.Reply {
	f.t.Helper()
	replies, err := c.Do([][]string{command})
	if err != nil {
		f.t.Fatal(err)
	}
	return replies[0]
}

// entryOf finds the key of the one entry that was added since.
func (f *fleet) entryOf(before []string) string {
	f.t.Helper()
	known := strings.Join(before, " ")
	keys, _ := f.raw()
	for _, key := range keys {
		if strings.Contains(key, "}:e:") && !strings.Contains(known, key) {
			return key
		}
	}
	f.t.Fatal("there is no entry")
	return ""
}

func testLies(f *fleet) {
	a := f.replica(time.Minute)
	before, c := f.raw()
	mine := f.known(a)
	first := f.entryOf(before)
	before, _ = f.raw()
	other := f.known(a)
	second := f.entryOf(before)
	value := f.do(c, "GET", first).Text
	lie := func(what, key, text string) {
		f.t.Helper()
		b := f.replica(time.Minute)
		f.do(c, "SET", key, text)
		unopened, kept := f.counts(b)[2], f.counts(b)[3]
		token := map[string]string{first: mine, second: other}[key]
		f.expect(b, token, "allowed", 1)
		if f.counts(b)[2] == unopened {
			f.t.Errorf("%s was not counted", what)
		}
		f.kept(b, kept+1) // it is put right
	}
	lie("another's value", second, value)
	flipped := []byte(value)
	flipped[len(flipped)/2] ^= 1
	lie("a value with one bit flipped", first, string(flipped))
	lie("a short value", first, value[:8])
	lie("an empty value", first, "")
	lie("plain text", first, `["1","1",""]`)

	stranger := f.traefiks.open([]string{f.server.Address()}, replicas.Secret+"x", patience/2, time.Minute, true, 0)
	f.t.Cleanup(func() { f.close(stranger) })
	f.expect(stranger, mine, "allowed", 1)

	// An old value, after the credential was forgotten.
	f.do(c, "SET", first, value)
	f.expect(f.replica(time.Minute), mine, "allowed", 0)
	told := f.counts(a)[5]
	f.logout(a, mine)
	eventually(f.t, "it to be told", func() bool { return f.counts(a)[5] > told })
	f.do(c, "SET", first, value)
	b := f.replica(time.Minute)
	f.expect(b, mine, "allowed", 1)

	// The tombstone of one credential does not end another's, and its message bars nobody.
	keys, _ := f.raw()
	for _, key := range keys {
		if strings.Contains(key, "}:u:") && f.do(c, "PTTL", key).Number < 3600000 {
			f.t.Errorf("%s ends before the entries do", key)
		}
		if strings.Contains(key, "}:u:") {
			f.do(c, "SET", strings.Replace(key, "}:u:", "}:b:", 1), f.do(c, "GET", key).Text)
		}
	}
	f.expect(f.replica(time.Minute), mine, "allowed", 1)
	heard := f.counts(b)[2]
	f.do(c, "XADD", "ua:forgotten", "*", "k", "b", "n", strings.Split(first, ":")[3], "u", strings.Split(first, ":")[3], "v", value, "o", "x")
	eventually(f.t, "the message to be counted", func() bool { return f.counts(b)[2] > heard })
	f.expectAllowed(b, mine)
}

func testTells(f *fleet) {
	a := f.replica(time.Minute)
	token := f.known(a)
	told := f.counts(a)[5]
	f.bar(a, token)
	f.login(a, f.token())
	eventually(f.t, "all to be told", func() bool { return f.counts(a)[5] >= told+2 })
	keys, c := f.raw()
	all := strings.Join(keys, " ")
	for _, key := range keys {
		if strings.Contains(key, "{") {
			all += f.do(c, "GET", key).Text
		}
	}
	all += cli(f.t, f.server, "--raw", "XRANGE", "ua:forgotten", "-", "+")
	for _, secret := range []string{token, "u-" + token, "user", "MARKER", "upstream.test"} {
		if strings.Contains(all, secret) {
			f.t.Errorf("%q lies in Redis", secret)
		}
	}
	for _, key := range keys {
		if strings.Contains(key, "{") && f.do(c, "PTTL", key).Number <= 0 {
			f.t.Errorf("%s never ends", key)
		}
	}
}

func testClocks(f *fleet) {
	a, b := f.replica(time.Minute), f.replica(time.Minute)
	f.skew(a, time.Hour/2)
	token := f.known(a)
	f.expect(b, token, "allowed", 1) // it was asked in the future
	f.skew(a, time.Second)
	f.expect(b, f.known(a), "allowed", 0)
	f.skew(a, 0)
	token = f.known(a)
	short := f.replica(time.Minute)
	f.lifetime(short, time.Minute)
	f.reload(short)
	f.advance(short, 2*time.Minute)
	f.expect(short, token, "allowed", 1)
	f.expect(short, token, "allowed", 0)
	token = f.known(a)
	f.advance(b, time.Hour)
	f.expect(b, token, "allowed", 1)
}
