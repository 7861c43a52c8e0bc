package place

import (
	"net/netip"
	"strings"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// set are headers that the gate sets itself, or HTTP needs.
var set = map[string]bool{
	"Accept-Encoding": true, "Cache-Control": true, "Connection": true, "Date": true, "Expect": true, "Http2-Settings": true,
	"Keep-Alive": true, "Pragma": true, "Range": true, "Te": true, "Trailer": true, "Transfer-Encoding": true, "Upgrade": true,
}

// FixedDefect says why a header cannot be a fixed one; empty if it can.
func FixedDefect(name, canonical string) string {
	if !IsToken(name) {
		return "not a header name; allowed: letters, digits and -"
	}
	if canonical == "Host" {
		return "is the key host of the block"
	}
	if canonical == "Authorization" || canonical == verifier.KeyHeader {
		return "carries the credential that is asked about; with api: custom, write it below custom.request"
	}
	for _, family := range []string{"Content-", "Proxy-", "If-"} {
		if strings.HasPrefix(canonical, family) {
			return family + "* are headers that the gate sets itself, or HTTP needs; leave it out"
		}
	}
	if set[canonical] {
		return "is a header that the gate sets itself, or HTTP needs; leave it out"
	}
	return ""
}

// IsToken tells whether a text is a header's name (RFC 9110, 5.6.2).
func IsToken(name string) bool {
	for i := 0; i < len(name); i++ {
		if !strings.Contains(letters+"!#$%&'*+-.^_`|~", name[i:i+1]) {
			return false
		}
	}
	return name != ""
}

// IsDirect tells whether a list as in NO_PROXY names a host: by its name or that of a
// domain above it, by its address or a network, each maybe with a port; * names all.
func IsDirect(host, port, list string) bool {
	host = strings.ToLower(host)
	address, notAddress := netip.ParseAddr(host)
	for _, entry := range strings.Split(strings.ToLower(list), ",") {
		entry = strings.TrimSpace(entry)
		network, notNetwork := netip.ParsePrefix(entry)
		if entry == "*" || notNetwork == nil && notAddress == nil && network.Contains(address) {
			return true
		}
		name, only, found := strings.Cut(entry, ":")
		if found && strings.Count(entry, ":") == 1 && only == port {
			entry = name
		}
		entry = strings.TrimPrefix(strings.TrimPrefix(entry, "*"), ".")
		if entry != "" && (host == entry || notAddress != nil && strings.HasSuffix(host, "."+entry)) {
			return true
		}
	}
	return false
}
