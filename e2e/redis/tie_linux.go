package redis

import (
	"os/exec"
	"syscall"
)

// tie has the system kill the server when its parent ends, however that happens: tests that
// panic, run into their time limit or are killed close nothing. In a process group of its
// own it is not hit by a Ctrl-C meant for its parent, which ends it in its own order.
func tie(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
