package telemetry

import (
	"fmt"
	"testing"
	"time"
)

func TestLogReport(t *testing.T) {
	// Whether an entry of a level is written, by the level of the log.
	want := map[string]map[string]bool{
		"error": {"error": true, "info": false, "debug": false},
		"info":  {"error": true, "info": true, "debug": false},
		"debug": {"error": true, "info": true, "debug": true},
		"trace": {"error": true, "info": true, "debug": true},
	}
	for level, entries := range want {
		for entry, written := range entries {
			t.Run(fmt.Sprintf("level %s, an entry of level %s: %t", level, entry, written), func(t *testing.T) {
				f := newFixture(t)
				NewLog(f.sink, "gate", level).Report(entry, "recovered", "it answers")
				if got := f.count() == 1; got != written {
					t.Errorf("written: %t", got)
				}
			})
		}
	}
	t.Run("it is never limited, since it reports changes of a state", func(t *testing.T) {
		f := newFixture(t)
		for i := 0; i < 5*maxPerSecond; i++ {
			NewLog(f.sink, "gate", LevelInfo).Report(LevelError, EventOutage, "no connection")
		}
		if got := f.count(); got != 5*maxPerSecond {
			t.Errorf("%d entries, want %d", got, 5*maxPerSecond)
		}
	})
}

func TestLogNote(t *testing.T) {
	f := newFixture(t)
	one, other := NewLog(f.sink, "one", LevelInfo), NewLog(f.sink, "other", LevelInfo)
	flood := func() int {
		for i := 0; i < 3*maxPerSecond; i++ {
			one.Note(LevelError, EventOutage, "no logout")
			other.Panic("a panic")
		}
		return f.count()
	}
	t.Run("all middlewares together write a few entries a second", func(t *testing.T) {
		if got := flood(); got != maxPerSecond {
			t.Errorf("%d entries, want %d", got, maxPerSecond)
		}
		f.time = f.time.Add(999 * time.Millisecond)
		if got := flood(); got != 0 {
			t.Errorf("%d more in the same second", got)
		}
	})
	t.Run("in the next second entries are written again", func(t *testing.T) {
		f.time = f.time.Add(time.Millisecond)
		if got := flood(); got != maxPerSecond {
			t.Errorf("%d entries, want %d", got, maxPerSecond)
		}
	})
	t.Run("an entry below the log's level is not written", func(t *testing.T) {
		f.time = f.time.Add(time.Second)
		NewLog(f.sink, "quiet", LevelError).Note(LevelInfo, "recovered", "it answers")
		if got := f.count(); got != 0 {
			t.Errorf("%d entries", got)
		}
	})
}

func TestLogOnce(t *testing.T) {
	t.Run("an entry is written once for all middlewares of a name", func(t *testing.T) {
		f := newFixture(t)
		for i := 0; i < 5; i++ {
			NewLog(f.sink, "gate", LevelInfo).Once(LevelError, EventIdentity, "a field")
			NewLog(f.sink, "gate", LevelInfo).Once(LevelError, EventIdentity, "another field")
			NewLog(f.sink, "other", LevelInfo).Once(LevelError, EventIdentity, "a field")
		}
		if got := f.count(); got != 3 {
			t.Errorf("%d entries, want 3", got)
		}
	})
	t.Run("one below the log's level does not count as written", func(t *testing.T) {
		f := newFixture(t)
		NewLog(f.sink, "gate", LevelError).Once(LevelInfo, EventChain, "two gates")
		NewLog(f.sink, "gate", LevelInfo).Once(LevelInfo, EventChain, "two gates")
		if got := f.count(); got != 1 {
			t.Errorf("%d entries, want 1", got)
		}
	})
	t.Run("the memory is bounded", func(t *testing.T) {
		f := newFixture(t)
		for i := 0; i < 3*maxSaid; i++ {
			NewLog(f.sink, "gate", LevelInfo).Once(LevelInfo, EventIdentity, fmt.Sprint(i))
		}
		if len(f.sink.said) > maxSaid || f.count() != 3*maxSaid {
			t.Errorf("%d remembered", len(f.sink.said))
		}
	})
}

func TestLogPanic(t *testing.T) {
	f := newFixture(t)
	NewLog(f.sink, "gate", LevelError).Panic("a panic while a request was decided")
	got := f.entries()
	if len(got) != 1 || got[0]["level"] != LevelError || got[0]["event"] != "internal" || got[0]["detail"] != "a panic while a request was decided" {
		t.Errorf("%v", got)
	}
}

func TestLogRefused(t *testing.T) {
	t.Run("a denial has its reason and the credential's fingerprint", func(t *testing.T) {
		f := newFixture(t)
		log := NewLog(f.sink, "gate", "debug")
		log.Refused("invalid", "0123456789ab", Request{})
		log.Refused("missing", "", Request{})
		got := f.entries()
		if len(got) != 2 || got[0]["reason"] != "invalid" || got[0]["credential"] != "0123456789ab" || got[0]["event"] != "refused" || got[0]["level"] != "debug" {
			t.Errorf("%v", got)
		}
		if _, named := got[1]["credential"]; named || got[1]["reason"] != "missing" {
			t.Errorf("%v", got[1])
		}
	})
	t.Run("only level debug logs denials, and no more than the limit", func(t *testing.T) {
		for level, want := range map[string]int{"error": 0, "info": 0, "debug": maxPerSecond, "trace": maxPerSecond} {
			f := newFixture(t)
			log := NewLog(f.sink, "gate", level)
			allowed := 0
			for i := 0; i < 3*maxPerSecond; i++ {
				if log.AllowDebug() {
					allowed++
				}
			}
			if allowed != want || log.Debug() != (want > 0) {
				t.Errorf("%s: %d of %d denials are logged, want %d", level, allowed, 3*maxPerSecond, want)
			}
		}
	})
	t.Run("a denial that is not logged does not count against other entries", func(t *testing.T) {
		f := newFixture(t)
		quiet := NewLog(f.sink, "gate", LevelInfo)
		for i := 0; i < 3*maxPerSecond; i++ {
			quiet.AllowDebug()
		}
		quiet.Panic("a panic")
		if got := f.count(); got != 1 {
			t.Errorf("%d entries, want 1", got)
		}
	})
}
