package chain

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
	"github.com/upstreamauth/upstreamauth/verifier/custom"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// customFixture is the chain of a definition in front of a server that notes what it gets.
type customFixture struct {
	verifier verifier.Verifier

	mu   sync.Mutex
	asks []string
}

func newCustomFixture(t *testing.T, d *custom.Definition, canary bool, answer func(r *http.Request) (int, string)) *customFixture {
	t.Helper()
	f := &customFixture{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		f.mu.Lock()
		f.asks = append(f.asks, strings.Join([]string{r.Method, r.URL.RequestURI(), r.Header.Get("Authorization"), string(body), r.Header.Get("Content-Type")}, " "))
		f.mu.Unlock()
		status, text := answer(r)
		w.WriteHeader(status)
		fmt.Fprint(w, text)
	}))
	t.Cleanup(server.Close)
	s := apis.Settings{Kind: d.Kind, Canary: canary, Target: transport.Target{URL: server.URL, Path: "/v1/me", Method: d.Method}}
	v, err := New(custom.New(d), s, time.Now, func(_, _, _ string) {}, nil, tallyOf())
	if err != nil {
		t.Fatal(err)
	}
	f.verifier = v
	return f
}

func (f *customFixture) verify(c verifier.Credential) (verifier.Decision, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	d, err := f.verifier.Verify(ctx, c)
	return d, err
}

func (f *customFixture) asked() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.asks...)
}

// definitionOf is a definition with the default rows that sends the token as RFC 6750 says.
func definitionOf(t *testing.T) *custom.Definition {
	t.Helper()
	header, fault := custom.ParseHeader("Bearer {token}", custom.Allowed{Names: map[string]bool{"token": true}})
	if fault != "" {
		t.Fatal(fault)
	}
	return &custom.Definition{
		Name: "custom", Kind: verifier.Bearer, Method: "GET", QuotaBy: verifier.QuotaByCredential, Fingerprint: "x", Rows: custom.DefaultRows(),
		Request: custom.Request{Header: map[string]*custom.Template{"Authorization": header}},
	}
}

func TestCustom(t *testing.T) {
	token := func(text string) verifier.Credential {
		return verifier.Credential{Kind: verifier.Bearer, Token: text, Client: "192.0.2.1"}
	}
	only := func(good string) func(r *http.Request) (int, string) {
		return func(r *http.Request) (int, string) {
			if r.Header.Get("Authorization") == "Bearer "+good {
				return 200, `{"login":"ann"}`
			}
			return 401, `{}`
		}
	}

	t.Run("a token is asked about as the definition says, after a canary of its shape", func(t *testing.T) {
		f := newCustomFixture(t, definitionOf(t), true, only("good"))
		d, err := f.verify(token("good"))
		if err != nil || !d.Allowed {
			t.Fatalf("%+v %v", d, err)
		}
		asked := f.asked()
		if len(asked) != 2 {
			t.Fatalf("%q", asked)
		}
		for _, ask := range asked {
			if !strings.HasPrefix(ask, "GET /v1/me Bearer ") || len(ask) != len("GET /v1/me Bearer good  ") && len(ask) != len("GET /v1/me Bearer   ")+64 {
				t.Errorf("%q", ask)
			}
		}
	})

	t.Run("an API that says yes to all is not believed", func(t *testing.T) {
		f := newCustomFixture(t, definitionOf(t), true, func(*http.Request) (int, string) { return 200, `{}` })
		d, err := f.verify(token("any"))
		if err == nil || d.Allowed || d.Denial.Reason != verifier.Distrusted {
			t.Errorf("%+v %v", d, err)
		}
	})

	t.Run("an API that says no to all is, and lets none pass", func(t *testing.T) {
		f := newCustomFixture(t, definitionOf(t), true, func(*http.Request) (int, string) { return 403, `{}` })
		d, err := f.verify(token("any"))
		if err != nil || d.Allowed || d.Denial.Status != 403 || d.Denial.Reason != verifier.Forbidden {
			t.Errorf("%+v %v", d, err)
		}
	})

	t.Run("each credential has a budget, or all share one", func(t *testing.T) {
		for quota, second := range map[string]bool{verifier.QuotaByCredential: true, verifier.QuotaShared: false} {
			definition := definitionOf(t)
			definition.QuotaBy = quota
			f := newCustomFixture(t, definition, false, func(*http.Request) (int, string) { return 200, `{}` })
			for i := 0; i < 10; i++ { // the whole of it
				c := token("one")
				c.Known = true
				c.Budget = verifier.Rate{Calls: 10, Period: time.Hour}
				if d, err := f.verify(c); err != nil || !d.Allowed {
					t.Fatalf("%s: %+v %v", quota, d, err)
				}
			}
			c := token("two")
			c.Known = true
			c.Budget = verifier.Rate{Calls: 10, Period: time.Hour}
			if d, _ := f.verify(c); d.Allowed != second {
				t.Errorf("%s: %+v", quota, d)
			}
		}
	})

	t.Run("guesses at an account's password end, and those at a token do not", func(t *testing.T) {
		definition := definitionOf(t)
		definition.Kind, definition.QuotaBy = verifier.Basic, verifier.QuotaShared
		header, fault := custom.ParseHeader("Basic {basic}", custom.Allowed{Names: map[string]bool{"basic": true}})
		if fault != "" {
			t.Fatal(fault)
		}
		definition.Request.Header = map[string]*custom.Template{"Authorization": header}
		f := newCustomFixture(t, definition, false, func(*http.Request) (int, string) { return 401, `{}` })
		for i := 0; i < 6; i++ {
			d, err := f.verify(verifier.Credential{Kind: verifier.Basic, User: "ann", Password: fmt.Sprint(i), Client: "192.0.2.1"})
			want := verifier.Invalid
			if i == 5 {
				want = verifier.Throttled
			}
			if err != nil || d.Denial.Reason != want {
				t.Errorf("%d: %+v %v", i, d, err)
			}
		}
		if asked := f.asked(); len(asked) != 5 {
			t.Errorf("%q", asked)
		}
	})

	t.Run("an ended JWT is refused without a call where the canary is a JWT", func(t *testing.T) {
		definition := definitionOf(t)
		definition.CanaryJWT = true
		f := newCustomFixture(t, definition, true, only("good"))
		d, err := f.verify(token("e30.eyJleHAiOjF9.c2ln"))
		if err != nil || d.Denial.Reason != verifier.Expired || len(f.asked()) != 0 {
			t.Errorf("%+v %v %q", d, err, f.asked())
		}
	})

	t.Run("a JWT in the header of a key ends as one in Authorization does", func(t *testing.T) {
		const (
			ended = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjF9.c2ln"
			alive = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjQxMDI0NDQ4MDB9.c2ln"
		)
		definition := definitionOf(t)
		definition.Kind = verifier.ApplicationKey
		f := newCustomFixture(t, definition, false, func(*http.Request) (int, string) { return 200, `{}` })
		key := func(text string) verifier.Credential {
			return verifier.Credential{Kind: verifier.ApplicationKey, Token: text}
		}
		if d, err := f.verify(key(alive)); err != nil || !d.Allowed || d.Expires.Unix() != 4102444800 {
			t.Errorf("its end: %+v %v", d, err)
		}
		if d, err := f.verify(key(ended)); err != nil || d.Allowed && !d.Once {
			t.Errorf("one that is over is remembered: %+v %v", d, err)
		}
		before := len(f.asked())
		if d, err := f.verify(key(alive + "=")); err != nil || d.Allowed || len(f.asked()) != before {
			t.Errorf("another spelling: %+v %v", d, err)
		}
		definition.CanaryJWT = true
		f = newCustomFixture(t, definition, false, func(*http.Request) (int, string) { return 200, `{}` })
		if d, err := f.verify(key(ended)); err != nil || d.Denial.Reason != verifier.Expired || len(f.asked()) != 0 {
			t.Errorf("where all are JWTs: %+v %v", d, err)
		}
	})

	t.Run("what the response and the token say of its end, the earlier counts", func(t *testing.T) {
		definition := definitionOf(t)
		instant, fault := custom.ParseInstant("end")
		if fault != "" {
			t.Fatal(fault)
		}
		definition.Identity.ExpiresAt = &instant
		end := time.Now().Add(time.Hour).Unix()
		f := newCustomFixture(t, definition, false, func(*http.Request) (int, string) { return 200, fmt.Sprintf(`{"end":%d}`, end) })
		d, err := f.verify(token("e30.eyJleHAiOjQxMDI0NDQ4MDB9.c2ln"))
		if err != nil || !d.Allowed || d.Expires.Unix() != end {
			t.Errorf("%+v %v", d, err)
		}
	})
}
