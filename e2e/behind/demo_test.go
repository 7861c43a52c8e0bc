package behind

import (
	"io"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/demo"
)

// Each line that the demo prints is run as it is printed, by a shell.
func TestTheDemosLinesGiveWhatTheyPromise(t *testing.T) {
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
		asked := total(d.Calls()) > before
		if strings.Contains(l.Note, "no call") && asked || strings.Contains(l.Note, "asks") && !asked {
			t.Errorf("%s promises %q; an API was asked: %t", l.Title, l.Note, asked)
		}
	}
}

func total(calls map[string]int) int {
	sum := 0
	for _, n := range calls {
		sum += n
	}
	return sum
}
