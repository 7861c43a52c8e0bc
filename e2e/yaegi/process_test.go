package yaegi_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

// Programs that may hang or end the process run in a child process.

const childVariable = "UPSTREAMAUTH_YAEGI_PROGRAM"

func TestChild(t *testing.T) {
	name := os.Getenv(childVariable)
	if name == "" {
		t.Skip("not a child")
	}
	debug.SetMaxStack(64 << 20) // a stack that overflows need not fill the memory
	got, err := interpreted(t, name, io.Discard)
	fmt.Printf("outcome: %s %v\n", got, err)
}

func child(t *testing.T, name string, limit time.Duration) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestChild$", "-test.v")
	cmd.Env = append(os.Environ(), childVariable+"="+name)
	cmd.WaitDelay = time.Second
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		return "it hangs"
	}
	if err != nil {
		return "it ends the process: " + err.Error()
	}
	return string(out)
}

func TestEndsTheProcess(t *testing.T) {
	// Loading them ends the process, so golang-lru/v2 cannot be used.
	t.Run("generic types that refer to each other", func(t *testing.T) {
		if got := compiled("GenericsThatGoRound"); got != "3" {
			t.Errorf("compiled: %q", got)
		}
		got := child(t, "GenericsThatGoRound", 30*time.Second)
		if strings.Contains(got, "outcome: 3 <nil>") {
			t.Error("the interpreter loads them now: the rule against them may go")
		}
		t.Logf("as ever: %s", got)
	})

	// Values of one goroutine end up in another, or it never ends: which of them,
	// and how soon, is a matter of luck, so any failure counts, within some tries.
	t.Run("select, or it mixes up goroutines", func(t *testing.T) {
		const fine = "every number its own"
		if got := compiled("Select"); got != fine {
			t.Errorf("compiled: %q", got)
		}
		for range 20 {
			got := child(t, "Select", 5*time.Second)
			if !strings.Contains(got, "outcome: "+fine) {
				t.Logf("as ever: %s", got)
				return
			}
		}
		t.Error("the interpreter gets select right now: the rule against it may go")
	})
}
