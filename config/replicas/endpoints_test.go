package replicas

import (
	"strings"
	"testing"
)

func TestEndpoints(t *testing.T) {
	read := func(written ...string) (list []string, faults string) {
		s := &Section{
			Written: func(string) bool { return true },
			List:    func(string) []string { return written },
			Fault:   func(key, text string) { faults += key + ": " + text + "\n" },
			Refuse:  func(key, value, text string) { faults += key + ": " + value + " " + text + "\n" },
			Redact:  func(address string) string { return address },
		}
		list = endpoints(s)
		return list, faults
	}

	t.Run("addresses are read in one spelling", func(t *testing.T) {
		for written, want := range map[string]string{
			"redis:6379": "redis:6379", "Redis-1.Example.COM:1": "redis-1.example.com:1", "10.0.0.7:65535": "10.0.0.7:65535",
			"[2001:DB8::1]:6379": "[2001:db8::1]:6379", "my_redis:6379": "my_redis:6379",
		} {
			if list, faults := read(written); faults != "" || strings.Join(list, " ") != want {
				t.Errorf("%s is %q, %s", written, list, faults)
			}
		}
	})

	t.Run("what is no address is refused, and none of it is used", func(t *testing.T) {
		for written, why := range map[string]string{
			"redis": "no port", "redis:": "no port", ":6379": "no valid host", "::1:6379": "more than one colon", "a:b:6379": "more than one colon",
			"redis:0": "from 1 to 65535", "redis:99999999999999999999": "from 1 to 65535", "redis:6379/0": "from 1 to 65535",
			"redis://redis:6379": "a scheme", "user@redis:6379": "a user", "[::1]6379": "no port", "[1.2.3.4]:6379": "no valid host", "a\tb:6379": "no valid host",
			strings.Repeat("a", 254) + ":6379": "no valid host",
		} {
			if list, faults := read(written); len(list) != 0 || !strings.Contains(faults, why) {
				t.Errorf("%q is %q, %q; want %q", written, list, faults, why)
			}
		}
	})

	t.Run("the others are found beside one that is refused", func(t *testing.T) {
		if list, faults := read("a:1", "b", "c:2", "A:1"); strings.Join(list, " ") != "a:1 c:2" || strings.Count(faults, "\n") != 2 {
			t.Errorf("%q, %s", list, faults)
		}
	})

	t.Run("a URL of Redis is told what to write", func(t *testing.T) {
		_, faults := read("rediss://user:pass@redis:6379/3")
		for _, part := range []string{"write redis:6379", "the block tls", "username and password", "under db"} {
			if !strings.Contains(faults, part) {
				t.Errorf("nothing says %q: %s", part, faults)
			}
		}
	})
}
