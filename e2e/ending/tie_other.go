//go:build !linux

package ending

import "os/exec"

// tie does nothing: only Linux can kill a program when its parent ends. It shares the process
// group of its parent, so that a Ctrl-C ends both.
func tie(*exec.Cmd) {}
