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

// FaultProxy passes all requests to an upstream, until a fault is injected. It works on
// bare connections, so that replies can be wrong in every way.
type FaultProxy struct {
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
	refusing bool         // connections are refused
	closed   bool
}

// maxRecorded bounds the bytes that a proxy keeps of what it received.
const maxRecorded = 1 << 20

// NewFaultProxy starts a proxy before the upstream at target, plain, or with TLS if config is not nil.
// It panics if it cannot listen.
func NewFaultProxy(target string, config *tls.Config) *FaultProxy {
	p := &FaultProxy{target: target, config: config, open: map[net.Conn]bool{}}
	p.listener = must(fresh())
	p.URL = "http://" + p.listener.Addr().String()
	if config != nil {
		p.URL = "https://" + p.listener.Addr().String()
	}
	p.accept(p.listener)
	return p
}

// Inject begins a fault; nil ends it. Connections that are open are cut, and clients have
// a moment to notice, so that the next request begins one.
func (p *FaultProxy) Inject(fault *Fault) {
	p.inject(fault)
	time.Sleep(20 * time.Millisecond)
}

func (p *FaultProxy) inject(fault *Fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault, p.requests = fault, 0
	p.received.Reset()
	for c := range p.open {
		_ = c.Close()
	}
	if fault != nil && fault.Refused {
		p.refusing = true
		_ = p.listener.Close()
		return
	}
	if p.refusing {
		p.refusing = false
		p.listener = must(net.Listen("tcp", p.listener.Addr().String()))
		p.accept(p.listener)
	}
}

// Received reports whether text arrived here since the fault began, in the clear or within TLS.
func (p *FaultProxy) Received(text string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Contains(p.received.String(), text)
}

// Close ends the proxy and its connections.
func (p *FaultProxy) Close() {
	p.mu.Lock()
	p.closed = true
	_ = p.listener.Close()
	for c := range p.open {
		_ = c.Close()
	}
	p.mu.Unlock()
	p.done.Wait()
}

func (p *FaultProxy) accept(l net.Listener) {
	p.done.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if !p.add(c) {
				_ = c.Close()
				return
			}
			p.done.Go(func() { p.serve(c) })
		}
	})
}

func (p *FaultProxy) add(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open[c] = !p.closed
	return !p.closed
}

// recordingConn is a connection whose proxy records what arrives.
type recordingConn struct {
	net.Conn
	proxy *FaultProxy
}

func (n recordingConn) Read(p []byte) (int, error) {
	count, err := n.Conn.Read(p)
	n.proxy.mu.Lock()
	defer n.proxy.mu.Unlock()
	if n.proxy.received.Len() < maxRecorded {
		n.proxy.received.Write(p[:count])
	}
	return count, err
}

// serve is one connection: requests one after the other, each passed on or answered by the fault.
func (p *FaultProxy) serve(bare net.Conn) {
	defer func() {
		_ = bare.Close()
		p.mu.Lock()
		delete(p.open, bare)
		p.mu.Unlock()
	}()
	fault := p.faultFor(false)
	if fault != nil && fault.Unread {
		p.hold(fault)
		return
	}
	c := bare
	if p.config != nil {
		config := p.config
		if fault != nil && fault.TLS != nil {
			config = fault.TLS
		}
		c = tls.Server(bare, config)
	}
	reader := bufio.NewReader(recordingConn{c, p})
	for {
		r, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		if fault := p.faultFor(true); fault != nil {
			p.answer(c, bare, r, fault)
			return
		}
		if p.forward(c, r) != nil {
			return
		}
	}
}

// faultFor is the fault for the next request, if any; counting, it is that request's.
func (p *FaultProxy) faultFor(count bool) *Fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	if count {
		p.requests++
	}
	if p.fault != nil && p.fault.Alternate && p.requests%2 == 0 {
		return nil
	}
	return p.fault
}

func (p *FaultProxy) answer(c, bare net.Conn, r *http.Request, fault *Fault) {
	_, _ = io.Copy(io.Discard, r.Body)
	if fault.Drip {
		for i := 0; i < len(fault.Send) && p.current(fault); i++ {
			if _, err := io.WriteString(c, fault.Send[i:i+1]); err != nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	} else {
		_, _ = io.WriteString(c, fault.Send)
	}
	if fault.Hold {
		p.hold(fault)
	}
	if tcp, ok := bare.(*net.TCPConn); ok && fault.Reset {
		time.Sleep(20 * time.Millisecond) // what was written is to arrive
		_ = tcp.SetLinger(0)
	}
}

// hold waits until another fault is injected.
func (p *FaultProxy) hold(fault *Fault) {
	for p.current(fault) {
		time.Sleep(10 * time.Millisecond)
	}
}

func (p *FaultProxy) current(fault *Fault) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fault == fault && !p.closed
}

// forward passes a request on, and the reply back.
func (p *FaultProxy) forward(c net.Conn, r *http.Request) error {
	out, err := http.NewRequest(r.Method, p.target+r.RequestURI, r.Body)
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
