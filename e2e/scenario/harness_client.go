package scenario

import (
	"net"
	"net/http"
	"time"
)

// client reuses connections, follows no redirects and accepts no compression.
var client = newClient("", 600)

// clientAt is a client with a source address of its own. It closes its connections
// after each request, because there may be thousands of such clients.
func clientAt(address string) *http.Client {
	if address == "" {
		return client
	}
	return newClient(address, -1)
}

func newClient(address string, keep int) *http.Client {
	dialer := &net.Dialer{}
	if address != "" {
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(address)}
	}
	return &http.Client{
		Transport: &http.Transport{
			DialContext:         dialer.DialContext,
			MaxIdleConnsPerHost: keep,
			DisableKeepAlives:   keep < 0,
			DisableCompression:  true,
		},
		Timeout: 30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
}
