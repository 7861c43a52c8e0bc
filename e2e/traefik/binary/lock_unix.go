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

// lock takes the file's lock, waiting while another process builds. The
// system gives it back when its holder ends, however that happens.
func lock(ctx context.Context, path string, out io.Writer) (unlock func(), err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening the build's lock: %w", err)
	}
	unlock = func() { _ = file.Close() }

	for began := time.Now(); ; {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return unlock, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			unlock()
			return nil, fmt.Errorf("locking %s: %w", path, err)
		}

		fmt.Fprintf(out, "  another build of Traefik is running; waiting for it, %s\n", time.Since(began).Round(time.Second))

		select {
		case <-ctx.Done():
			unlock()
			return nil, ctx.Err()
		case <-time.After(interval):
		}
	}
}
