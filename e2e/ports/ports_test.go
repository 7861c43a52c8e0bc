package ports

import (
	"net"
	"testing"
)

func TestTake(t *testing.T) {
	t.Run("a port is given to one at a time, and can be listened on", func(t *testing.T) {
		given := map[int]bool{}
		for range 200 {
			port, release, err := Take()
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(release)
			if given[port] {
				t.Fatalf("%d is given out twice", port)
			}
			given[port] = true
			listener, err := net.Listen("tcp", on("127.0.0.1", port))
			if err != nil {
				t.Fatal(err)
			}
			_ = listener.Close()
		}
	})

	t.Run("one that is held by another process is passed over, until it is released", func(t *testing.T) {
		port, release, err := Take()
		if err != nil {
			t.Fatal(err)
		}
		if held, ok := hold(port); ok {
			_ = held.Close()
			t.Skip("this system has no second loopback address")
		}
		release()
		release()
		held, ok := hold(port)
		if !ok {
			t.Fatal("it is still held")
		}
		_ = held.Close()
	})

	t.Run("ports above it are free as well", func(t *testing.T) {
		port, release, err := Take(10000)
		if err != nil {
			t.Fatal(err)
		}
		defer release()
		taken, err := net.Listen("tcp", on("127.0.0.1", port+10000))
		if err != nil {
			t.Fatal(err)
		}
		defer taken.Close()
		if areFree(port, []int{10000}) {
			t.Error("one that is listened on is called free")
		}
	})
}
