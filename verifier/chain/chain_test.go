package chain

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/apis"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

// fixture is a chain in front of a server that gives every request one response.
type fixture struct {
	t        *testing.T
	verifier verifier.Verifier
	limit    verifier.Rate

	mu       sync.Mutex
	status   int
	body     string
	requests int
	events   []string
}

// newFixture builds the chain of an API. The server is added to the settings.
func newFixture(t *testing.T, name string, s apis.Settings, status int, body string) *fixture {
	t.Helper()
	f := &fixture{t: t, status: status, body: body}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.requests++
		w.WriteHeader(f.status)
		fmt.Fprint(w, f.body)
	}))
	t.Cleanup(server.Close)
	api := apiOf(t, name)
	s.Target = transport.Target{URL: server.URL, Path: "/v1", Method: api.Method}
	v, err := New(api, s, time.Now, func(_, event, _ string) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.events = append(f.events, event)
	}, nil, tallyOf())
	if err != nil {
		t.Fatal(err)
	}
	f.verifier = v
	return f
}

func apiOf(t *testing.T, name string) *apis.API {
	t.Helper()
	for _, api := range apis.All() {
		if api.Name == name {
			return api
		}
	}
	t.Fatalf("no API %s", name)
	return nil
}

func (f *fixture) verify(c verifier.Credential) (verifier.Decision, error) {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c.Budget = f.limit
	return f.verifier.Verify(ctx, c)
}

func (f *fixture) expectRequests(want int) {
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.requests != want {
		f.t.Errorf("%d requests, want %d", f.requests, want)
	}
}

func (f *fixture) expectEvents(want string) {
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if got := strings.Join(f.events, ", "); got != want {
		f.t.Errorf("reported: %s; want %s", got, want)
	}
}

func token(claims string) string {
	encoding := base64.RawURLEncoding
	return encoding.EncodeToString([]byte(`{"alg":"RS256"}`)) + "." + encoding.EncodeToString([]byte(claims)) + ".c2ln"
}

var bearer = verifier.Credential{Kind: verifier.Bearer, Token: "t"}

func TestNew(t *testing.T) {
	t.Run("a response is read by the API's dialect, and its failures are reported", func(t *testing.T) {
		f := newFixture(t, "bts", apis.Settings{Kind: verifier.Bearer}, 200, `{"status":true}`)
		if d, err := f.verify(bearer); !d.Allowed || err != nil {
			t.Errorf("%+v (%v)", d, err)
		}
		f.expectEvents("")
		f.status = 404
		if d, err := f.verify(bearer); d.Allowed || !errors.Is(err, verifier.ErrMisconfigured) {
			t.Errorf("%+v (%v)", d, err)
		}
		f.expectRequests(2)
		f.expectEvents("misconfigured")
	})

	t.Run("an expired JWT makes no call, not even the canary's", func(t *testing.T) {
		f := newFixture(t, "bts", apis.Settings{Kind: verifier.Bearer, Canary: true}, 200, `{"status":true}`)
		d, err := f.verify(verifier.Credential{Kind: verifier.Bearer, Token: token(`{"exp":1000}`)})
		if d.Denial.Reason != verifier.Expired || err != nil {
			t.Errorf("%+v (%v)", d, err)
		}
		f.expectRequests(0)
	})

	t.Run("a spent budget makes no call", func(t *testing.T) {
		f := newFixture(t, "bts", apis.Settings{Kind: verifier.Bearer}, 200, `{"status":true}`)
		f.limit = verifier.Rate{Calls: 1, Period: time.Hour}
		if d, _ := f.verify(bearer); !d.Allowed {
			t.Errorf("%+v", d)
		}
		if d, _ := f.verify(bearer); d.Denial.Reason != verifier.Throttled {
			t.Errorf("%+v", d)
		}
		f.expectRequests(1)
		f.expectEvents("budget spent")
	})

	t.Run("five failures in a row stop the calls", func(t *testing.T) {
		f := newFixture(t, "bts", apis.Settings{Kind: verifier.Bearer}, 503, "")
		for i := range [6]int{} {
			_, _ = f.verify(verifier.Credential{Kind: verifier.Bearer, Token: fmt.Sprint(i), Client: fmt.Sprint(i / 2)})
		}
		f.expectRequests(5)
		f.expectEvents("outage, circuit open")
	})

	t.Run("TLS material that does not parse is an error", func(t *testing.T) {
		s := apis.Settings{Target: transport.Target{URL: "https://127.0.0.1", TLS: transport.TLS{CA: "none"}}}
		v, err := New(apiOf(t, "bts"), s, time.Now, nil, nil, tallyOf())
		if v != nil || err == nil || err.Error() != "tls.ca holds no certificate" {
			t.Errorf("%v (%v)", v, err)
		}
	})
}

func TestNewCanary(t *testing.T) {
	t.Run("a server that accepts every credential is distrusted", func(t *testing.T) {
		f := newFixture(t, "bts", apis.Settings{Kind: verifier.Bearer, Canary: true}, 200, `{"status":true}`)
		if d, err := f.verify(bearer); d.Allowed || !errors.Is(err, verifier.ErrDistrusted) {
			t.Errorf("%+v (%v)", d, err)
		}
		f.expectRequests(2)
	})

	t.Run("without a canary it is trusted", func(t *testing.T) {
		f := newFixture(t, "bts", apis.Settings{Kind: verifier.Bearer}, 200, `{"status":true}`)
		if d, err := f.verify(bearer); !d.Allowed || err != nil {
			t.Errorf("%+v (%v)", d, err)
		}
		f.expectRequests(1)
	})
}

func TestNewAccountLimiter(t *testing.T) {
	const refused = `{"status":false,"message":"Users or Password Invalid!"}`
	for _, c := range []struct {
		name     string
		settings apis.Settings
		requests int
	}{
		{"an account under the operator's key", apis.Settings{Kind: verifier.Basic, Key: "k"}, 5},
		{"an account beside a key", apis.Settings{Kind: verifier.ApplicationKey, Account: true}, 5},
	} {
		t.Run(c.name+" is verified with five wrong passwords", func(t *testing.T) {
			f := newFixture(t, "thammasat", c.settings, 200, refused)
			for i := range [8]int{} {
				_, _ = f.verify(verifier.Credential{Kind: c.settings.Kind, Token: "k", User: "u", Password: fmt.Sprint(i)})
			}
			f.expectRequests(c.requests)
		})
	}

	t.Run("an API with accounts tells denials of an account from others", func(t *testing.T) {
		for _, api := range apis.All() {
			for _, kind := range api.Kinds {
				if kind != verifier.Bearer && api.RejectsAccount == nil {
					t.Errorf("%s, %s: without RejectsAccount passwords could be guessed without a limit", api.Name, kind)
				}
			}
		}
	})

	t.Run("a key without an account has no such limit", func(t *testing.T) {
		f := newFixture(t, "thammasat", apis.Settings{Kind: verifier.ApplicationKey}, 403, `{"message":"Application-Key Invalid!"}`)
		for i := range [8]int{} {
			_, _ = f.verify(verifier.Credential{Kind: verifier.ApplicationKey, Token: fmt.Sprint(i)})
		}
		f.expectRequests(8)
	})
}

func TestNewLoginTrust(t *testing.T) {
	issued := verifier.Credential{Kind: verifier.Bearer, Token: token(`{"sub":"ali"}`), Issued: time.Now()}
	for _, c := range []struct {
		name     string
		api      string
		secret   string
		allowed  bool
		user     string
		requests int
	}{
		{"a token that carries its identity is allowed with it while there is no answer", "bts", "secret", true, "ali", 1},
		{"a token of an API whose tokens carry no identity is allowed without", "ippanel", "secret", true, "", 1},
		{"without a login secret it is verified as usual", "bts", "", false, "", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t, c.api, apis.Settings{Kind: verifier.Bearer, LoginSecret: c.secret}, 503, "")
			d, _ := f.verify(issued)
			if d.Allowed != c.allowed || d.Identity.Get("user") != c.user {
				t.Errorf("%+v", d)
			}
			f.expectRequests(c.requests)
		})
	}
}
