//go:build !unix

package binary

import (
	"context"
	"os"
	"os/exec"
)

// interruptible has the end of a command's context interrupt it.
func interruptible(cmd *exec.Cmd) {
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
}

// grouped runs the command.
func grouped(_ context.Context, _ *exec.Cmd, run func() ([]byte, error)) ([]byte, error) {
	return run()
}
