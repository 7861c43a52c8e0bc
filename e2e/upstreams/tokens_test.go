package upstreams

import (
	"strconv"
	"testing"
	"time"
)

func TestTokens(t *testing.T) {
	t.Run("a token is dropped once", func(t *testing.T) {
		held := newTokens[int](NewClock())
		held.issue("a", 1, time.Hour)
		if !held.drop("a") || held.drop("a") {
			t.Error("a drop does not count once")
		}
		if _, found := held.find("a"); found {
			t.Error("a dropped token is found")
		}
	})

	t.Run("the store is bounded", func(t *testing.T) {
		held := newTokens[int](NewClock())
		for i := range maxTokens + 1 {
			held.issue(strconv.Itoa(i), i, 0)
		}
		if _, found := held.find("0"); found {
			t.Error("the oldest token is still there")
		}
		if value, found := held.find(strconv.Itoa(maxTokens)); !found || value != maxTokens {
			t.Error("the newest token is not there")
		}
	})
}
