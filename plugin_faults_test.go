package upstreamauth_test

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth"
)

func TestRuntimeHandlerFaults(t *testing.T) {
	t.Run("a handler that cannot be made denies every request", func(t *testing.T) {
		f := newFixture(t)
		for _, config := range []*upstreamauth.Config{nil, {}, {Settings: block{"bearer": "x"}}} {
			f.expectMisconfigured(t, f.route(config))
		}
		if got := f.entries("internal"); got != 1 {
			t.Errorf("%d panics in the log, want the one of a nil configuration: %s", got, &f.log)
		}
	})
	t.Run("the same faults are logged once, and so is their end", func(t *testing.T) {
		f := newFixture(t)
		faulty := &upstreamauth.Config{Settings: block{"bearer": block{"api": "ippanel", "url": "nowhere"}}}
		correct := f.settings(nil)
		for _, config := range []*upstreamauth.Config{faulty, faulty, faulty, correct, correct, faulty} {
			f.route(config)
		}
		if faults, ends := f.entries("configuration fault"), f.entries("configuration ok"); faults != 2 || ends != 1 {
			t.Errorf("%d faults and %d ends in the log, want 2 and 1: %s", faults, ends, &f.log)
		}
	})
}

// anyValues has a value of every kind that a decoder can deliver, and of some that
// none does.
func anyValues() []interface{} {
	var nilMap map[string]interface{}
	var nilPointer *int
	deep := interface{}("x")
	for i := 0; i < 1000; i++ {
		deep = block{"bearer": []interface{}{deep}}
	}
	return []interface{}{
		nil, true, false, 0, -1, uint8(1), int64(math.MinInt64), uint64(math.MaxUint64), 1.5, math.NaN(), math.Inf(1), float32(0), complex(1, 1),
		"", " ", "x", "\x00\xff", strings.Repeat("x", 1<<16), []byte("x"), 'x',
		[]interface{}{},
		[]interface{}{nil},
		[]interface{}{[]interface{}{1}},
		[]string{"a"},
		[2]int{},
		block{},
		block{"": nil},
		block{"api": nil},
		nilMap,
		map[interface{}]interface{}{1: 2},
		map[string]string{"api": "x"},
		map[int]bool{1: true},
		nilPointer, new(int),
		struct{ API string }{"x"},
		&struct{}{}, time.Now(), time.Second, fmt.Errorf("x"),
		make(chan int), func() {}, deep,
	}
}

func TestNew(t *testing.T) {
	f := newFixture(t)
	expect := func(t *testing.T, config *upstreamauth.Config) {
		t.Helper()
		h, err := upstreamauth.New(context.Background(), http.HandlerFunc(f.backend), config, "gate")
		if err != nil {
			t.Fatal(err)
		}
		f.expectMisconfigured(t, h)
	}
	t.Run("a configuration that is nil or empty never fails", func(t *testing.T) {
		expect(t, nil)
		expect(t, upstreamauth.CreateConfig())
		expect(t, &upstreamauth.Config{Settings: block{}})
	})
	for i, value := range anyValues() {
		t.Run(fmt.Sprintf("a credential block of any kind never fails: %d, %T", i, value), func(t *testing.T) {
			expect(t, &upstreamauth.Config{Settings: block{"bearer": value}})
			expect(t, &upstreamauth.Config{Settings: block{"bearer": value, "Bearer": value, "": value}})
		})
	}
}

// Any value at any key gives a handler that lets no request without a credential
// pass, and is read without a panic.
func TestRuntimeHandlerAnyKey(t *testing.T) {
	f := newFixture(t)
	for _, path := range []string{
		"mode", "bearer", "applicationKey", "basic", "cache", "limits", "identity", "forwardCredential", "preflight", "errors", "canary", "session", "log", "unknown",
		"bearer.api", "bearer.url", "bearer.path", "bearer.method", "bearer.lifetime", "bearer.revalidate", "bearer.timeout", "bearer.budget", "bearer.keepAlive",
		"bearer.applicationKey", "bearer.account", "bearer.probe", "bearer.loginSecret", "bearer.tls", "bearer.unknown",
		"cache.size", "cache.negativeLifetime", "cache.negativeSize", "cache.epoch", "limits.perClient", "limits.clientDepth",
		"identity.prefix", "identity.headers", "identity.require", "errors.format", "errors.statuses", "errors.unavailable",
		"session.secret", "session.cookie", "session.path", "session.parameter", "session.redirect", "session.logout", "session.secure", "session.sameSite", "session.origins",
	} {
		t.Run(path, func(t *testing.T) {
			for i, value := range anyValues() {
				config := f.settings(nil)
				outer, key, nested := strings.Cut(path, ".")
				if !nested {
					config.Settings[outer] = value
				} else if existing, found := config.Settings[outer].(block); found {
					existing[key] = value
				} else {
					config.Settings[outer] = block{key: value}
				}
				w := f.ask(f.route(config), http.MethodGet, "/")
				if w.Code < 400 || f.received != nil {
					t.Errorf("value %d, %T: %d %s, backend %v", i, value, w.Code, w.Body, f.received)
				}
			}
			if got := f.entries("internal"); got != 0 {
				t.Fatalf("%d panics in the log: %s", got, &f.log)
			}
		})
	}
}
