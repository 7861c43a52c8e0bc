package transport

import "time"

// Bounds of one call, and of a connection.
const (
	maxResponse    = 64 << 10              // bytes of a response's body, decompressed; of its headers likewise
	maxConnections = 64                    // to one upstream; a call that finds none free waits
	idleLimit      = 30 * time.Second      // an unused connection is closed after
	dialLimit      = 10 * time.Second      // for a connection with its TLS handshake
	alertLimit     = 50 * time.Millisecond // for an alert of a server of HTTP/2 that a connection was opened to
	ageLimit       = 5 * time.Minute       // an older connection is not used again

	// restLimit is after a response, before the next request. Second answers come some
	// milliseconds after the first; a busy process may notice them tens of milliseconds
	// late. The price is connections: 64 of them carry 250 calls a second.
	restLimit = 250 * time.Millisecond
	restParts = 5 // of which the second read of a rest takes one
)
