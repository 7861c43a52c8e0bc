package redis

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
)

// Tamper is what a Proxy does with one reply: it returns what the client gets in its
// place. An error ends the connection, after what was returned has been sent. It may take
// its time; other connections go on.
type Tamper func(command []string, reply *Value) (*Value, error)

// ErrCut is returned by a Tamper that wants the connection to end.
var ErrCut = errors.New("redis: cut")

// Proxy stands between clients and a server, and may change what the server says.
type Proxy struct {
	listener net.Listener
	target   string
	done     sync.WaitGroup

	mu     sync.Mutex
	tamper Tamper
	open   map[net.Conn]bool
	closed bool
}

// NewProxy starts a proxy before a server without TLS.
func NewProxy(target *Server) (*Proxy, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{listener: listener, target: target.Address(), open: map[net.Conn]bool{}}
	p.done.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			p.done.Go(func() { p.serve(c) })
		}
	})
	return p, nil
}

// Address is host:port.
func (p *Proxy) Address() string { return p.listener.Addr().String() }

// Set has replies changed from now on; nil: they pass as they are. Open connections go on.
func (p *Proxy) Set(tamper Tamper) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tamper = tamper
}

// Close ends the proxy and its connections.
func (p *Proxy) Close() {
	p.mu.Lock()
	p.closed = true
	_ = p.listener.Close()
	for c := range p.open {
		_ = c.Close()
	}
	p.mu.Unlock()
	p.done.Wait()
}

func (p *Proxy) add(c net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open[c] = true
	return !p.closed
}

func (p *Proxy) drop(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.open, c)
	_ = c.Close()
}

func (p *Proxy) current() Tamper {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tamper
}

// serve is one connection: command after command, each with its reply.
func (p *Proxy) serve(client net.Conn) {
	defer p.drop(client)
	server, err := net.Dial("tcp", p.target)
	if err != nil || !p.add(client) || !p.add(server) {
		return
	}
	defer p.drop(server)
	commands, replies := bufio.NewReader(client), bufio.NewReader(server)
	for {
		command, err := readValue(commands, 0)
		if err != nil {
			return
		}
		if _, err := io.WriteString(server, command.String()); err != nil {
			return
		}
		reply, err := readValue(replies, 0)
		if err != nil {
			return
		}
		if tamper := p.current(); tamper != nil {
			reply, err = tamper(command.texts(), reply)
		}
		if reply != nil {
			if _, err := io.WriteString(client, reply.String()); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// Value is one value of the protocol. Kind is its first byte; the value of "raw" is sent
// as it is.
type Value struct {
	Kind  string
	Text  string
	Items []*Value
}

// Raw is a text that is sent as it is.
func Raw(text string) *Value { return &Value{Kind: "raw", Text: text} }

// Absent is the value of a key that is not there.
func Absent() *Value { return &Value{Kind: "$", Text: "-1"} }

// Bulk is a value that is a text.
func Bulk(text string) *Value { return &Value{Kind: "bulk", Text: text} }

// String is the value as it is sent.
func (v *Value) String() string {
	switch v.Kind {
	case "raw":
		return v.Text
	case "bulk":
		return fmt.Sprintf("$%d\r\n%s\r\n", len(v.Text), v.Text)
	case "array":
		var b strings.Builder
		fmt.Fprintf(&b, "*%d\r\n", len(v.Items))
		for _, item := range v.Items {
			b.WriteString(item.String())
		}
		return b.String()
	}
	return v.Kind + v.Text + "\r\n"
}

func (v *Value) texts() []string {
	var list []string
	for _, item := range v.Items {
		list = append(list, item.Text)
	}
	return list
}

var errProtocol = errors.New("redis: not a value of the protocol")

func readValue(r *bufio.Reader, depth int) (*Value, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return nil, err
	}
	line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
	if line == "" || depth > 8 {
		return nil, errProtocol
	}
	kind, rest := line[:1], line[1:]
	size, _ := strconv.Atoi(rest)
	switch {
	case !strings.Contains("$*", kind):
		return &Value{Kind: kind, Text: rest}, nil
	case size < 0 || size > 64<<20:
		return &Value{Kind: kind, Text: rest}, nil
	case kind == "$":
		text := make([]byte, size+2)
		if _, err := io.ReadFull(r, text); err != nil {
			return nil, err
		}
		return Bulk(string(text[:size])), nil
	}
	v := &Value{Kind: "array"}
	for range size {
		item, err := readValue(r, depth+1)
		if err != nil {
			return nil, err
		}
		v.Items = append(v.Items, item)
	}
	return v, nil
}
