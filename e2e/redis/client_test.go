package redis_test

import (
	"crypto/tls"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/redis"
)

func TestClient(t *testing.T)            { testClient(t, compiled()) }
func TestInterpretedClient(t *testing.T) { testClient(t, interpreted(t)) }

func testClient(t *testing.T, l level) {
	t.Run("commands", func(t *testing.T) { testCommands(t, l) })
	t.Run("access", func(t *testing.T) { testAccess(t, l) })
	t.Run("faults", func(t *testing.T) { testFaults(t, l) })
	t.Run("listener", func(t *testing.T) { testListener(t, l) })
	t.Run("cluster", func(t *testing.T) { testCluster(t, l) })
	t.Run("sentinels", func(t *testing.T) { testSentinels(t, l) })
}

// expect sends a batch and compares what came back.
func (l level) expect(t *testing.T, client int, commands [][]string, want ...string) {
	t.Helper()
	if got := l.do(client, commands); !slices.Equal(got, want) {
		t.Errorf("%.60q: %q, want %q", commands, got, want)
	}
}

func testCommands(t *testing.T, l level) {
	s := start(t, redis.Options{MaxMemory: "3mb"})
	client := l.client(t, []string{s.Address()}, settings{})

	t.Run("every command that it knows, in one batch", func(t *testing.T) {
		l.expect(t, client, [][]string{
			{"GET", "k"},
			{"SET", "k", "v\r\n", "PX", "60000", "NX"},
			{"SET", "k", "w", "NX"},
			{"MGET", "k", "none", "k"},
			{"INCR", "n"},
			{"INCRBY", "n", "5"},
			{"DECR", "n"},
			{"EXISTS", "k"},
			{"PEXPIRE", "none", "1000"},
			{"PTTL", "n"},
			{"XADD", "s", "MAXLEN", "~", "100", "5-1", "a", "b"},
			{"XLEN", "s"},
			{"XRANGE", "s", "-", "+"},
			{"XREVRANGE", "s", "+", "-", "COUNT", "1"},
			{"DEL", "k"},
			{"INCR", "s"},
			{"GET", "k"},
		}, "absent", "OK", "absent", "[v\r\n absent v\r\n]", "1", "6", "5", "1", "0", "-1", "5-1", "1",
			"[[5-1 [a b]]]", "[[5-1 [a b]]]", "1", "WRONGTYPE", "absent")
	})

	t.Run("a memory that is full is a reply, and reading goes on", func(t *testing.T) {
		big := strings.Repeat("x", 60000)
		full := false
		for i := 0; i < 100 && !full; i++ {
			full = l.do(client, [][]string{{"SET", "big" + strconv.Itoa(i), big}})[0] == "OOM"
		}
		if !full {
			t.Error("it never was full")
		}
		l.expect(t, client, [][]string{{"GET", "n"}, {"SET", "m", big}, {"GET", "n"}}, "5", "OOM", "5")
	})
}

func testAccess(t *testing.T, l level) {
	const secret = "correct horse battery"
	s := start(t, redis.Options{
		TLS: true, Clients: true, Password: secret,
		Users: []string{"plugin on >staple ~ua:* +get +set +ping +select", "deaf on >staple ~* +get"},
	})
	set := [][]string{{"SET", "ua:{3f}:k", "v"}}
	noCert := s.TLS()
	noCert.Certificates = nil
	for name, tried := range map[string]struct {
		settings settings
		want     string // what the answer holds
	}{
		"the password and a certificate":      {settings{password: secret, tls: s.TLS()}, "OK"},
		"a user of its own":                   {settings{username: "plugin", password: "staple", tls: s.TLS()}, "OK"},
		"a wrong password":                    {settings{password: "wrong staple", tls: s.TLS()}, "WRONGPASS"},
		"a user that is not there":            {settings{username: "stranger", password: secret, tls: s.TLS()}, "WRONGPASS"},
		"no password":                         {settings{tls: s.TLS()}, "NOAUTH"},
		"a user that may not ping":            {settings{username: "deaf", password: "staple", tls: s.TLS()}, "NOPERM"},
		"a database that is not there":        {settings{password: secret, tls: s.TLS(), db: 99}, "DB index is out of range"},
		"no certificate of the client":        {settings{password: secret, tls: noCert}, "error"},
		"an authority that is not known":      {settings{password: secret, tls: &tls.Config{ServerName: "127.0.0.1"}}, "x509"},
		"another name than the certificate's": {settings{password: secret, tls: renamed(s.TLS())}, "x509"},
		"no TLS":                              {settings{password: secret, timeout: 2 * time.Second}, "error"},
	} {
		t.Run(name, func(t *testing.T) {
			got := l.do(l.client(t, []string{s.Address()}, tried.settings), set)[0]
			if !strings.Contains(got, tried.want) {
				t.Errorf("%s", got)
			}
			if strings.Contains(got, "staple") || strings.Contains(got, "horse") || strings.Contains(got, "ua:") {
				t.Errorf("it says %s", got)
			}
		})
	}

	t.Run("a password that the server does not want is an error", func(t *testing.T) {
		open := start(t, redis.Options{})
		got := l.do(l.client(t, []string{open.Address()}, settings{password: secret}), set)[0]
		if !strings.Contains(got, "without any password configured") {
			t.Error(got)
		}
	})

	t.Run("each database has its own keys", func(t *testing.T) {
		open := start(t, redis.Options{})
		l.expect(t, l.client(t, []string{open.Address()}, settings{db: 3}), set, "OK")
		l.expect(t, l.client(t, []string{open.Address()}, settings{db: 3}), [][]string{{"GET", set[0][1]}}, "v")
		l.expect(t, l.client(t, []string{open.Address()}, settings{}), [][]string{{"GET", set[0][1]}}, "absent")
	})
}

func renamed(config *tls.Config) *tls.Config {
	config.ServerName = "redis.example"
	return config
}
