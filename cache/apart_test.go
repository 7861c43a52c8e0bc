package cache

import (
	"context"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/redis"
	"github.com/upstreamauth/upstreamauth/cache/shared"
)

func TestApart(t *testing.T) {
	options := func(secret, endpoint, prefix string) shared.Options {
		return shared.Options{Redis: redis.Options{Endpoints: []string{endpoint}}, Secret: secret, Local: time.Second, Prefix: prefix}
	}
	const one, two = "one secret of thirty-two bytes or more", "two secret of thirty-two bytes or more"
	type use struct {
		o     shared.Options
		ended bool // by a reload, before the next use
		told  int  // lines so far
	}
	for _, c := range []struct {
		name string
		uses []use
	}{
		{"two secrets for one address are one line, however often Traefik reloads", []use{
			{options(one, "r:1", "p"), false, 0}, {options(two, "r:1", "p"), false, 1}, {options(one, "r:1", "p"), false, 1}, {options(two, "r:1", "p"), false, 1},
		}},
		{"another prefix makes them no better", []use{{options(one, "r:1", "p"), false, 0}, {options(two, "r:1", "q"), false, 1}}},
		{"one secret is no line, with another prefix neither", []use{{options(one, "r:1", "p"), false, 0}, {options(one, "r:1", "p"), false, 0}, {options(one, "r:1", "q"), false, 0}}},
		{"another address is another memory", []use{{options(one, "r:1", "p"), false, 0}, {options(two, "r:2", "p"), false, 0}}},
		{"a secret that a reload has replaced is no second one", []use{{options(one, "r:1", "p"), true, 0}, {options(two, "r:1", "p"), false, 0}}},
		{"a third secret is another line", []use{{options(one, "r:1", "p"), false, 0}, {options(two, "r:1", "p"), false, 1}, {options(one+two, "r:1", "p"), false, 2}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := NewRegistry(time.Now(), time.Now, func() time.Duration { return time.Hour })
			told := 0
			for i, u := range c.uses {
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				r.Share(ctx, r.Store(u.o), "ippanel", "https://a.example", func(level, event, _ string) {
					if level == "info" && event == shared.EventApart {
						told++
					}
				})
				if u.ended {
					cancel()
				}
				if told != u.told {
					t.Errorf("use %d: %d lines, want %d", i, told, u.told)
				}
			}
		})
	}
}
