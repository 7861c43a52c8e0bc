package scenario

import "strings"

// written waits until that many keys of a kind lie in Redis.
func (f *Fleet) written(kind string, count int) {
	f.t.Helper()
	waitFor(f.t, "keys of kind "+kind+" in Redis", func() bool { return f.keys(kind) >= count })
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
