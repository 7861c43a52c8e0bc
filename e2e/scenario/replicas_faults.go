package scenario

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/redis"
)

// memoryFault is a way in which a shared memory fails.
type memoryFault struct {
	name string
	make func(t *testing.T) memoryCase
	says bool // whether the log says that it is away, or takes no writes
	may  bool // it may say so, or not
	rare bool // it is left out where not all are asked for
}

// memoryCase is one memory that is to fail.
type memoryCase struct {
	connection map[string]any
	begin, end func() error
	never      bool // it was never well; end changes nothing, and cure is how replicas reach a well one
	cure       map[string]any
}

func endpoints(addresses ...string) map[string]any {
	list := make([]any, len(addresses))
	for i, address := range addresses {
		list[i] = address
	}
	return map[string]any{"endpoints": list}
}

func nothing() error { return nil }

// commands is a step that runs these commands at a server.
func commands(server *redis.Server, all ...string) func() error {
	return func() error {
		for _, line := range all {
			if _, err := server.CLI(strings.Fields(line)...); err != nil {
				return err
			}
		}
		return nil
	}
}

// alone is a fault of a server that stands alone.
func alone(begin, end func(s *redis.Server) error) func(t *testing.T) memoryCase {
	return func(t *testing.T) memoryCase {
		s := startRedis(t, redis.Options{})
		return memoryCase{connection: endpoints(s.Address()), begin: func() error { return begin(s) }, end: func() error { return end(s) }}
	}
}

// tampered is a fault of what a server says.
func tampered(tamper redis.Tamper) func(t *testing.T) memoryCase {
	return func(t *testing.T) memoryCase {
		proxy, err := redis.NewProxy(startRedis(t, redis.Options{}))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(proxy.Close)
		return memoryCase{
			connection: endpoints(proxy.Address()),
			begin:      func() error { proxy.Set(tamper); return nil }, end: func() error { proxy.Set(nil); return nil },
		}
	}
}

func kill(s *redis.Server) error    { s.Kill(); return nil }
func restart(s *redis.Server) error { return s.Restart() }

// memoryFaults are all of them.
var memoryFaults = []memoryFault{
	{"none", alone(func(*redis.Server) error { return nil }, func(*redis.Server) error { return nil }), false, false, true},
	{"down at the start, up later", downAtStart, true, false, true},
	{"killed (kill -9), started again empty", alone(kill, restart), true, false, false},
	{"hangs (SIGSTOP)", alone(func(s *redis.Server) error { s.Pause(); return nil }, func(s *redis.Server) error { s.Continue(); return nil }), true, false, false},
	{"accepts, and says nothing", tampered(func([]string, *redis.Value) (*redis.Value, error) { time.Sleep(time.Second); return nil, redis.ErrCut }), true, false, true},
	{"slow (200 ms an answer)", tampered(func(_ []string, reply *redis.Value) (*redis.Value, error) {
		time.Sleep(200 * time.Millisecond)
		return reply, nil
	}), true, false, true},
	{"full (OOM)", alone(func(s *redis.Server) error { return commands(s, "CONFIG SET maxmemory 1")() }, func(s *redis.Server) error {
		return commands(s, "CONFIG SET maxmemory 0")()
	}), true, false, false},
	{"becomes a read-only replica", readOnly, true, false, true},
	{"another password", alone(func(s *redis.Server) error {
		return commands(s, "CONFIG SET requirepass another", "-a another --no-auth-warning CLIENT KILL TYPE normal")()
	}, func(s *redis.Server) error {
		_, err := s.CLI("-a", "another", "--no-auth-warning", "CONFIG", "SET", "requirepass", "")
		return err
	}), true, false, true},
	{"a certificate of another authority", wrongTLS, true, false, true},
	{"answers the question of another connection", tampered(func() redis.Tamper {
		var last atomic.Pointer[redis.Value]
		return func(_ []string, reply *redis.Value) (*redis.Value, error) {
			before := last.Swap(reply)
			if before == nil {
				return reply, nil
			}
			return before, nil
		}
	}()), true, false, true},
	{"replies are cut in the middle", tampered(func(_ []string, reply *redis.Value) (*redis.Value, error) {
		text := reply.String()
		return redis.Raw(text[:len(text)/2]), redis.ErrCut
	}), true, false, true},
	{"garbage instead of replies", tampered(func([]string, *redis.Value) (*redis.Value, error) {
		return redis.Raw("HTTP/1.1 400 Bad Request\r\n\r\n"), redis.ErrCut
	}), true, false, true},
	{"loads its data (-LOADING)", tampered(func(command []string, _ *redis.Value) (*redis.Value, error) {
		return redis.Raw("-LOADING Redis is loading the dataset in memory\r\n"), nil
	}), true, false, true},
	{"cluster of 3: a third of all slots moves (-MOVED, -ASK)", moving, false, true, true},
	{"cluster of 3: a node is killed, and comes back", lostNode, true, false, true},
	{"Sentinels: the master is killed, and replaced", failOver, false, true, false},
}

func downAtStart(t *testing.T) memoryCase {
	s := startRedis(t, redis.Options{})
	s.Kill()
	return memoryCase{connection: endpoints(s.Address()), begin: nothing, end: s.Restart, never: true}
}

func readOnly(t *testing.T) memoryCase {
	s := startRedis(t, redis.Options{})
	next := startRedis(t, redis.Options{ReplicaOf: s})
	_, port, _ := strings.Cut(next.Address(), ":")
	return memoryCase{
		connection: endpoints(s.Address()),
		begin: func() error {
			if err := commands(next, "REPLICAOF NO ONE")(); err != nil {
				return err
			}
			return commands(s, "REPLICAOF 127.0.0.1 "+port)()
		},
		end: commands(s, "REPLICAOF NO ONE"),
	}
}

func wrongTLS(t *testing.T) memoryCase {
	s, other := startRedis(t, redis.Options{TLS: true}), startRedis(t, redis.Options{TLS: true})
	c := memoryCase{begin: nothing, end: nothing, never: true}
	c.connection = with(endpoints(s.Address()), "tls", map[string]any{"ca": other.CA()})
	c.cure = with(endpoints(s.Address()), "tls", map[string]any{"ca": s.CA()})
	return c
}

func startCluster(t *testing.T) *redis.Cluster {
	cluster, err := redis.StartCluster(3, redis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cluster.Close)
	return cluster
}

func moving(t *testing.T) memoryCase {
	cluster := startCluster(t)
	var moved error
	done := make(chan struct{})
	return memoryCase{
		connection: endpoints(cluster.Addresses()...),
		begin:      func() error { go func() { defer close(done); moved = cluster.Move(0, 1, 1800) }(); return nil },
		end:        func() error { <-done; return moved },
	}
}

func lostNode(t *testing.T) memoryCase {
	cluster := startCluster(t)
	return memoryCase{
		connection: endpoints(cluster.Addresses()...),
		begin:      func() error { cluster.Nodes[1].Kill(); return nil }, end: cluster.Nodes[1].Restart,
	}
}

func failOver(t *testing.T) memoryCase {
	s, err := redis.StartSentinels(1, redis.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return memoryCase{
		connection: with(endpoints(s.Addresses()...), "master", redis.MasterName),
		begin:      func() error { s.Servers[0].Kill(); return nil },
		end:        func() error { _, err := s.Master(s.Servers[0]); return err },
	}
}
