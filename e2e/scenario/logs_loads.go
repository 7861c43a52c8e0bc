package scenario

import (
	"fmt"
	"testing"
	"time"
)

// longestLoad is within what time the middlewares of a load have to be made, one after the
// other, to be one load.
const longestLoad = time.Second

func loadsLogged(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	bad := webServiceConfig(up, "lifetme", "5h")
	h.again(func(h *Harness, n int, by func(deadline time.Time)) {
		good := with(webServiceConfig(up), "cache", map[string]any{"size": 1000 + n})
		ready := func() []map[string]any { return entriesOf(h.Logs(), "ready", "") }
		before := len(ready())
		for i, c := range []struct {
			routes        Routes
			gates, faulty float64
		}{
			{Routes{"a": good, "b": good, "c": bad}, 3, 1},
			{Routes{"a": good, "b": good, "c": good}, 3, 0},
			{Routes{"a": good}, 1, 0},
			{Routes{"a": with(good, "optional", "true")}, 1, 0},
		} {
			for range 2 { // the second one changes nothing
				by(clockOf(h).Add(longestLoad))
				h.Serve(c.routes)
				by(time.Time{})
			}
			waitFor(h.t, fmt.Sprint("ready ", i), func() bool { return len(ready()) > before+i })
			all := ready()
			entry := all[len(all)-1]
			if len(all) != before+i+1 || entry["gates"] != c.gates || entry["faulty"] != c.faulty || entry["level"] != "info" || text(entry, "version") == "" {
				h.t.Errorf("%d: %d entries, the last is %v", i, len(all)-before, entry)
			}
		}
	})
}
