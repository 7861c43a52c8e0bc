package gate

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// clientOf names the client that pays for a request's refused calls: the peer,
// or (depth > 0) the address that stands at that place of X-Forwarded-For,
// counted from the right, as Traefik's own ipStrategy.depth does. A place that
// does not exist, or that holds no address, is the peer. IPv6 addresses are
// named by their /64, which one client has whole.
func clientOf(r *http.Request, depth int) string {
	if depth > 0 {
		// All lines are one list (RFC 9110, 5.3), whoever appended them.
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

// network reads an address, with or without a port, and returns what stands
// for its client; empty if it is none.
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
