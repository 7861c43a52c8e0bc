package shared

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/redis"
	"github.com/upstreamauth/upstreamauth/verifier"
)

func TestStores(t *testing.T) {
	silent := Hears{
		Forgotten: func([32]byte) {}, Revoked: func([32]byte) {}, Issued: func([32]byte) {}, Swept: func(string, [32]byte) {}, Missed: func() {},
	}
	options := func(secret string) Options {
		away := func(context.Context, string) (net.Conn, error) { return nil, errors.New("away") }
		return Options{Redis: redis.Options{Endpoints: []string{"127.0.0.1:1"}, Timeout: time.Second, Dial: away}, Secret: secret, Local: time.Second, Prefix: "p"}
	}
	count := func(t *testing.T, all *Stores, want int64) {
		t.Helper()
		if state := all.State(); state == nil || state.Errors != want {
			t.Errorf("%+v, want %d errors", state, want)
		}
	}
	began := time.Now()
	uptime := func() time.Duration { return time.Since(began) }
	t.Run("equal options are one memory", func(t *testing.T) {
		all := NewStores(time.Now, uptime)
		if all.State() != nil {
			t.Error("a state without a memory")
		}
		one := all.Of(options("one"), silent)
		if all.Of(options("one"), silent) != one || all.Of(options("two"), silent) == one {
			t.Error("a memory by other options")
		}
		count(t, all, 0)
	})
	t.Run("memories that no instance uses are let go, and what they have counted is not", func(t *testing.T) {
		all := NewStores(time.Now, uptime)
		for i := int64(1); i <= 20; i++ {
			ctx, end := context.WithCancel(context.Background())
			s := all.Of(options(fmt.Sprint("secret ", i)), silent)
			s.Use(ctx, func(_, _, _ string) {})
			s.running = true // nothing listens
			s.Look(s.Names(Scope{API: "a", Address: "https://a.example"}), verifier.Credential{Kind: verifier.Bearer, Token: "x"})
			s.running = false
			end()
			count(t, all, i)
		}
		if len(all.byKey) > 2 {
			t.Errorf("%d memories are held", len(all.byKey))
		}
	})
	t.Run("a look takes no second batch's time where the first has taken it all", func(t *testing.T) {
		m := &memory{}
		passed := time.Duration(0)
		o := options("one")
		o.Redis.Dial = m.dial
		s := NewStores(time.Now, func() time.Duration { return passed }).Of(o, silent)
		s.running = true
		n := s.Names(Scope{API: "a", Address: "https://a.example"})
		c := verifier.Credential{Kind: verifier.Bearer, Token: "x"}
		now := time.Now()
		ask := func() *Found {
			f := &Found{Answered: true, swept: now, Entry: &Entry{Asked: now.Add(-time.Hour)}}
			s.lookSwept(n, c, f, 0)
			return f
		}
		if f := ask(); !f.ended.IsZero() {
			t.Error("what nobody has forgotten counts as forgotten")
		}
		passed = s.Patience()
		if f := ask(); !f.ended.Equal(now) {
			t.Error("without an answer it counts as remembered")
		}
	})
}
