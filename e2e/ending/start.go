package ending

import (
	"os/exec"
	"runtime"
)

// Start starts a program that the system ends with this process, where it can. ended is closed
// once it has ended; its ProcessState is set by then.
//
// Linux understands the end of the *thread* that started a program as that of its parent. So
// one thread starts it and stays until it has ended.
func Start(cmd *exec.Cmd) (ended <-chan struct{}, err error) {
	tie(cmd)
	started, over := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
			close(over)
		}
	}()
	return over, <-started
}
