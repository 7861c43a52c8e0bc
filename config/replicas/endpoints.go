package replicas

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
)

const (
	maxEndpoints = 64
	maxHost      = 253 // bytes of a name in DNS
	usualPort    = "6379"

	letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

	allowedEndpoint = "; allowed: host:port, such as redis:6379"
)

// endpoints reads the addresses, in one spelling: names in lower case.
func endpoints(s *Section) []string {
	if !s.Written("endpoints") {
		s.Fault("endpoints", "required: one address, host:port; those of several nodes of a cluster; or, with master, of Sentinels")
		return nil
	}
	written := s.List("endpoints")
	if len(written) > maxEndpoints {
		s.Fault("endpoints", strconv.Itoa(len(written))+" addresses; allowed: at most "+strconv.Itoa(maxEndpoints))
		return nil
	}
	var read []string
	seen := " "
	for _, value := range written {
		address := strings.ToLower(value)
		defect := defectOf(address)
		if defect == "" && strings.Contains(seen, " "+address+" ") {
			defect = "is written twice; keep one"
		}
		if defect != "" {
			s.Refuse("endpoints", s.Redact(value), defect)
			continue
		}
		seen += address + " "
		read = append(read, address)
	}
	return read
}

// defectOf says what is wrong with an address in lower case, and what to write; empty: nothing.
func defectOf(address string) string {
	scheme, rest, found := strings.Cut(address, "://")
	if found {
		return "begins with a scheme" + allowedEndpoint + meant(scheme, rest)
	}
	if strings.Contains(address, "@") {
		return "holds a user or a password, which go under username and password" + allowedEndpoint
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil && strings.Count(address, ":") > 1 && !strings.HasPrefix(address, "[") {
		return "has more than one colon" + allowedEndpoint + " or [2001:db8::1]:6379"
	}
	if err != nil || port == "" {
		bare := strings.TrimSuffix(address, ":")
		hint := allowedEndpoint
		if isHost(strings.Trim(bare, "[]"), strings.HasPrefix(bare, "[")) {
			hint += "; write " + bare + ":" + usualPort
		}
		return "has no port" + hint
	}
	number, err := strconv.Atoi(port)
	if err != nil || number < 1 || number > 65535 || strconv.Itoa(number) != port {
		return "has a port that is not from 1 to 65535" + allowedEndpoint
	}
	if !isHost(host, strings.HasPrefix(address, "[")) {
		return "has no valid host" + allowedEndpoint
	}
	return ""
}

// meant is what an address with a scheme probably was to say. Most clients take such ones.
func meant(scheme, rest string) string {
	at := strings.LastIndex(rest, "@")
	plain, database, _ := strings.Cut(rest[at+1:], "/")
	if defectOf(plain) != "" || scheme != "redis" && scheme != "rediss" {
		return ""
	}
	hint := "; write " + plain
	if scheme == "rediss" {
		hint += ", and the block tls beside it"
	}
	if at >= 0 {
		hint += ", and what stands before @ under username and password"
	}
	if database != "" {
		hint += ", and the database under db"
	}
	return hint
}

// isHost takes names and IPv4 addresses, and in brackets IPv6 addresses.
func isHost(host string, inBrackets bool) bool {
	if inBrackets {
		address, err := netip.ParseAddr(host)
		return err == nil && address.Is6()
	}
	plain := strings.NewReplacer("-", "", ".", "", "_", "").Replace(host)
	return plain != "" && len(host) <= maxHost && strings.Trim(plain, letters) == ""
}
