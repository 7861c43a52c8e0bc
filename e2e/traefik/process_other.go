//go:build !linux

package traefik

import (
	"errors"
	"time"
)

// Memory is known on Linux only.
func (s *Server) Memory() (int64, error) {
	return 0, errors.New("traefik: its memory is known on Linux only")
}

// ProcessorTime is known on Linux only.
func (s *Server) ProcessorTime() (time.Duration, error) {
	return 0, errors.New("traefik: its processor time is known on Linux only")
}
