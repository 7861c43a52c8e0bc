package traefik

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// Memory is the physical memory that Traefik holds, in bytes.
func (s *Server) Memory() (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", s.PID()))
	if err != nil {
		return 0, fmt.Errorf("traefik: its memory: %w", err)
	}

	// The second field counts resident pages.
	fields := bytes.Fields(text)
	if len(fields) < 2 {
		return 0, fmt.Errorf("traefik: its memory: %q is not understood", text)
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("traefik: its memory: %w", err)
	}

	return pages * int64(os.Getpagesize()), nil
}

// ProcessorTime is what Traefik's threads have used of the processors so far.
func (s *Server) ProcessorTime() (time.Duration, error) {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", s.PID()))
	if err != nil || len(threads) == 0 {
		return 0, fmt.Errorf("traefik: its processor time: %d threads, %w", len(threads), err)
	}

	var total time.Duration
	for _, thread := range threads {
		text, err := os.ReadFile(thread)
		if err != nil {
			continue // the thread has ended
		}
		// The first field counts nanoseconds.
		first, _, _ := bytes.Cut(text, []byte(" "))
		used, err := strconv.ParseInt(string(first), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("traefik: its processor time: %w", err)
		}
		total += time.Duration(used)
	}

	return total, nil
}
