package commands

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
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

func TestSignals(t *testing.T) {
	for _, s := range signals {
		t.Run("the demo leaves nothing: "+s.String(), func(t *testing.T) {
			p := start(t, []string{program(t)}, built(t, "demo"))
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
	t.Run("the demo leaves nothing where it has only just begun", func(t *testing.T) {
		p := start(t, []string{program(t)}, built(t, "demo"))
		p.says("starting Traefik with the plugin")
		time.Sleep(50 * time.Millisecond)
		p.leavesNothing(syscall.SIGHUP)
	})
	t.Run("the demo leaves nothing where nobody reads what it prints", func(t *testing.T) {
		p := start(t, []string{program(t)}, "sh", "-c", `"$0" | head -n 1`, built(t, "demo"))
		<-p.terminated
		p.leavesNothing(syscall.SIGTERM)
	})
}

func TestPort(t *testing.T) {
	t.Run("a second demo takes the next free port, and says so", func(t *testing.T) {
		said := regexp.MustCompile(`Traefik listens on (http://\S+:(\d+))\.`)
		first := start(t, []string{program(t)}, built(t, "demo"))
		first.says("Ctrl-C ends")
		second := start(t, []string{program(t)}, built(t, "demo"))
		second.says("Ctrl-C ends")
		one, other := said.FindStringSubmatch(first.out.String()), said.FindStringSubmatch(second.out.String())
		if len(one) < 3 || len(other) < 3 || one[2] >= other[2] {
			t.Errorf("they listen on %v and %v", one, other)
		}
		if !strings.Contains(second.out.String(), "is taken by another program") {
			t.Errorf("it does not say so: %s", second.out)
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
