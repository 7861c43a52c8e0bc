package behind

import (
	"io"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/demo"
)

// DemoLines runs each line that the demo prints, in a shell. program is the path of
// the Traefik; if it is empty, the one that the tests use is started.
func DemoLines(t *testing.T, program string) {
	d, err := demo.Start(t.Context(), io.Discard, demo.Options{Program: program})
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

// DemoJourneys runs the journeys, each line by line in one shell: in their order, the
// other way round, and once more. Each has to work every time.
func DemoJourneys(t *testing.T, program string) {
	d, err := demo.Start(t.Context(), io.Discard, demo.Options{Program: program})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	journeys := d.Journeys()
	backwards := slices.Clone(journeys)
	slices.Reverse(backwards)
	for i, j := range slices.Concat(journeys, backwards, journeys) {
		before := total(d.Calls())
		out, err := exec.Command("sh", "-c", strings.Join(j.Commands, "\n")).Output()
		if err != nil {
			t.Fatalf("%s: %v", j.Title, err)
		}
		if got := strings.Join(strings.Fields(string(out)), ", "); got != strings.Join(j.Statuses, ", ") {
			t.Errorf("%d: %s: %s, want %v", i, j.Title, got, j.Statuses)
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
