package upstreams

import (
	"net"
	"testing"
)

// The system gives ports again at random: of 3,000 sockets, opened and closed, some have one that
// was there before.
func TestFresh(t *testing.T) {
	t.Run("gives no port twice", func(t *testing.T) {
		seen := map[int]bool{}
		for range 3000 {
			listener, err := fresh()
			if err != nil {
				t.Fatal(err)
			}
			port := listener.Addr().(*net.TCPAddr).Port
			if seen[port] {
				t.Fatalf("port %d a second time", port)
			}
			seen[port] = true
			if err := listener.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
