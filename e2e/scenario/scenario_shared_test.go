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

func TestSharedFaults(t *testing.T) {
	WriteFaults(os.Stdout, SharedFaults(t, InProcess(Native, 2), 700*time.Millisecond, true, 4))
}

func TestInterpretedSharedFaults(t *testing.T) {
	WriteFaults(os.Stdout, SharedFaults(t, InProcess(Interpreted, 2), 700*time.Millisecond, false, 2))
}
