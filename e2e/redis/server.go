// Package redis runs real Redis servers for the tests: alone, as a cluster, or with
// Sentinels. Each has a folder and a port of its own, and is ended by its
// process; no service of the machine is touched.
//
// The programs are Debian's (`make redis`).
package redis

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/ending"
	"github.com/upstreamauth/upstreamauth/e2e/ports"
)

// ErrMissing is returned where the programs are not installed.
var ErrMissing = errors.New("redis-server, redis-sentinel and redis-cli are needed: make redis, or apt-get install -y redis-server redis-sentinel redis-tools")

// Options say how a server runs. The zero value is a server that keeps nothing on disk
// and lets everyone in.
type Options struct {
	Password  string   // of the default user
	Users     []string // further users, as an ACL file has them: "name on >password ~* +@all"
	TLS       bool     // TLS only; see Server.TLS
	Clients   bool     // with TLS: clients need a certificate
	MaxMemory string   // such as 2mb
	Durable   bool     // everything is on disk before it is answered
	ReplicaOf *Server
	Cluster   bool     // a node of a cluster; see StartCluster
	More      []string // further lines of its configuration
}

// Server is one running process.
type Server struct {
	dir     string
	remove  func()
	forget  func()
	release func() // gives the port back
	port    int
	program string
	options Options
	trust   *trust

	mu      sync.Mutex
	process *exec.Cmd
	ended   <-chan struct{} // closed when the process is gone
}

// Start starts a server and waits until it answers.
func Start(options Options) (*Server, error) {
	s, err := prepare("redis-server", options)
	if err != nil {
		return nil, err
	}
	if err := s.configure(); err != nil {
		s.Close()
		return nil, err
	}
	if err := s.run(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// prepare finds the programs, a folder and a port.
func prepare(program string, options Options) (*Server, error) {
	for _, needed := range []string{"redis-server", "redis-sentinel", "redis-cli"} {
		if _, err := exec.LookPath(needed); err != nil {
			return nil, ErrMissing
		}
	}
	dir, remove, err := ending.Folder("", "upstreamauth-redis-")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, remove: remove, release: func() {}, program: program, options: options}
	s.forget = ending.OnSignal(s.Kill)
	port, release, err := ports.Take(busAbove)
	if err != nil {
		s.Close()
		return nil, err
	}
	s.port, s.release = port, release
	return s, nil
}

// busAbove is how far above a node's port is the one where it talks to the others of its
// cluster.
const busAbove = 10000

// nodeTimeout is after what silence the nodes of a cluster take one for failing, and themselves
// for cut off: no pause of a busy machine is as long. None has a replica to take its place.
const nodeTimeout = 15 * time.Second

// configure writes the configuration: passwords do not belong on a command line.
func (s *Server) configure() error {
	lines := []string{
		"bind 127.0.0.1", "daemonize no", "dir " + strconv.Quote(s.dir), "logfile redis.log", "save \"\"",
		"repl-diskless-sync-delay 0", "databases 16",
	}
	if s.options.TLS {
		made, err := newTrust(s.dir)
		if err != nil {
			return err
		}
		s.trust = made
		needed := "no"
		if s.options.Clients {
			needed = "yes"
		}
		lines = append(lines, "port 0", fmt.Sprintf("tls-port %d", s.port), "tls-cert-file server.pem",
			"tls-key-file server.key", "tls-ca-cert-file ca.pem", "tls-auth-clients "+needed)
	} else {
		lines = append(lines, fmt.Sprintf("port %d", s.port))
	}
	if s.options.Password != "" {
		lines = append(lines, "requirepass "+strconv.Quote(s.options.Password), "masterauth "+strconv.Quote(s.options.Password))
	}
	for _, user := range s.options.Users {
		lines = append(lines, "user "+user)
	}
	if s.options.MaxMemory != "" {
		lines = append(lines, "maxmemory "+s.options.MaxMemory, "maxmemory-policy noeviction")
	}
	if s.options.Durable {
		lines = append(lines, "appendonly yes", "appendfsync always")
	}
	if of := s.options.ReplicaOf; of != nil {
		lines = append(lines, fmt.Sprintf("replicaof 127.0.0.1 %d", of.port))
	}
	if s.options.Cluster {
		lines = append(lines, "cluster-enabled yes", "cluster-config-file nodes.conf", "cluster-require-full-coverage no",
			fmt.Sprint("cluster-node-timeout ", nodeTimeout.Milliseconds()))
	}
	lines = append(lines, s.options.More...)
	return s.write(lines)
}

func (s *Server) write(lines []string) error {
	return os.WriteFile(filepath.Join(s.dir, "redis.conf"), []byte(strings.Join(lines, "\n")+"\n"), 0o600)
}

// Address is host:port.
func (s *Server) Address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// TLS is how a client reaches a server with TLS; nil: it has none.
func (s *Server) TLS() *tls.Config {
	if s.trust == nil {
		return nil
	}
	return s.trust.client.Clone()
}

// CA, Cert and Key are what a configuration of the plugin names for a server with TLS, as
// PEM texts.
func (s *Server) CA() string { return s.trust.read("ca.pem") }

// Cert is the client's certificate; see CA.
func (s *Server) Cert() string { return s.trust.read("client.pem") }

// Key is the client's key; see CA.
func (s *Server) Key() string { return s.trust.read("client.key") }

// Log is what the server has logged.
func (s *Server) Log() string {
	text, _ := os.ReadFile(filepath.Join(s.dir, "redis.log"))
	return string(text)
}

// CLI runs redis-cli against the server, as the default user.
func (s *Server) CLI(arguments ...string) (string, error) {
	command := exec.Command("redis-cli", append([]string{"-h", "127.0.0.1", "-p", strconv.Itoa(s.port)}, arguments...)...)
	if s.trust != nil {
		command.Args = append([]string{command.Args[0], "--tls", "--cacert", "ca.pem", "--cert", "client.pem", "--key", "client.key"}, command.Args[1:]...)
	}
	command.Dir = s.dir
	command.Env = append(os.Environ(), "REDISCLI_AUTH="+s.options.Password)
	if s.options.Password == "" {
		command.Env = os.Environ()
	}
	out, err := command.CombinedOutput()
	text := strings.TrimSpace(string(out))
	if err != nil {
		return text, fmt.Errorf("redis-cli: %w: %s", err, text)
	}
	return text, nil
}

// Close ends the process and removes its folder.
func (s *Server) Close() {
	s.Kill()
	s.forget()
	s.remove()
	s.release()
}

// Snapshot is everything that the server holds, as it writes it to disk, uncompressed.
func (s *Server) Snapshot() ([]byte, error) {
	for _, command := range [][]string{{"CONFIG", "SET", "rdbcompression", "no"}, {"SAVE"}} {
		if _, err := s.CLI(command...); err != nil {
			return nil, err
		}
	}
	return os.ReadFile(filepath.Join(s.dir, "dump.rdb"))
}
