package scenario

import (
	"slices"
	"strings"
	"time"
)

// written waits until that many keys of a kind lie in Redis.
func (f *Fleet) written(kind string, count int) {
	f.t.Helper()
	waitFor(f.t, "keys of kind "+kind+" in Redis", func() bool { return f.keys(kind) >= count })
}

// passSince is Pass, at all replicas.
func (f *Fleet) passSince(since time.Time, d time.Duration) {
	if left := d - clockOf(f.Harness).Sub(since); left > 0 {
		f.pass(left)
	}
}

// writtenBeside waits until a key of a kind lies in Redis that is none of these.
func (f *Fleet) writtenBeside(kind string, before []string) {
	f.t.Helper()
	waitFor(f.t, "one more key of kind "+kind+" in Redis", func() bool {
		return slices.ContainsFunc(namesIn(f.t, f.Redis, kind), func(name string) bool { return !slices.Contains(before, name) })
	})
}

// listens waits until a replica hears the others: it has looked something up, and its
// connection waits for the stream.
func (f *Fleet) listens(count int) {
	f.t.Helper()
	waitFor(f.t, "replicas that listen", func() bool {
		text, err := f.Redis.CLI("CLIENT", "LIST")
		return err == nil && strings.Count(text, "cmd=xread") >= count
	})
}
