package cache

import (
	"context"
	"fmt"
	"math/rand"
	"sync"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// Callers, hits, reloads, evictions and a moving clock, all at once: no caller gets
// another's identity, and nothing grows beyond its bound.
func TestConcurrency(t *testing.T) {
	fx := newFixture(t)
	p := usual()
	p.Size, p.NegativeSize = 20, 10
	fx.respond(func(ctx context.Context, c verifier.Credential) (verifier.Decision, error) {
		switch c.Token[0] {
		case 'f':
			return deny(verifier.Invalid)(ctx, c)
		case 'o':
			return fail(ctx, c)
		case 'p':
			panic("in the verifier")
		}
		return allow(ctx, c)
	})
	const workers = 16
	stop := time.Now().Add(500 * time.Millisecond)
	var done sync.WaitGroup
	for i := 0; i < workers; i++ {
		done.Add(1)
		go func(seed int64) {
			defer done.Done()
			random := rand.New(rand.NewSource(seed))
			ctx, cancel := context.WithCancel(context.Background())
			c, path := fx.join(ctx, "scope", fmt.Sprint("key", seed%3), p, false)
			for time.Now().Before(stop) {
				kind := "vvvvvvvfop"[random.Intn(10)]
				credential := bearer(fmt.Sprintf("%c%d", kind, random.Intn(40)))
				if user := fx.prebuilt(path, credential.Token); user != "" && user != credential.Token {
					t.Errorf("%s is prebuilt as %s", credential.Token, user)
				}
				d, _ := c.Verify(context.Background(), credential, client)
				if d.Allowed != (kind == 'v') || (d.Allowed && d.Identity.Get("user") != credential.Token) {
					t.Errorf("%s: %+v", credential.Token, d)
				}
				if d.Allowed {
					c.Prebuild(credential, d, path.Line(credential.Token), response(credential.Token))
				}
				if random.Intn(50) == 0 {
					ctx, cancel = reload(cancel)
					fx.advance(time.Duration(random.Intn(20)) * time.Second)
					c, path = fx.join(ctx, "scope", fmt.Sprint("key", random.Intn(3)), p, false)
				}
			}
			cancel()
		}(int64(i))
	}
	done.Wait()
	c := fx.cache(p)
	s := c.scope
	s.mu.Lock()
	defer s.mu.Unlock()
	lines := 0
	for _, path := range s.fastPaths.byKey {
		lines += len(path.Answers)
	}
	if s.answers.allowed.count() > 20 || s.answers.denied.count() > 10 || len(s.fastPaths.byKey) > 4 || lines > 20*4*maxSpellings {
		t.Errorf("%d allowed, %d denied, %d fast paths, %d lines", s.answers.allowed.count(), s.answers.denied.count(), len(s.fastPaths.byKey), lines)
	}
}
