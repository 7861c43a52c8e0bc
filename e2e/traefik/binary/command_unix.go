//go:build unix

package binary

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"syscall"

	"github.com/upstreamauth/upstreamauth/e2e/ending"
)

// interruptible has the end of a command's context reach all that it started. They are a group of their own,
// which a Ctrl-C of the terminal does not reach by itself.
func interruptible(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error {
		err := syscall.Kill(-cmd.Process.Pid, syscall.SIGINT)
		if errors.Is(err, syscall.ESRCH) {
			return os.ErrProcessDone
		}

		return err
	}
}

// grouped runs the command, and kills what is left of its group: where its context
// has ended, and where a signal ends this process at once.
func grouped(ctx context.Context, cmd *exec.Cmd, run func() ([]byte, error)) ([]byte, error) {
	kill := func() {
		if cmd.Process != nil {
			_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		}
	}
	defer ending.OnSignal(kill)()
	out, err := run()
	if ctx.Err() != nil {
		kill()
	}

	return out, err
}
