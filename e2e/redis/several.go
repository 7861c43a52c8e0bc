package redis

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// Cluster is several servers that have a part of all keys each.
type Cluster struct {
	Nodes []*Server
}

// StartCluster starts a cluster of that many nodes, at least three, without replicas.
func StartCluster(nodes int, options Options) (*Cluster, error) {
	options.Cluster = true
	c := &Cluster{}
	create := []string{"--cluster", "create"}
	for range nodes {
		s, err := Start(options)
		if err != nil {
			c.Close()
			return nil, err
		}
		c.Nodes = append(c.Nodes, s)
		create = append(create, s.Address())
	}
	if _, err := c.Nodes[0].CLI(append(create, "--cluster-replicas", "0", "--cluster-yes")...); err != nil {
		c.Close()
		return nil, err
	}
	err := until("the cluster to be complete", func() bool {
		for _, node := range c.Nodes {
			info, _ := node.CLI("CLUSTER", "INFO")
			if !strings.Contains(info, "cluster_state:ok") || !strings.Contains(info, fmt.Sprintf("cluster_known_nodes:%d", nodes)) {
				return false
			}
		}
		return true
	})
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// Addresses are those of all nodes.
func (c *Cluster) Addresses() []string { return addresses(c.Nodes) }

// Move moves that many slots with all their keys from one node to another, while both
// serve.
func (c *Cluster) Move(from, to, slots int) error {
	source, err := c.Nodes[from].CLI("CLUSTER", "MYID")
	if err != nil {
		return err
	}
	target, err := c.Nodes[to].CLI("CLUSTER", "MYID")
	if err != nil {
		return err
	}
	_, err = c.Nodes[0].CLI("--cluster", "reshard", c.Nodes[0].Address(), "--cluster-from", source, "--cluster-to", target,
		"--cluster-slots", fmt.Sprint(slots), "--cluster-yes", "--cluster-pipeline", "50")
	return err
}

// Close ends all nodes.
func (c *Cluster) Close() { closeAll(c.Nodes) }

// MasterName is the name by which Sentinels know the server.
const MasterName = "tests"

// Sentinels are a server, its replicas and three Sentinels that watch them.
type Sentinels struct {
	Servers  []*Server // the first one is the master at the start
	Watchers []*Server
}

// downAfter is after what silence Sentinels replace a master: no pause of a busy machine is as
// long.
const downAfter = 4 * time.Second

// tiltAfter is after what pause of its own a Sentinel would replace none for half a minute. By
// itself that is two seconds.
const tiltAfter = time.Minute

// StartSentinels starts a master, replicas of it and three Sentinels, which replace a
// master that has not answered for downAfter. Sentinels require the options' password, too.
func StartSentinels(replicas int, options Options) (*Sentinels, error) {
	s := &Sentinels{}
	master, err := Start(options)
	if err != nil {
		return nil, err
	}
	s.Servers = append(s.Servers, master)
	options.ReplicaOf = master
	for range replicas {
		replica, err := Start(options)
		if err != nil {
			s.Close()
			return nil, err
		}
		s.Servers = append(s.Servers, replica)
	}
	for range 3 {
		watcher, err := startSentinel(master, options.Password)
		if err != nil {
			s.Close()
			return nil, err
		}
		s.Watchers = append(s.Watchers, watcher)
	}
	err = until("the Sentinels to know each other and the replicas", func() bool {
		want := fmt.Sprintf("slaves=%d,sentinels=3", replicas)
		for _, watcher := range s.Watchers {
			info, _ := watcher.CLI("INFO", "sentinel")
			if !strings.Contains(info, "status=ok") || !strings.Contains(info, want) {
				return false
			}
		}
		return true
	})
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func startSentinel(master *Server, password string) (*Server, error) {
	s, err := prepare("redis-sentinel", Options{Password: password})
	if err != nil {
		return nil, err
	}
	lines := []string{
		"bind 127.0.0.1", fmt.Sprintf("port %d", s.port), "daemonize no", "logfile redis.log",
		fmt.Sprintf("sentinel monitor %s 127.0.0.1 %d 2", MasterName, master.port),
		fmt.Sprintf("sentinel down-after-milliseconds %s %d", MasterName, downAfter.Milliseconds()),
		"sentinel failover-timeout " + MasterName + " 4000",
	}
	if password != "" {
		lines = append(lines, "requirepass "+password, "sentinel sentinel-pass "+password,
			"sentinel auth-pass "+MasterName+" "+password)
	}
	if err := s.write(lines); err != nil {
		s.Close()
		return nil, err
	}
	err = s.run()
	if err == nil {
		_, err = s.CLI("SENTINEL", "DEBUG", "TILT-TRIGGER", fmt.Sprint(tiltAfter.Milliseconds()))
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Addresses are those of the Sentinels.
func (s *Sentinels) Addresses() []string { return addresses(s.Watchers) }

// Master waits until most Sentinels name one server other than this, which is the master
// by then, and returns it. The one that was replaced may go on as a master for ten seconds.
func (s *Sentinels) Master(not *Server) (*Server, error) {
	var found *Server
	err := until("a master", func() bool {
		votes := map[string]int{}
		for _, watcher := range s.Watchers {
			said, _ := watcher.CLI("SENTINEL", "get-master-addr-by-name", MasterName)
			votes[strings.ReplaceAll(said, "\n", ":")]++
		}
		for _, server := range s.Servers {
			if server == not || votes[server.Address()] < 2 {
				continue
			}
			role, _ := server.CLI("ROLE")
			found = server
			return strings.HasPrefix(role, "master")
		}
		return false
	})
	return found, err
}

// Close ends all of them.
func (s *Sentinels) Close() {
	closeAll(s.Watchers)
	closeAll(s.Servers)
}

func addresses(servers []*Server) []string {
	var list []string
	for _, s := range servers {
		list = append(list, s.Address())
	}
	return list
}

func closeAll(servers []*Server) {
	var wg sync.WaitGroup
	for _, s := range servers {
		wg.Go(s.Close)
	}
	wg.Wait()
}

func until(what string, reached func() bool) error {
	for end := time.Now().Add(startTimeout); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if reached() {
			return nil
		}
	}
	return errors.New("redis: no end of waiting for " + what)
}
