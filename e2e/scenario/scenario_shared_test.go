package scenario

import (
	"os"
	"testing"
	"time"
)

func TestShared(t *testing.T) {
	RunSharedHalves(t, Shared, InProcess(Native, 2), InProcess(Native, 2))
}

func TestInterpretedShared(t *testing.T) {
	RunSharedHalves(t, Shared, InProcess(Interpreted, 2), InProcess(Interpreted, 2))
}

// TestSharedFaults has no interpreted twin: e2e/behind/replicas plays the same in Traefik.
func TestSharedFaults(t *testing.T) {
	WriteFaults(os.Stdout, SharedFaults(t, InProcess(Native, 2), 700*time.Millisecond, true, 4))
}
