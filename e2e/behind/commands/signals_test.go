package commands

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/ports"
)

var signals = []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM}

// anywhere has each of the emulated APIs, and the backend, listen on a port of its own.
func anywhere(t *testing.T) (arguments []string) {
	t.Helper()
	for _, name := range []string{"-thammasat", "-ippanel", "-bts", "-webservice", "-backend"} {
		address, release, err := ports.Address()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(release)
		arguments = append(arguments, name, address)
	}
	return arguments
}

// demoAt has a demo listen on a port of the tests' own: another demo may run beside them.
var (
	demoAt = []string{"-port", freePort()}
	holds  []func() // keep what freePort has taken
)

// freePort is a port that no other test is given as long as this process runs.
func freePort() string {
	port, release, err := ports.Take()
	if err != nil {
		panic(err)
	}
	holds = append(holds, release)
	return fmt.Sprint(port)
}

func TestSignals(t *testing.T) {
	for _, s := range signals {
		t.Run("the demo leaves nothing: "+s.String(), func(t *testing.T) {
			p := start(t, []string{program(t)}, built(t, "demo"), demoAt...)
			p.says("Ctrl-C ends")
			p.leavesNothing(s)
		})
		t.Run("the emulated APIs leave nothing: "+s.String(), func(t *testing.T) {
			p := start(t, nil, built(t, "upstreams"), anywhere(t)...)
			p.says("Ctrl-C ends")
			p.leavesNothing(s)
		})
		t.Run("a build of Traefik leaves nothing: "+s.String(), func(t *testing.T) {
			slow := t.TempDir()
			if err := os.WriteFile(filepath.Join(slow, "go"), []byte("#!/bin/sh\nsleep 61\ntrue\n"), 0o755); err != nil {
				t.Fatal(err)
			}
			cache := t.TempDir()
			p := start(t, []string{"TRAEFIK=", "XDG_CACHE_HOME=" + cache, "PATH=" + slow + ":" + os.Getenv("PATH")}, built(t, "traefik-build"))
			p.says("fetching Traefik itself")
			p.leavesNothing(s)
			if left, _ := filepath.Glob(filepath.Join(cache, "upstreamauth", "sources-*")); len(left) > 0 {
				t.Errorf("%v is left", left)
			}
		})
	}
	t.Run("the demo ends while a browser has its page open", func(t *testing.T) {
		p := start(t, []string{program(t)}, built(t, "demo"), demoAt...)
		p.says("Ctrl-C ends the demo")
		stream, err := http.Get("http://127.0.0.1:" + demoAt[1] + "/demo/events")
		if err != nil {
			t.Fatal(err)
		}
		defer stream.Body.Close()
		begun := time.Now()
		p.leavesNothing(syscall.SIGINT)
		if took := time.Since(begun); took > 10*time.Second {
			t.Errorf("it took %s", took)
		}
		if _, err := io.Copy(io.Discard, stream.Body); err != nil && !strings.Contains(err.Error(), "EOF") {
			t.Error(err)
		}
	})
	t.Run("the demo leaves nothing where it has only just begun", func(t *testing.T) {
		p := start(t, []string{program(t)}, built(t, "demo"), demoAt...)
		p.says("starting Traefik with the plugin")
		time.Sleep(50 * time.Millisecond)
		p.leavesNothing(syscall.SIGHUP)
	})
	t.Run("the demo leaves nothing where nobody reads what it prints", func(t *testing.T) {
		p := start(t, []string{program(t)}, "sh", append([]string{"-c", `"$0" "$@" | head -n 1`, built(t, "demo")}, demoAt...)...)
		<-p.terminated
		p.leavesNothing(syscall.SIGTERM)
	})
}

func TestPort(t *testing.T) {
	t.Run("a demo at a port that is taken ends, and says how to choose another", func(t *testing.T) {
		first := start(t, []string{program(t)}, built(t, "demo"), demoAt...)
		first.says("Ctrl-C ends the demo")
		first.says("Open http://127.0.0.1:" + demoAt[1] + " in a browser.")
		second := start(t, []string{program(t)}, built(t, "demo"), demoAt...)
		<-second.terminated
		said := "port " + demoAt[1] + " is taken by another program"
		if second.cmd.ProcessState.ExitCode() != 1 || !strings.Contains(second.out.String(), said) || !strings.Contains(second.out.String(), "make demo DEMO_PORT=") {
			t.Errorf("it ended by %v, and said %s", second.cmd.ProcessState, second.out)
		}
		second.leavesNothing(syscall.SIGTERM, demoAt[1])
		first.leavesNothing(syscall.SIGTERM)
	})
	t.Run("it listens on 8090 unless it is told another port, and a port that is none is an error", func(t *testing.T) {
		p := start(t, []string{program(t)}, built(t, "demo"), "-h")
		<-p.terminated
		if !strings.Contains(p.out.String(), "(default 8090)") {
			t.Errorf("it says %s", p.out)
		}
		for _, port := range []string{"0", "65536", "-1", "x"} {
			p := start(t, []string{program(t)}, built(t, "demo"), "-port", port)
			<-p.terminated
			if p.cmd.ProcessState.ExitCode() != 1 {
				t.Errorf("%s: %v", port, p.out)
			}
		}
	})
}

func TestWaitingBuild(t *testing.T) {
	t.Run("a build that waits names the other one, its folder and its lock, and goes on when that one is killed", func(t *testing.T) {
		slow, cache := t.TempDir(), t.TempDir()
		if err := os.WriteFile(filepath.Join(slow, "go"), []byte("#!/bin/sh\nexec sleep 60\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		environment := []string{"TRAEFIK=", "XDG_CACHE_HOME=" + cache, "PATH=" + slow + ":" + os.Getenv("PATH")}
		first := start(t, environment, built(t, "traefik-build"))
		first.says("fetching Traefik itself")
		second := start(t, environment, built(t, "traefik-build"))
		second.says("no file has to be removed")
		sources, _ := filepath.Glob(filepath.Join(cache, "upstreamauth", "sources-*"))
		here, _ := os.Getwd()
		for _, part := range append(sources, fmt.Sprintf("process %d", first.cmd.Process.Pid), ".lock", here) {
			if !strings.Contains(second.out.String(), part) {
				t.Errorf("it does not name %s:\n%s", part, second.out)
			}
		}
		_ = first.cmd.Process.Kill()
		second.says("fetching Traefik itself")
		second.leavesNothing(syscall.SIGTERM)
	})
}
