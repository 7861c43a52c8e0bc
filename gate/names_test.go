package gate

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
)

func TestNameSets(t *testing.T) {
	t.Run("names that are remembered concurrently are all allowed, and excluded ones are not", func(t *testing.T) {
		f := newFixture(t)
		g := f.gate(http.NotFoundHandler(), nil, f.bearer())
		g.Handler()
		var all sync.WaitGroup
		for i := 0; i < 64; i++ {
			all.Add(1)
			go func(name string) {
				defer all.Done()
				rememberHeaderNames(g.identity, g.schemes, []string{name})
			}(fmt.Sprint("X-Name-", i))
		}
		all.Wait()
		allowed := g.schemes[0].names.sets[1].allowed
		for i := 0; i < 64; i++ {
			if !allowed[fmt.Sprint("X-Name-", i)] {
				t.Errorf("X-Name-%d is not allowed", i)
			}
		}
		if allowed["Connection"] || f.prebuilt(g) != 0 {
			t.Errorf("allowed: %v", allowed)
		}
	})
}
