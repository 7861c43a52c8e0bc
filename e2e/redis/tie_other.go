//go:build !linux

package redis

import "os/exec"

// tie does nothing: only Linux can kill a process when its parent ends.
func tie(*exec.Cmd) {}
