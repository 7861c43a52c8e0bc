package gate

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// Client is the name of the client of a request on a route that reads addresses at that
// depth.
func Client(r *http.Request, depth int) string {
	return clientName(r, depth)
}

// clientName names the client that a request's upstream calls are charged to: by its
// address, and the depth that the address was read with, unless that is 0. Routes count
// clients together; where one of them reads an address that clients can choose, it must
// not let them spend what the clients of another route may cause.
func clientName(r *http.Request, depth int) string {
	name := clientOf(r, depth)
	if name == "" {
		name = "unknown"
	}
	if depth > 0 {
		name = strconv.Itoa(depth) + " " + name
	}
	return name
}

// clientOf returns the client that a request's denied upstream calls are charged
// to: the peer, or (depth > 0) the address at that place of X-Forwarded-For,
// counted from the right as Traefik's ipStrategy.depth counts. Further left, a
// client can write what it likes. If that place is missing or holds no address,
// the client is the peer. An IPv6 client is its /64 network, since one client
// usually has all addresses of it.
func clientOf(r *http.Request, depth int) string {
	if depth > 0 {
		// Several lines are one list (RFC 9110, 5.3): a proxy may append to one or add another.
		name := network(hop(strings.Join(r.Header["X-Forwarded-For"], ","), depth))
		if name != "" {
			return name
		}
	}
	name := network(r.RemoteAddr)
	if name == "" {
		return r.RemoteAddr
	}
	return name
}

// hop returns the entry of a list at this place from the right; empty if it is
// shorter. It reads no further to the left than that, since clients may write a
// megabyte there.
func hop(list string, depth int) string {
	for i := 1; i < depth; i++ {
		comma := strings.LastIndexByte(list, ',')
		if comma < 0 {
			return ""
		}
		list = list[:comma]
	}
	entry := strings.TrimSpace(list[strings.LastIndexByte(list, ',')+1:])
	return entry
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

// hasLeft tells whether the client of a request has left. A context that ends by a
// deadline shows nothing of the client.
func hasLeft(r *http.Request) bool {
	return errors.Is(r.Context().Err(), context.Canceled)
}

// complete adds to a credential what else of the request is sent to its API, or returns
// the denial of one that can be sent nowhere: it does not match the operator's pattern,
// or has no place in the API's request. No call is made for it.
func (s *scheme) complete(r *http.Request, c verifier.Credential, depth int) (verifier.Credential, verifier.Denial) {
	if s.pattern != nil && !s.pattern.MatchString(c.Token) {
		return c, verifier.Denial{Reason: verifier.Malformed}
	}
	if s.api.Parts != nil {
		values := make([]string, len(s.api.Parts))
		for i, name := range s.api.Parts {
			value, once := partOf(r, name, depth)
			if !once {
				return c, verifier.Denial{Reason: verifier.Malformed, Message: "A header that belongs to the credential was sent twice."}
			}
			if len(value) > verifier.MaxCredential { // each is sent and kept as the credential is
				return c, verifier.Denial{Reason: verifier.Malformed, Message: "A part of the request that belongs to the credential is too long."}
			}
			values[i] = value
		}
		c.Parts = verifier.JoinParts(values)
	}
	if s.api.Fits != nil && !s.api.Fits(c) {
		return c, verifier.Denial{Reason: verifier.Malformed}
	}
	return c, verifier.Denial{}
}

// partOf is the value of one of a request's parts, by its placeholder's name. A header
// that is not there is empty; the second result is false for one that came twice.
func partOf(r *http.Request, name string, depth int) (string, bool) {
	header, isHeader := strings.CutPrefix(name, "header:")
	if isHeader {
		lines := r.Header[http.CanonicalHeaderKey(header)]
		if len(lines) == 0 {
			return "", true
		}
		return lines[0], len(lines) == 1
	}
	value := ""
	switch name {
	case "method":
		value = r.Method
	case "host":
		value = r.Host
	case "path":
		value = r.URL.EscapedPath()
	case "ip":
		value = addressOf(r, depth)
	}
	return value, true
}

// partHeaders are the headers of a request that belong to a question. The backend must not
// read another one as one of them: the answer is about what was asked.
func partHeaders(blocks []*Block) []string {
	var names []string
	for _, b := range blocks {
		for _, part := range b.API.Parts {
			name, isHeader := strings.CutPrefix(part, "header:")
			name = http.CanonicalHeaderKey(name)
			if isHeader && name == http.CanonicalHeaderKey(Fold(name)) { // else it is the other spelling itself
				names = append(names, name)
			}
		}
	}
	return names
}

// addressOf is the address of the client that clientOf charges calls to, as a whole.
func addressOf(r *http.Request, depth int) string {
	if depth > 0 {
		address := plainAddress(hop(strings.Join(r.Header["X-Forwarded-For"], ","), depth))
		if address != "" {
			return address
		}
	}
	return plainAddress(r.RemoteAddr)
}

// plainAddress reads an address, with or without a port; empty for any other text.
func plainAddress(text string) string {
	host, _, err := net.SplitHostPort(text)
	if err == nil {
		text = host
	}
	address, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	if err != nil {
		return ""
	}
	return address.Unmap().WithZone("").String()
}
