package runner_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/traefik"
)

func TestServerProcess(t *testing.T) {
	t.Run("Stop leaves no process and no files behind", func(t *testing.T) {
		server := start(t, traefik.Options{})
		apply(t, server, "route", route("/", "hello"))
		dir := filepath.Dir(server.LogFile())

		if err := server.Stop(); err != nil {
			t.Fatal(err)
		}
		if err := server.Stop(); err != nil {
			t.Errorf("stopping again: %v", err)
		}

		if err := syscall.Kill(server.PID(), 0); !errors.Is(err, syscall.ESRCH) {
			t.Errorf("the process is still there: %v", err)
		}
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is still there: %v", dir, err)
		}
	})

	t.Run("the end of Traefik is reported", func(t *testing.T) {
		server := start(t, traefik.Options{})
		if err := syscall.Kill(server.PID(), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}

		if err := server.Apply("route", route("/", "hello")); err == nil || !strings.Contains(err.Error(), "ended by itself") {
			t.Errorf("Apply: %v", err)
		}
		if err := server.Stop(); err == nil {
			t.Error("Stop does not report it")
		}
	})
}

// parentVariable makes this test binary a parent that starts Traefik and waits.
const parentVariable = "RUNNER_TEST_PARENT"

func TestMain(m *testing.M) {
	if os.Getenv(parentVariable) == "" {
		os.Exit(m.Run())
	}

	server, err := traefik.Start(traefik.Options{Plugin: "sample", Module: "example.com/sample", Stage: copySample})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(server.PID(), filepath.Dir(server.LogFile()))
	time.Sleep(10 * time.Minute) // it is killed before
}

func TestServerParent(t *testing.T) {
	// A test that panics or runs into its time limit never calls Stop.
	t.Run("Traefik ends with its parent", func(t *testing.T) {
		if runtime.GOOS != "linux" {
			t.Skip("other systems do not tie a process to its parent")
		}

		parent := exec.Command(os.Args[0])
		parent.Env = append(os.Environ(), parentVariable+"=1")
		out, err := parent.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := parent.Start(); err != nil {
			t.Fatal(err)
		}
		line, _ := bufio.NewReader(out).ReadString('\n')
		_ = parent.Process.Kill()
		_ = parent.Wait()

		number, dir, _ := strings.Cut(strings.TrimSpace(line), " ")
		pid, err := strconv.Atoi(number)
		if err != nil {
			t.Fatalf("the parent did not start Traefik: %q", line)
		}
		t.Cleanup(func() { _ = os.RemoveAll(dir) })

		for begun := time.Now(); runs(pid); time.Sleep(10 * time.Millisecond) {
			if time.Since(begun) > 30*time.Second {
				_ = syscall.Kill(pid, syscall.SIGKILL)
				t.Fatal("Traefik outlived its parent by half a minute")
			}
		}
	})
}

// runs reports whether a process that is no child of ours still runs. One that has
// ended stays listed, as a zombie, where no process collects orphans.
func runs(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, state, _ := bytes.Cut(stat, []byte(") "))

	return !bytes.HasPrefix(state, []byte("Z")) && !bytes.HasPrefix(state, []byte("X"))
}
