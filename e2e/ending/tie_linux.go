package ending

import (
	"os/exec"
	"syscall"
)

// tie has the system kill a program when its parent ends, however that happens: tests that
// panic, run into their time limit or are killed end nothing. In a process group or a session
// of its own it is not hit by a Ctrl-C meant for its parent, which ends it in its own order.
func tie(cmd *exec.Cmd) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	cmd.SysProcAttr.Setpgid = !cmd.SysProcAttr.Setsid
}
