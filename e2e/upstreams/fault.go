package upstreams

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Fault is what a Front plays in the place of an honest reply, byte by byte. Its zero value closes
// the connection without one.
type Fault struct {
	// Send is written as it is once the request has been read.
	Send string

	// Unread: the request is not even read.
	Unread bool

	// Drip writes one byte of Send at a time, a tenth of a second apart.
	Drip bool

	// Hold keeps the connection open after Send, until the front plays something else.
	Hold bool

	// Reset ends the connection by a reset after Send, in place of a proper end.
	Reset bool

	// Alternate plays the fault for every other request, and is honest for those between.
	Alternate bool

	// TLS takes the place of the front's own settings for connections that begin.
	TLS *tls.Config

	// Refused: nobody listens.
	Refused bool
}

// Front stands before an upstream and passes everything on, until it plays a fault. It speaks over
// bare connections, so that replies can be wrong in every way.
type Front struct {
	// URL is its base address, without a final slash.
	URL string

	target string
	config *tls.Config // nil: plain
	done   sync.WaitGroup

	mu       sync.Mutex
	listener net.Listener
	open     map[net.Conn]bool
	fault    *Fault
	requests int
	received bytes.Buffer // at most maxRecorded
	away     bool         // nobody listens
	closed   bool
}

// maxRecorded bounds what a front remembers of what it received, in bytes.
const maxRecorded = 1 << 20

// NewFront starts a front before the upstream at target, plain, or with TLS if config is not nil.
// It panics if it cannot listen.
func NewFront(target string, config *tls.Config) *Front {
	f := &Front{target: target, config: config, open: map[net.Conn]bool{}}
	f.listener = must(net.Listen("tcp", "127.0.0.1:0"))
	f.URL = "http://" + f.listener.Addr().String()
	if config != nil {
		f.URL = "https://" + f.listener.Addr().String()
	}
	f.accept(f.listener)
	return f
}

// Play plays a fault from now on; nil is none. Connections that are open are cut, and clients have
// a moment to notice, so that the next request begins one.
func (f *Front) Play(fault *Fault) {
	f.play(fault)
	time.Sleep(20 * time.Millisecond)
}

func (f *Front) play(fault *Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault, f.requests = fault, 0
	f.received.Reset()
	for c := range f.open {
		_ = c.Close()
	}
	if fault != nil && fault.Refused {
		f.away = true
		_ = f.listener.Close()
		return
	}
	if f.away {
		f.away = false
		f.listener = must(net.Listen("tcp", f.listener.Addr().String()))
		f.accept(f.listener)
	}
}

// Received tells whether text arrived here since the fault began, in the clear or within TLS.
func (f *Front) Received(text string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Contains(f.received.String(), text)
}

// Close ends the front and all that is connected to it.
func (f *Front) Close() {
	f.mu.Lock()
	f.closed = true
	_ = f.listener.Close()
	for c := range f.open {
		_ = c.Close()
	}
	f.mu.Unlock()
	f.done.Wait()
}

func (f *Front) accept(l net.Listener) {
	f.done.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if !f.admit(c) {
				_ = c.Close()
				return
			}
			f.done.Go(func() { f.serve(c) })
		}
	})
}

func (f *Front) admit(c net.Conn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open[c] = !f.closed
	return !f.closed
}

// noting is a connection whose front notes what arrives.
type noting struct {
	net.Conn
	front *Front
}

func (n noting) Read(p []byte) (int, error) {
	count, err := n.Conn.Read(p)
	n.front.mu.Lock()
	defer n.front.mu.Unlock()
	if n.front.received.Len() < maxRecorded {
		n.front.received.Write(p[:count])
	}
	return count, err
}

// serve is one connection: requests one after the other, each passed on or answered by the fault.
func (f *Front) serve(bare net.Conn) {
	defer func() {
		_ = bare.Close()
		f.mu.Lock()
		delete(f.open, bare)
		f.mu.Unlock()
	}()
	fault := f.playing(false)
	if fault != nil && fault.Unread {
		f.hold(fault)
		return
	}
	c := bare
	if f.config != nil {
		config := f.config
		if fault != nil && fault.TLS != nil {
			config = fault.TLS
		}
		c = tls.Server(bare, config)
	}
	reader := bufio.NewReader(noting{c, f})
	for {
		r, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		if fault := f.playing(true); fault != nil {
			f.answer(c, bare, r, fault)
			return
		}
		if f.forward(c, r) != nil {
			return
		}
	}
}

// playing is the fault for the next request, if any; counting, it is that request's.
func (f *Front) playing(count bool) *Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	if count {
		f.requests++
	}
	if f.fault != nil && f.fault.Alternate && f.requests%2 == 0 {
		return nil
	}
	return f.fault
}

func (f *Front) answer(c, bare net.Conn, r *http.Request, fault *Fault) {
	_, _ = io.Copy(io.Discard, r.Body)
	if fault.Drip {
		for i := 0; i < len(fault.Send) && f.current(fault); i++ {
			if _, err := io.WriteString(c, fault.Send[i:i+1]); err != nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	} else {
		_, _ = io.WriteString(c, fault.Send)
	}
	if fault.Hold {
		f.hold(fault)
	}
	if tcp, ok := bare.(*net.TCPConn); ok && fault.Reset {
		time.Sleep(20 * time.Millisecond) // what was written is to arrive
		_ = tcp.SetLinger(0)
	}
}

// hold waits until something else is played.
func (f *Front) hold(fault *Fault) {
	for f.current(fault) {
		time.Sleep(10 * time.Millisecond)
	}
}

func (f *Front) current(fault *Fault) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fault == fault && !f.closed
}

// forward passes a request on, and the reply back.
func (f *Front) forward(c net.Conn, r *http.Request) error {
	out, err := http.NewRequest(r.Method, f.target+r.RequestURI, r.Body)
	if err != nil {
		return err
	}
	out.Header, out.ContentLength = r.Header, r.ContentLength
	response, err := http.DefaultTransport.RoundTrip(out)
	if err != nil {
		return fmt.Errorf("passing on: %w", err)
	}
	defer response.Body.Close()
	return response.Write(c)
}
