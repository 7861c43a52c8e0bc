package shared

import (
	"strconv"
	"time"

	"github.com/upstreamauth/upstreamauth/cache/redis"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// Take counts one call to an upstream, with those of all others, under a limit of a fixed
// window that begins with its first call. name is whose calls are counted, such as an
// application key. wait is what is left of the window where the limit is spent, and 0 where
// the call is granted; counted is false where the memory does not answer. Each caller obeys
// its own limit over the count of all whose window is as long. While the memory does not
// answer, calls are counted on from what it said last.
func (s *Store) Take(n *Names, name string, limit verifier.Rate) (wait time.Duration, counted bool) {
	s.wake()
	id := named(n.scope, "budget", name, limit.Period.String())
	key := s.key(tagOf(id), budgetKind, id)
	window := px(limit.Period, farthest)
	replies := s.link.ask([][]string{
		{"SET", key, "0", "PX", window, "NX"},
		{"INCR", key},
		{"PTTL", key},
	})
	if replies == nil {
		return s.tallies.add(id, int64(limit.Calls), s.uptime())
	}
	if replies[1].Kind != redis.Integer || replies[2].Kind != redis.Integer {
		for _, r := range replies {
			if r.Kind == redis.Failed {
				s.link.health.wrote(r.Text)
			}
		}
		return s.tallies.add(id, int64(limit.Calls), s.uptime())
	}
	s.link.health.wrote("")
	left := replies[2].Number
	if left < 0 { // somebody has taken its end away
		s.link.ask([][]string{{"PEXPIRE", key, window}})
		left, _ = strconv.ParseInt(window, 10, 64)
	}
	wait = time.Duration(left) * time.Millisecond
	s.tallies.set(id, &tally{calls: replies[1].Number, end: s.uptime() + wait})
	if replies[1].Number <= int64(limit.Calls) {
		return 0, true
	}
	if wait > windowEnds {
		// It was no call, and must not spend what another route may. Not at the end of the
		// window, where a late command would count in the next one.
		s.link.ask([][]string{{"DECR", key}})
	}
	if wait <= 0 {
		wait = time.Millisecond
	}
	return wait, true
}
