package ending

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// role names, in the environment of a process of these tests, what it plays.
const role = "ENDING_ROLE"

// TestMain plays the program that the tests start and send signals to: it makes
// two folders, says so, and ends in its order, or hangs.
func TestMain(m *testing.M) {
	played := os.Getenv(role)
	if played == "" {
		os.Exit(m.Run())
	}
	ctx := context.Background()
	if played != "test" {
		ended, stop := Context()
		defer stop()
		ctx = ended
	}
	_, remove, err := Folder("", "kept-")
	if err != nil {
		panic(err)
	}
	_, gone, err := Folder("", "gone-")
	if err != nil {
		panic(err)
	}
	gone()
	fmt.Println("ready")
	<-ctx.Done()
	if played == "hangs" {
		fmt.Println("hangs")
		time.Sleep(time.Minute)
	}
	remove()
	os.Exit(0)
}

// played starts the program, in a folder for temporary files of its own.
func played(t *testing.T, what string, wrapped ...string) (*exec.Cmd, *bufio.Scanner, string) {
	t.Helper()
	folder := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	arguments := append(wrapped, self)
	cmd := exec.Command(arguments[0], arguments[1:]...)
	cmd.Env = append(os.Environ(), role+"="+what, "TMPDIR="+folder)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	late := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	t.Cleanup(func() { late.Stop() })
	lines := bufio.NewScanner(out)
	if !lines.Scan() || lines.Text() != "ready" {
		t.Fatalf("it said %q", lines.Text())
	}
	if left := len(leftIn(t, folder)); left != 1 {
		t.Fatalf("it has %d folders", left)
	}
	return cmd, lines, folder
}

func leftIn(t *testing.T, folder string) []string {
	t.Helper()
	left, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		t.Fatal(err)
	}
	return left
}

// endedBy is the signal that a process ended by; 0 if it ended by itself.
func endedBy(t *testing.T, err error) syscall.Signal {
	t.Helper()
	var exit *exec.ExitError
	if err == nil || !errors.As(err, &exit) {
		return 0
	}
	status, _ := exit.Sys().(syscall.WaitStatus)
	if !status.Signaled() {
		return 0
	}
	return status.Signal()
}

func TestSignals(t *testing.T) {
	t.Cleanup(Deliver())
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run("a program ends in its order: "+s.String(), func(t *testing.T) {
			cmd, _, folder := played(t, "program")
			_ = cmd.Process.Signal(s)
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
			if left := leftIn(t, folder); len(left) > 0 {
				t.Errorf("it left %s", strings.Join(left, ", "))
			}
		})
		t.Run("one that hangs then ends by a second signal, and leaves nothing: "+s.String(), func(t *testing.T) {
			cmd, lines, folder := played(t, "hangs")
			_ = cmd.Process.Signal(s)
			lines.Scan()
			_ = cmd.Process.Signal(s)
			if by := endedBy(t, cmd.Wait()); by != s {
				t.Errorf("it ended by %v", by)
			}
			if left := leftIn(t, folder); len(left) > 0 {
				t.Errorf("it left %s", strings.Join(left, ", "))
			}
		})
		t.Run("a test ends by it, and leaves nothing: "+s.String(), func(t *testing.T) {
			cmd, _, folder := played(t, "test")
			_ = cmd.Process.Signal(s)
			if by := endedBy(t, cmd.Wait()); by != s {
				t.Errorf("it ended by %v", by)
			}
			if left := leftIn(t, folder); len(left) > 0 {
				t.Errorf("it left %s", strings.Join(left, ", "))
			}
		})
	}
	t.Run("a program that nohup started goes on when its terminal is closed", func(t *testing.T) {
		cmd, _, folder := played(t, "program", "nohup")
		_ = cmd.Process.Signal(syscall.SIGHUP)
		time.Sleep(100 * time.Millisecond)
		if left := leftIn(t, folder); len(left) != 1 {
			t.Error("it ended")
		}
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	})
}
