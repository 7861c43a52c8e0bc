package gate

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

func requestFrom(peer string, lines ...string) *http.Request {
	r := &http.Request{RemoteAddr: peer, Header: http.Header{}}
	for _, line := range lines {
		r.Header.Add("X-Forwarded-For", line)
	}
	return r
}

// The client is the peer, or the place of X-Forwarded-For that the operator trusts.
func TestClientOf(t *testing.T) {
	const peer = "192.0.2.1:4711"
	for _, c := range []struct {
		name, peer string
		lines      []string
		depth      int
		want       string
	}{
		{"the peer", peer, nil, 0, "192.0.2.1"},
		{"a header that is not trusted is not read", peer, []string{"198.51.100.7"}, 0, "192.0.2.1"},
		{"the last place", peer, []string{"203.0.113.9, 198.51.100.7"}, 1, "198.51.100.7"},
		{"the last but one", peer, []string{"203.0.113.9, 198.51.100.7"}, 2, "203.0.113.9"},
		{"a place that does not exist", peer, []string{"203.0.113.9, 198.51.100.7"}, 3, "192.0.2.1"},
		{"no header", peer, nil, 1, "192.0.2.1"},
		{"two lines are one list", peer, []string{"203.0.113.9", "198.51.100.7"}, 2, "203.0.113.9"},
		{"a place that holds no address", peer, []string{"unknown, 198.51.100.7"}, 2, "192.0.2.1"},
		{"an empty place counts", peer, []string{"203.0.113.9,,198.51.100.7"}, 2, "192.0.2.1"},
		{"the last of very many", peer, []string{strings.Repeat("1,", 500_000) + "198.51.100.7"}, 1, "198.51.100.7"},
		{"with a port", peer, []string{"198.51.100.7:80"}, 1, "198.51.100.7"},
		{"IPv6 is its /64", "[2001:db8:1:2:3:4:5:6]:443", nil, 0, "2001:db8:1:2::/64"},
		{"IPv6 in brackets", peer, []string{"[2001:db8:1:2:ffff::1]"}, 1, "2001:db8:1:2::/64"},
		{"IPv6 with a zone", "[fe80::1%eth0]:443", nil, 0, "fe80::/64"},
		{"IPv4 in IPv6", "[::ffff:192.0.2.1]:443", nil, 0, "192.0.2.1"},
		{"a peer without an address", "@", nil, 0, "@"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := clientOf(requestFrom(c.peer, c.lines...), c.depth); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}

func TestClientName(t *testing.T) {
	t.Run("it differs where the address was read in another way", func(t *testing.T) {
		seen := map[string]int{}
		for depth := 0; depth < 4; depth++ {
			name := clientName(requestFrom("192.0.2.1:4711", "192.0.2.1, 192.0.2.1, 192.0.2.1"), depth)
			other, found := seen[name]
			if found {
				t.Errorf("depths %d and %d: %s", other, depth, name)
			}
			seen[name] = depth
		}
	})

	t.Run("it is never empty", func(t *testing.T) {
		if name := clientName(requestFrom(""), 0); name == "" {
			t.Error("it is")
		}
	})
}

// FuzzClient: whatever a client writes before the place that a proxy fills in, the
// result is the same; and a client is an address, a network, or the peer.
func FuzzClient(f *testing.F) {
	for _, sent := range []string{"", "1.2.3.4", ",", "a, b", "[::1]:80", "::", "1.2.3.4:", "\x00", "fe80::1%", "1.2.3.4,", "'\""} {
		f.Add(sent, "192.0.2.1:4711", byte(1), false)
		f.Add(sent, "[2001:db8::1]:443", byte(2), true)
	}
	f.Fuzz(func(t *testing.T, sent, peer string, depth byte, ownLine bool) {
		trusted := strings.Repeat("198.51.100.7, ", int(depth%4)) + "198.51.100.7"
		honest := clientOf(requestFrom(peer, trusted), int(depth%4)+1)
		forged := requestFrom(peer, sent+", "+trusted)
		if ownLine {
			forged = requestFrom(peer, sent, trusted)
		}
		if got := clientOf(forged, int(depth%4)+1); got != honest || got != "198.51.100.7" {
			t.Fatalf("%q; without what the client sent %q", got, honest)
		}
		if got := clientOf(requestFrom(peer, sent), 0); got != clientOf(requestFrom(peer), 0) {
			t.Fatalf("%q, because of a line that is not trusted", got)
		}
		got := clientOf(requestFrom(peer, sent), int(depth%4)+1)
		_, notAddress := netip.ParseAddr(got)
		_, notNetwork := netip.ParsePrefix(got)
		if notAddress != nil && notNetwork != nil && got != peer {
			t.Fatalf("%q is not a client", got)
		}
	})
}
