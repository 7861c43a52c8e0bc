package cache

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestSharedLog(t *testing.T) {
	for _, c := range []struct{ name, command, reply, want, back string }{
		{"a permission to tell", "XADD", "-NOPERM no permissions\r\n", "error shared unavailable: the user lacks a permission: xadd", "info shared available: the user has all permissions"},
		{"a permission to keep", "PEXPIRE", "-NOPERM no permissions\r\n", "error shared unavailable: the user lacks a permission: pexpire", "info shared available: the user has all permissions"},
		{"a stream of another type", "XADD", "-WRONGTYPE\r\n", "error shared unavailable: it takes no writes: WRONGTYPE: a key holds another type of value; what this Traefik learns is not shared", "info shared available: it takes writes again"},
	} {
		c := c
		t.Run(c.name+" is missing: a line for it, and one for its end", func(t *testing.T) {
			t.Parallel()
			ctx, end := context.WithCancel(context.Background())
			defer end()
			r, all := replicas(t, 1)
			var mu sync.Mutex
			var lines []string
			logged := func() string {
				mu.Lock()
				defer mu.Unlock()
				return strings.Join(lines, "\n")
			}
			cache := all[0].sharingAnd(ctx, r.options(), usual(), func(level, event, detail string) {
				mu.Lock()
				defer mu.Unlock()
				lines = append(lines, level+" "+event+": "+detail)
			})
			var tries atomic.Int64
			r.setFault(func(command []string) string {
				if command[0] == c.command {
					tries.Add(1)
					return c.reply
				}
				return ""
			})
			for i := int64(1); i <= 3; i++ {
				if c.command == "PEXPIRE" {
					all[0].expect(cache, bearer(strings.Repeat("x", int(i))), "", 1)
				} else if i == 1 {
					cache.Bar(bearer("x"))
				}
				waitUntil(t, func() bool { return tries.Load() >= i })
			}
			waitUntil(t, func() bool { return logged() != "" })
			r.setFault(nil)
			if c.command == "PEXPIRE" {
				all[0].expect(cache, bearer("y"), "", 1)
			}
			waitUntil(t, func() bool { return strings.Contains(logged(), "info") })
			if got := logged(); got != c.want+"\n"+c.back {
				t.Errorf("%s\nwant\n%s\n%s", got, c.want, c.back)
			}
		})
	}
}

// together lets time pass at all.
func together(all []*fixture, d time.Duration) {
	for _, fx := range all {
		fx.advance(d)
	}
}
