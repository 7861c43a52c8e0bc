package cache

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

func TestTokensOfAnswers(t *testing.T) {
	token := [32]byte{9}
	key := func(i int) [32]byte { return [32]byte{byte(i), byte(i >> 8), 1} }
	check := func(t *testing.T, s *store) {
		t.Helper()
		for _, l := range []*lru{s.allowed, s.denied, s.paused} {
			named := 0
			for token := range l.tokens {
				for _, k := range l.keysOf(token, 100) {
					place := l.items[k]
					if place == nil || place.Value.(*item).token != token {
						t.Fatalf("a key that has gone, or another token's, is found by %x", token[0])
					}
					named++
				}
			}
			for _, place := range l.items {
				if place.Value.(*item).token != [32]byte{} {
					named--
				}
			}
			if named != 0 {
				t.Fatalf("%d keys too many are found by their tokens", named)
			}
		}
	}
	allowed := verifier.Decision{Allowed: true}

	t.Run("an answer is found by its token until it goes, whichever way", func(t *testing.T) {
		s := newStore(4, 4)
		now := time.Now()
		for i := 0; i < 10; i++ { // some are evicted
			s.allow(key(i), allowed, now)
			s.name(key(i), token)
			s.name(key(i), token)
			check(t, s)
		}
		if got := len(s.keysOf(token, 100)); got != 4 {
			t.Errorf("%d answers", got)
		}
		s.allow(key(9), allowed, now) // another answer has no name yet
		check(t, s)
		s.deny(key(8), verifier.Denial{}, now)
		s.name(key(8), token)
		s.postpone(key(7), verifier.Denial{}, now)
		s.name(key(7), token)
		check(t, s)
		if got := fmt.Sprint(len(s.keysOf(token, 100))); got != "4" {
			t.Errorf("%s answers", got)
		}
		for _, k := range s.keysOf(token, 100) {
			s.forget(k)
		}
		check(t, s)
		if len(s.keysOf(token, 100)) != 0 || len(s.allowed.tokens) != 0 {
			t.Error("some are still found")
		}
	})

	t.Run("those that are allowed are found first, and no more than are wanted", func(t *testing.T) {
		s := newStore(4, 4)
		for i := 0; i < 4; i++ {
			s.deny(key(i), verifier.Denial{}, time.Now())
			s.name(key(i), token)
		}
		s.allow(key(9), allowed, time.Now())
		s.name(key(9), token)
		if got := s.keysOf(token, 2); len(got) != 2 || got[0] != key(9) {
			t.Errorf("%v", got)
		}
	})

	// Whoever has one JWT can make as many as they like that say the same.
	t.Run("a token in very many spellings costs no more for each", func(t *testing.T) {
		const many = 5000
		s := newStore(many, many)
		for i := 0; i < many; i++ {
			s.deny(key(i), verifier.Denial{}, time.Now())
			s.name(key(i), token)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for i := 0; i < many; i++ {
			s.forget(key(i))
		}
		runtime.ReadMemStats(&after)
		if each := (after.TotalAlloc - before.TotalAlloc) / many; each > 1000 {
			t.Errorf("%d bytes to forget one of %d", each, many)
		}
	})
}
