package behind

import (
	"io"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/demo"
)

func TestDemo(t *testing.T) {
	// Each line that the demo prints is run by a shell.
	t.Run("each line gets the status that it promises", func(t *testing.T) {
		d, err := demo.Start(io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		for _, l := range d.Lines() {
			before := total(d.Calls())
			out, err := exec.Command("sh", "-c", strings.Replace(d.Curl(l), "curl -i", "curl -si -w '%{http_code}'", 1)).Output()
			if err != nil {
				t.Fatalf("%s: %v", l.Title, err)
			}
			if reply := string(out); !strings.HasSuffix(reply, strconv.Itoa(l.Status)) {
				t.Errorf("%s: want %d: %s", l.Title, l.Status, reply)
			}
			called := total(d.Calls()) > before
			if strings.Contains(l.Note, "no call") && called || strings.Contains(l.Note, "one call") && !called {
				t.Errorf("%s promises %q; an API was called: %t", l.Title, l.Note, called)
			}
		}
	})

	// So is each journey, line by line in one shell.
	t.Run("each journey prints the statuses that it promises", func(t *testing.T) {
		d, err := demo.Start(io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		for _, j := range d.Journeys() {
			before := total(d.Calls())
			out, err := exec.Command("sh", "-c", strings.Join(j.Commands, "\n")).Output()
			if err != nil {
				t.Fatalf("%s: %v", j.Title, err)
			}
			if got := strings.Join(strings.Fields(string(out)), ", "); got != strings.Join(j.Statuses, ", ") {
				t.Errorf("%s: %s, want %v", j.Title, got, j.Statuses)
			}
			t.Logf("%s: %d calls", j.Title, total(d.Calls())-before)
		}
	})
}

func total(calls map[string]int) int {
	sum := 0
	for _, n := range calls {
		sum += n
	}
	return sum
}
