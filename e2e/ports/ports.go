// Package ports gives programs that tests start a port of 127.0.0.1 each. A port that was
// merely found free may be another's by the time that the program listens on it, or while it
// is started again.
package ports

import (
	"errors"
	"fmt"
	"math/rand"
	"net"
	"sync"
)

// The ports lie below those that the system gives out by itself, to whoever listens on any
// port or connects to one.
const (
	lowest = 10000
	number = 12000
)

// holder is a loopback address on which a port that is given out is listened on, so that no
// other test is given it, in whichever process.
const holder = "127.0.0.2"

var errNone = errors.New("ports: none is free")

// Take returns a port of 127.0.0.1 on which nothing listens, and which is given to nobody else
// until release is called. above are the distances of further ports that have to be free.
func Take(above ...int) (port int, release func(), err error) {
	for range 1000 {
		port = lowest + rand.Intn(number)
		held, ok := hold(port)
		if !ok {
			continue
		}
		if isFree(port) && areFree(port, above) {
			return port, sync.OnceFunc(func() { _ = held.Close() }), nil
		}
		_ = held.Close()
	}
	return 0, nil, errNone
}

// Address is Take for who needs host:port.
func Address() (address string, release func(), err error) {
	port, release, err := Take()
	return on("127.0.0.1", port), release, err
}

// held is what keeps a port; it keeps none where a system has no second loopback address.
type held struct{ net.Listener }

func (h held) Close() error {
	if h.Listener == nil {
		return nil
	}
	return h.Listener.Close()
}

// hold keeps a port from others who take one; false: it is kept from us.
func hold(port int) (held, bool) {
	listener, err := net.Listen("tcp", on(holder, port))
	if err == nil {
		return held{listener}, true
	}
	anyPort, missing := net.Listen("tcp", on(holder, 0))
	if missing == nil {
		_ = anyPort.Close()
	}
	return held{}, missing != nil
}

func areFree(port int, above []int) bool {
	for _, distance := range above {
		if !isFree(port + distance) {
			return false
		}
	}
	return true
}

func isFree(port int) bool {
	listener, err := net.Listen("tcp", on("127.0.0.1", port))
	return err == nil && listener.Close() == nil
}

func on(host string, port int) string { return net.JoinHostPort(host, fmt.Sprint(port)) }
