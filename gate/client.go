package gate

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// clientOf returns the client that a request's denied upstream calls are charged
// to: the peer, or (depth > 0) the address at that place of X-Forwarded-For,
// counted from the right as Traefik's ipStrategy.depth counts. Further left, a
// client can write what it likes. If that place is missing or holds no address,
// the client is the peer. An IPv6 client is its /64 network, since one client
// usually has all addresses of it.
func clientOf(r *http.Request, depth int) string {
	if depth > 0 {
		// Several lines are one list (RFC 9110, 5.3): a proxy may append to one or add another.
		hops := strings.Split(strings.Join(r.Header["X-Forwarded-For"], ","), ",")
		if depth <= len(hops) {
			name := network(strings.TrimSpace(hops[len(hops)-depth]))
			if name != "" {
				return name
			}
		}
	}
	name := network(r.RemoteAddr)
	if name == "" {
		return r.RemoteAddr
	}
	return name
}

// network reads an address, with or without a port, and returns the IPv4 address
// or the IPv6 network that counts as one client. It is empty for any other text.
func network(text string) string {
	host, _, err := net.SplitHostPort(text)
	if err == nil {
		text = host
	}
	text = strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
	address, err := netip.ParseAddr(text)
	if err != nil {
		return ""
	}
	address = address.Unmap().WithZone("")
	if address.Is4() {
		return address.String()
	}
	prefix, err := address.Prefix(64)
	if err != nil {
		return ""
	}
	return prefix.String()
}
