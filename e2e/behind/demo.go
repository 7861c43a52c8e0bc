package behind

import (
	"io"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/demo"
)

// DemoLines runs each line that the demo prints, in a shell. program is the path of
// the Traefik; if it is empty, the one that the tests use is started.
func DemoLines(t *testing.T, program string) {
	d, err := demo.Start(io.Discard, program)
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
}

// DemoJourneys runs each journey, line by line in one shell.
func DemoJourneys(t *testing.T, program string) {
	d, err := demo.Start(io.Discard, program)
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
}

func total(calls map[string]int) int {
	sum := 0
	for _, n := range calls {
		sum += n
	}
	return sum
}
