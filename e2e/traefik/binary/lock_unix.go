//go:build unix

package binary

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"
)

// lock takes the file's lock, waiting while another process builds, and saying
// which one that is. The system gives the lock back when its holder ends, however
// that happens; so the file, which stays, blocks no build.
func lock(ctx context.Context, path string, out io.Writer) (*held, error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening the build's lock: %w", err)
	}

	advised := -1 // about which process
	for began := time.Now(); ; {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return &held{file: file}, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			_ = file.Close()
			return nil, fmt.Errorf("locking %s: %w", path, err)
		}

		other := holderOf(file)
		fmt.Fprintf(out, "  another build of Traefik is running; waiting for it, %s: %s\n", time.Since(began).Round(time.Second), other)
		if advised != other.PID {
			fmt.Fprint(out, other.advice(path))
			advised = other.PID
		}

		select {
		case <-ctx.Done():
			_ = file.Close()
			return nil, ctx.Err()
		case <-time.After(interval):
		}
	}
}

// alive reports whether a process is there.
func alive(pid int) bool {
	err := syscall.Kill(pid, 0)

	return err == nil || errors.Is(err, syscall.EPERM)
}
