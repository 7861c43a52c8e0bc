package redis_test

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/redis"
)

// orphans names, in the environment of a process of these tests, that it starts a server
// and waits to be killed.
const orphans = "REDIS_ORPHANS"

func TestMain(m *testing.M) {
	if os.Getenv(orphans) == "" {
		os.Exit(m.Run())
	}
	s, err := redis.Start(redis.Options{})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(s.Address())
	time.Sleep(time.Minute)
	s.Close()
}

func TestTie(t *testing.T) {
	t.Run("a server ends with its process, however that ends", func(t *testing.T) {
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), orphans+"=yes", "TMPDIR="+t.TempDir())
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill() })
		lines := bufio.NewScanner(out)
		if !lines.Scan() {
			t.Fatal("it says nothing")
		}
		address := lines.Text()
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatalf("%s: %v", address, err)
		}
		_ = conn.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		eventually(t, "the server to be gone", func() bool {
			conn, err := net.Dial("tcp", address)
			if err == nil {
				_ = conn.Close()
			}
			return err != nil
		})
	})
}
