package shared

import (
	"strings"
	"sync"
	"testing"
	"time"
)

// fixture is a clock that advances only by hand.
type fixture struct {
	mu  sync.Mutex
	now time.Time
	up  time.Duration
}

func (f *fixture) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

func (f *fixture) Uptime() time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.up
}

func (f *fixture) pass(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
	f.up += d
}

func (f *fixture) set(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = f.now.Add(d)
}

func TestMarks(t *testing.T) {
	name := [32]byte{1}

	t.Run("one lasts until its end, by both clocks", func(t *testing.T) {
		f := &fixture{now: noon}
		m := newMarks(f.Now, f.Uptime)
		if m.any() || !m.since(name).IsZero() {
			t.Error("there is one")
		}
		m.add(name, mark{at: noon, end: noon.Add(time.Hour)})
		f.set(1000 * time.Hour)
		if m.since(name).IsZero() || !m.any() {
			t.Error("it has ended since the wall clock runs ahead")
		}
		f.set(-1000 * time.Hour)
		f.pass(time.Hour - 1)
		if !m.since(name).Equal(noon) {
			t.Error("it has ended")
		}
		f.pass(1)
		if !m.since(name).IsZero() {
			t.Error("it has not ended")
		}
	})

	t.Run("an older one does not replace it", func(t *testing.T) {
		f := &fixture{now: noon}
		m := newMarks(f.Now, f.Uptime)
		m.add(name, mark{at: noon, end: noon.Add(time.Hour)})
		m.add(name, mark{at: noon.Add(-time.Minute), end: noon.Add(2 * time.Hour)})
		if !m.since(name).Equal(noon) {
			t.Error("it does")
		}
	})
}

func TestFound(t *testing.T) {
	t.Run("an answer counts if it was certainly asked for later", func(t *testing.T) {
		for _, c := range []struct {
			ended, barred time.Time
			asked         time.Duration
			want          bool
		}{
			{time.Time{}, time.Time{}, 0, true},
			{noon, time.Time{}, margin, false},
			{noon, time.Time{}, margin + 1, true},
			{time.Time{}, noon, margin, false},
			{time.Time{}, noon, margin + 1, true},
			{noon.Add(time.Hour), noon, time.Minute, false},
		} {
			f := &Found{ended: c.ended, barred: c.barred}
			if f.Holds(noon.Add(c.asked)) != c.want {
				t.Errorf("%+v", c)
			}
		}
	})

	t.Run("a login ends a bar if it was certainly later", func(t *testing.T) {
		for _, c := range []struct {
			here, elsewhere time.Duration // after the bar; 0: none
			want            bool
		}{
			{0, 0, true}, {margin, 0, true}, {margin + 1, 0, false}, {0, margin, true}, {0, margin + 1, false}, {-time.Hour, margin + 1, false},
		} {
			f := &Found{barred: noon}
			login := time.Time{}
			if c.here != 0 {
				login = noon.Add(c.here)
			}
			if c.elsewhere != 0 {
				f.issued = noon.Add(c.elsewhere)
			}
			if f.IsBarred(login) != c.want {
				t.Errorf("%+v", c)
			}
		}
	})
}

func TestHealth(t *testing.T) {
	logged := func(act func(h *health)) string {
		var lines []string
		up := time.Hour
		h := &health{uptime: func() time.Duration { up += time.Second; return up }}
		h.reportTo(func(level, event, detail string) { lines = append(lines, level+" "+event+": "+detail) })
		act(h)
		return strings.Join(lines, "\n")
	}

	t.Run("one line for each change", func(t *testing.T) {
		got := logged(func(h *health) {
			h.answered()
			h.failed("dial tcp: connection refused")
			h.answered() // one failure is none
			for i := 0; i < 5; i++ {
				h.failed("dial tcp: connection refused")
			}
			h.listened("dial tcp: connection refused") // is known
			h.answered()
			h.answered()
			h.wrote("OOM: its memory is used up")
			h.wrote("OOM: its memory is used up")
			h.wrote("")
			h.listened("NOPERM")
			h.listened("NOPERM")
			h.listened("")
		})
		want := strings.Join([]string{
			"error shared unavailable: the connection was refused; credentials are checked without it",
			"info shared available: it answers again",
			"error shared unavailable: it takes no writes: OOM: its memory is used up; what this Traefik learns is not shared",
			"info shared available: it takes writes again",
			"error shared unavailable: what other Traefiks forget is not heard: the user lacks a permission",
			"info shared available: what other Traefiks forget is heard again",
		}, "\n")
		if got != want {
			t.Errorf("%s\nwant\n%s", got, want)
		}
	})

	t.Run("one that comes and goes has a line every ten seconds", func(t *testing.T) {
		got := logged(func(h *health) {
			for i := 0; i < 15; i++ { // a second for each failure
				h.failed("EOF")
				h.failed("EOF")
				h.answered()
			}
		})
		if away, back := strings.Count(got, "unavailable"), strings.Count(got, "available: it answers"); away != 3 || back != 3 {
			t.Errorf("%d lines that it is away, %d that it is back", away, back)
		}
	})

	t.Run("nothing of an error is shown but its cause", func(t *testing.T) {
		for said, want := range map[string]string{
			"redis: no reply in time": "no reply in time", "dial tcp 10.0.0.1:6379: i/o timeout": "no reply in time",
			"redis: WRONGPASS: the user name":                                       "the user name or the password is wrong",
			"redis: TLS handshake: tls: failed to verify certificate: x509: MARKER": "its certificate is not valid",
			"redis: TLS handshake: tls: first record does not look like":            "TLS failed",
			"lookup MARKER: no such host":                                           "its host name does not resolve",
			"redis: a line that is no reply":                                        "it does not answer as Redis does",
			"MARKER":                                                                "the connection failed",
		} {
			if got := reasonOf(said); got != want {
				t.Errorf("%s: %s", said, got)
			}
		}
	})
}

func TestCoverage(t *testing.T) {
	t.Run("an answer may be used for a while without being told of", func(t *testing.T) {
		c := &coverage{local: time.Minute}
		if !c.holds(0, time.Minute-1) || c.holds(0, time.Minute) {
			t.Error("it may not, or for longer")
		}
	})

	t.Run("what was missed ends that", func(t *testing.T) {
		c := &coverage{local: time.Minute}
		c.miss(time.Second)
		if c.holds(time.Second-1, time.Second) || !c.holds(time.Second, time.Second) {
			t.Error("it does not, or also for what was looked up since")
		}
	})
}
