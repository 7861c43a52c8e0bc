package binary

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// lockedBy asks the system which process has a file locked; 0 if that is unknown.
func lockedBy(file *os.File) int {
	info, err := file.Stat()
	if err != nil {
		return 0
	}
	stat, known := info.Sys().(*syscall.Stat_t)
	if !known {
		return 0
	}
	locks, err := os.ReadFile("/proc/locks")
	if err != nil {
		return 0
	}
	// 1: FLOCK  ADVISORY  WRITE 4711 fe:00:393241 0 EOF. The device is left out of
	// the comparison: some file systems call it differently here.
	inode := fmt.Sprintf(":%d", stat.Ino)
	for _, line := range strings.Split(string(locks), "\n") {
		fields := strings.Fields(line)
		if len(fields) < 6 || fields[1] != "FLOCK" || !strings.HasSuffix(fields[5], inode) {
			continue
		}
		if pid, err := strconv.Atoi(fields[4]); err == nil && pid > 0 {
			return pid
		}
	}

	return 0
}
