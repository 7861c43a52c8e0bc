package redis_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/cache/redis"
)

var get = [][]string{{"GET", "ua:{3f}:k"}}

func TestReplies(t *testing.T) {
	ask := func(t *testing.T, answer string, commands ...[]string) ([]*redis.Reply, error) {
		t.Helper()
		s := newServer(t, pong(func([]string) string { return answer }))
		return newClient(t, redis.Options{Endpoints: []string{s.address()}}).Do(commands)
	}

	t.Run("a value is given as it came", func(t *testing.T) {
		for _, value := range []string{"", "v", "\r\n$-1\r\n", "\x00\xff", strings.Repeat("x", 64<<10)} {
			replies, err := ask(t, bulk(value), get...)
			if err != nil || replies[0].Kind != redis.Bulk || replies[0].Text != value {
				t.Errorf("%d bytes: %v", len(value), err)
			}
		}
	})

	t.Run("an absent key is no empty value", func(t *testing.T) {
		replies, err := ask(t, "$-1\r\n", get...)
		if err != nil || replies[0].Kind != redis.Absent {
			t.Errorf("%+v, %v", replies, err)
		}
	})

	t.Run("numbers, statuses and lists are told apart", func(t *testing.T) {
		for answer, command := range map[string][]string{
			":-7\r\n": {"INCR", "k"}, "+OK\r\n": {"SET", "k", "v"}, "*2\r\n$1\r\na\r\n$-1\r\n": {"MGET", "k", "l"},
		} {
			replies, err := ask(t, answer, command)
			if err != nil {
				t.Fatal(err)
			}
			switch r := replies[0]; r.Kind {
			case redis.Integer:
				if r.Number != -7 {
					t.Errorf("%+v", r)
				}
			case redis.Array:
				if len(r.Items) != 2 || r.Items[0].Text != "a" || r.Items[1].Kind != redis.Absent {
					t.Errorf("%+v", r)
				}
			case redis.Status:
			default:
				t.Errorf("%q: %+v", answer, r)
			}
		}
	})

	t.Run("a refusal of Redis's is a reply with a code, and repeats nothing", func(t *testing.T) {
		for line, code := range map[string]string{
			"-OOM command not allowed when used memory > 'maxmemory' secret": redis.Full,
			"-NOPERM this user has no permissions secret":                    redis.NoPerm,
			"-ERR unknown command 'secret'":                                  "ERR",
			"-secret":                                                        "ERR",
			"-WRONGTYPE Operation secret":                                    redis.WrongType,
			"-READONLY secret":                                               redis.ReadOnly,
			"-MOVED secret":                                                  redis.Moved,
		} {
			replies, err := ask(t, line+"\r\n", get...)
			if err != nil || replies[0].Kind != redis.Failed || replies[0].Code != code {
				t.Errorf("%s: %+v, %v", line, replies, err)
				continue
			}
			if strings.Contains(fmt.Sprintf("%+v", *replies[0]), "secret") {
				t.Errorf("%s: %+v", line, *replies[0])
			}
		}
	})

	t.Run("one refused command of a batch leaves the others their replies", func(t *testing.T) {
		s := newServer(t, pong(func(command []string) string {
			if command[0] == "SET" {
				return "-OOM full\r\n"
			}
			return bulk(command[1])
		}))
		replies, err := newClient(t, redis.Options{Endpoints: []string{s.address()}}).
			Do([][]string{{"GET", "a"}, {"SET", "b", "v"}, {"GET", "c"}})
		if err != nil || replies[0].Text != "a" || replies[1].Code != redis.Full || replies[2].Text != "c" {
			t.Errorf("%+v, %v", replies, err)
		}
	})
}

// twice at an answer's end: the end of its batch comes twice.
const twice = "<twice>"

// Whatever is odd fails the batch and ends the connection; the next batch has a new one,
// and its own reply.
func TestOddReplies(t *testing.T) {
	nested := strings.Repeat("*1\r\n", 6) + ":1\r\n"
	wide := "*16\r\n" + strings.Repeat("*4096\r\n"+strings.Repeat(":1\r\n", 4096), 16)
	long := "*2\r\n" + strings.Repeat("*4096\r\n"+strings.Repeat("+"+strings.Repeat("x", 4000)+"\r\n", 4096), 2)
	for name, odd := range map[string]struct {
		command []string
		answer  string
	}{
		"cut in a line":                  {get[0], "$1" + hangUp},
		"cut in a value":                 {get[0], "$5\r\nab" + hangUp},
		"cut before the end of a value":  {get[0], "$2\r\nab" + hangUp},
		"closed without a byte":          {get[0], hangUp},
		"a status for a value":           {get[0], "+OK\r\n"},
		"a number for a value":           {get[0], ":1\r\n"},
		"a list for a value":             {get[0], "*1\r\n$1\r\na\r\n"},
		"a value for a number":           {[]string{"INCR", "k"}, "$1\r\n1\r\n"},
		"another status than OK":         {[]string{"SET", "k", "v"}, "+QUEUED\r\n"},
		"fewer values than keys":         {[]string{"MGET", "k", "l"}, "*1\r\n$1\r\na\r\n"},
		"more values than keys":          {[]string{"MGET", "k"}, "*2\r\n$1\r\na\r\n$1\r\nb\r\n"},
		"a number among values":          {[]string{"MGET", "k"}, "*1\r\n:1\r\n"},
		"a failure among values":         {[]string{"MGET", "k"}, "*1\r\n-ERR x\r\n"},
		"3 GB":                           {get[0], "$3221225472\r\n"},
		"one byte too many for a value":  {get[0], "$65537\r\n" + strings.Repeat("x", 65537) + "\r\n"},
		"a length over all numbers":      {get[0], "$99999999999999999999\r\n"},
		"a negative length":              {get[0], "$-2\r\n"},
		"a negative count":               {[]string{"XRANGE", "s", "-", "+"}, "*-2\r\n"},
		"a count that is too large":      {[]string{"XRANGE", "s", "-", "+"}, "*4097\r\n"},
		"no length":                      {get[0], "$\r\n"},
		"a length with a sign":           {get[0], "$+1\r\na\r\n"},
		"a length that is hexadecimal":   {get[0], "$0x1\r\na\r\n"},
		"arrays in one another":          {[]string{"XRANGE", "s", "-", "+"}, nested},
		"arrays that are large together": {[]string{"XRANGE", "s", "-", "+"}, wide},
		"lines that are long together":   {[]string{"XRANGE", "s", "-", "+"}, long},
		"a value that is longer":         {get[0], "$1\r\nab\r\n"},
		"a value without an end":         {get[0], "$1\r\na\n\n\r\n"},
		"a line without a carriage":      {get[0], "$-1\n"},
		"an empty line":                  {get[0], "\r\n"},
		"a line that does not end":       {get[0], "+" + strings.Repeat("x", 5000)},
		"a reply of RESP3":               {get[0], "_\r\n"},
		"a push of RESP3":                {get[0], ">2\r\n+a\r\n+b\r\n"},
		"HTTP":                           {get[0], "HTTP/1.1 400 Bad Request\r\n\r\n"},
		"TLS":                            {get[0], "\x15\x03\x01\x00\x02\x02\x46\r\n"},
		"one reply too many":             {get[0], "$1\r\na\r\n$1\r\nb\r\n"},
		"one reply too many, a number":   {get[0], "$1\r\na\r\n$1\r\n1\r\n"},
		"one reply too many, at the end": {get[0], bulk("a") + twice},
	} {
		t.Run(name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			s := newServer(t, func(s *session, command []string) string {
				answer, again := strings.CutSuffix(odd.answer, twice)
				switch {
				case command[0] == "PING" && again && s.number == 1:
					return bulk(command[1]) + bulk(command[1])
				case command[0] == "PING":
					return bulk(command[1])
				case s.number == 1:
					return answer
				}
				return bulk("own")
			})
			client := newClient(t, redis.Options{Endpoints: []string{s.address()}})
			if replies, err := client.Do([][]string{odd.command}); err == nil {
				t.Errorf("taken for %+v", *replies[0])
			} else if !strings.HasPrefix(err.Error(), "redis: ") && !strings.Contains(err.Error(), "EOF") &&
				!strings.Contains(err.Error(), "reset") {
				t.Errorf("the error says %q", err)
			}
			replies, err := client.Do(get)
			if err != nil || replies[0].Text != "own" {
				t.Errorf("the next batch: %+v, %v", replies, err)
			}
			if n := s.connections(); n != 2 {
				t.Errorf("%d connections", n)
			}
			client.Close()
			s.end()
			expectNoGoroutines(t, before)
		})
	}
}

func TestStrayReply(t *testing.T) {
	// It comes after a batch, before the next one: without the text at each batch's end,
	// all later replies would be those of the command before.
	t.Run("a reply that nobody asked for is not taken for the next one's", func(t *testing.T) {
		answered, arrived := make(chan bool), make(chan bool)
		s := newServer(t, func(s *session, command []string) string {
			if command[0] != "PING" {
				return bulk(command[1])
			}
			if s.number == 1 && strings.HasSuffix(command[1], "-1") {
				go func() {
					<-answered
					fmt.Fprint(s.conn, bulk("stray"))
					close(arrived)
				}()
			}
			return bulk(command[1])
		})
		client := newClient(t, redis.Options{Endpoints: []string{s.address()}})
		for i, key := range []string{"a", "b", "c"} {
			replies, err := client.Do([][]string{{"GET", key}})
			if i == 0 {
				close(answered)
			}
			if err == nil && replies[0].Text != key {
				t.Errorf("%s has %q", key, replies[0].Text)
			}
			if i == 1 && err == nil {
				t.Error("the batch with the stray reply did not fail")
			}
			<-arrived
		}
	})
}
