package cache

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/redis"
	"github.com/upstreamauth/upstreamauth/cache/shared"
	"github.com/upstreamauth/upstreamauth/telemetry/counters"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// fakeRedis is a Redis for tests: as much of it as package shared uses. Nothing in it ends
// by itself.
type fakeRedis struct {
	listener net.Listener

	mu     sync.Mutex
	values map[string]string
	stream [][]string // the fields of each entry; its ID is its place, from 1

	// fault answers in place of Redis where it returns a text. dead: it closes the
	// connection; hangs: it keeps it, and says nothing more.
	fault func(command []string) string
}

const (
	dead  = "dead"
	hangs = "hangs"
)

func newFakeRedis(t *testing.T) *fakeRedis {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &fakeRedis{listener: listener, values: map[string]string{}}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go r.serve(conn)
		}
	}()
	return r
}

func (r *fakeRedis) setFault(fault func(command []string) string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fault = fault
}

// keys counts those of a kind.
func (r *fakeRedis) keys(kind string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for key := range r.values {
		if strings.Contains(key, ":"+kind+":") {
			n++
		}
	}
	return n
}

func (r *fakeRedis) told() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.stream)
}

func (r *fakeRedis) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for {
		command := readCommand(in)
		if command == nil {
			return
		}
		reply := r.answer(command)
		for i := 0; command[0] == "XREAD" && reply == "*-1\r\n" && i < 50; i++ { // it blocks
			time.Sleep(5 * time.Millisecond)
			reply = r.answer(command)
		}
		if reply == hangs {
			_, _ = io.Copy(io.Discard, conn)
		}
		if reply == dead || reply == hangs {
			return
		}
		if _, err := io.WriteString(conn, reply); err != nil {
			return
		}
	}
}

func readCommand(in *bufio.Reader) []string {
	length := func() int {
		line, _ := in.ReadString('\n')
		n, _ := strconv.Atoi(strings.Trim(line, "*$\r\n"))
		return n
	}
	var command []string
	for n := length(); n > 0; n-- {
		text := make([]byte, length()+2)
		if _, err := io.ReadFull(in, text); err != nil {
			return nil
		}
		command = append(command, string(text[:len(text)-2]))
	}
	return command
}

func bulk(text string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(text), text) }

func array(items ...string) string {
	return fmt.Sprintf("*%d\r\n%s", len(items), strings.Join(items, ""))
}

func (r *fakeRedis) entry(id int) string {
	var fields []string
	for _, f := range r.stream[id-1] {
		fields = append(fields, bulk(f))
	}
	return array(bulk(fmt.Sprintf("%d-0", id)), array(fields...))
}

func (r *fakeRedis) answer(c []string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.fault != nil {
		if reply := r.fault(c); reply != "" {
			return reply
		}
	}
	switch c[0] {
	case "PING":
		return bulk(c[1])
	case "SET":
		r.values[c[1]] = c[2]
		return "+OK\r\n"
	case "MGET":
		var items []string
		for _, key := range c[1:] {
			item := "$-1\r\n"
			if value, found := r.values[key]; found {
				item = bulk(value)
			}
			items = append(items, item)
		}
		return array(items...)
	case "DEL":
		delete(r.values, c[1])
		return ":1\r\n"
	case "PEXPIRE":
		return ":1\r\n"
	case "XADD":
		r.stream = append(r.stream, c[6:])
		return bulk(fmt.Sprintf("%d-0", len(r.stream)))
	case "XRANGE", "XREVRANGE":
		if len(r.stream) == 0 {
			return "*0\r\n"
		}
		return array(r.entry(map[string]int{"XRANGE": 1, "XREVRANGE": len(r.stream)}[c[0]]))
	case "XREAD":
		last, _ := strconv.Atoi(strings.TrimSuffix(c[len(c)-1], "-0"))
		var entries []string
		for id := last + 1; id <= len(r.stream); id++ {
			entries = append(entries, r.entry(id))
		}
		if entries == nil {
			return "*-1\r\n"
		}
		return array(array(bulk(c[len(c)-2]), array(entries...)))
	}
	return "-ERR unknown command\r\n"
}

// options reach this Redis. Their time limit is reached only where it does not answer.
func (r *fakeRedis) options() shared.Options {
	return shared.Options{
		Redis:  redis.Options{Endpoints: []string{r.listener.Addr().String()}, Timeout: time.Minute},
		Secret: "a secret of thirty-two bytes or more", Local: 30 * time.Second, Prefix: "p",
	}
}

const sharedAddress = "https://a.example"

// sharing joins an instance that shares a memory, for bearer tokens of one upstream.
func (fx *fixture) sharing(ctx context.Context, o shared.Options, p Policy) *Cache {
	return fx.sharingAnd(ctx, o, p, func(string, string, string) {})
}

func (fx *fixture) sharingAnd(ctx context.Context, o shared.Options, p Policy, report verifier.Report) *Cache {
	store := fx.registry.Store(o)
	i := Instance{
		Context: ctx, RenderKey: "key", Policy: p, Report: report,
		Barred: fx.registry.BarredOf("api", sharedAddress), Shared: store, Names: shared.Scope{Parts: []string{"scope"}, API: "api", Address: sharedAddress},
	}
	fx.registry.Share(ctx, store, "api", sharedAddress, report)
	c, _ := fx.registry.Join(fx.registry.Fingerprint("scope"), i, "", func(verifier.Report, verifier.SharedCount, *counters.Scope) verifier.Verifier {
		return verifies(fx.ask)
	})
	return c
}

// listens waits until a cache's memory hears what others tell. Time passes at all.
func listens(t *testing.T, c *Cache, all []*fixture) {
	t.Helper()
	store := c.scope.memory.store
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		up := c.scope.clock.Uptime()
		together(all, 31*time.Second)
		for round := time.Now().Add(time.Second); time.Now().Before(round); time.Sleep(5 * time.Millisecond) {
			if store.Holds(up) {
				return
			}
		}
	}
	t.Fatal("it hears nothing")
}
