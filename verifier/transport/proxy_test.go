package transport

import (
	"bufio"
	"context"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// gateway is an HTTP proxy for tests: it opens tunnels, and passes on requests with a whole
// address, for who knows its user and password.
type gateway struct {
	*httptest.Server
	user string // "user:password"; empty: anybody

	mu   sync.Mutex
	seen []string // request lines
}

func newGateway(t *testing.T, user string, secured bool) *gateway {
	t.Helper()
	g := &gateway{user: user}
	g.Server = httptest.NewUnstartedServer(http.HandlerFunc(g.serve))
	if secured {
		g.StartTLS()
	} else {
		g.Start()
	}
	t.Cleanup(g.Close)
	return g
}

func (g *gateway) serve(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	g.seen = append(g.seen, r.Method+" "+r.RequestURI)
	g.mu.Unlock()
	known := &http.Request{Header: http.Header{"Authorization": r.Header["Proxy-Authorization"]}}
	user, password, _ := known.BasicAuth()
	if g.user != "" && user+":"+password != g.user {
		w.WriteHeader(http.StatusProxyAuthRequired)
		return
	}
	if r.Method == http.MethodConnect {
		g.tunnel(w, r)
		return
	}
	if r.Header.Get("Proxy-Authorization") != "" {
		r.Header.Del("Proxy-Authorization")
	}
	r.RequestURI = ""
	response, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer response.Body.Close()
	w.WriteHeader(response.StatusCode)
	_, _ = io.Copy(w, response.Body)
}

func (g *gateway) tunnel(w http.ResponseWriter, r *http.Request) {
	to, err := net.Dial("tcp", r.Host)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	w.WriteHeader(http.StatusOK)
	from, in, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	go func() { _, _ = io.Copy(to, in); _ = to.Close() }()
	_, _ = io.Copy(from, bufio.NewReader(to))
	_ = from.Close()
}

// at is the proxy's address with a user.
func (g *gateway) at(user string) string {
	address, _ := url.Parse(g.URL)
	if user != "" {
		name, password, _ := strings.Cut(user, ":")
		address.User = url.UserPassword(name, password)
	}
	return address.String()
}

func pemOf(server *httptest.Server) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
}

func TestProxy(t *testing.T) {
	type upstreamKind struct {
		name    string
		secured bool
		h2      bool
	}
	for _, kind := range []upstreamKind{{"http", false, false}, {"https", true, false}, {"HTTP/2", true, true}} {
		for _, secured := range []bool{false, true} {
			kind, secured := kind, secured
			name := kind.name + " through http"
			if secured {
				name += "s"
			}
			t.Run(name, func(t *testing.T) {
				var got http.Header
				var host string
				var major int
				upstream := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					got, host, major = r.Header, r.Host, r.ProtoMajor
					_, _ = io.WriteString(w, `{"ok":true}`)
				}))
				upstream.EnableHTTP2 = kind.h2
				if kind.secured {
					upstream.StartTLS()
				} else {
					upstream.Start()
				}
				defer upstream.Close()
				g := newGateway(t, "gate:p@ss w", secured)
				target := Target{URL: upstream.URL, Path: "/me?x=1", Method: "GET", Proxy: g.at("gate:p@ss w"), Headers: []Header{{Name: "Language", Value: "uz"}, {Name: "User-Agent", Value: "own"}}}
				if kind.secured {
					target.TLS.CA = pemOf(upstream)
					target.Host = "keys.example.test"
				}
				if secured {
					target.TLS.CA += pemOf(g.Server)
				}
				c, err := NewClient(target, time.Now)
				if err != nil {
					t.Fatal(err)
				}
				for i := 0; i < 3; i++ {
					ctx, cancel := context.WithTimeout(context.Background(), ample)
					response, err := c.Do(ctx, Request{Header: http.Header{"Authorization": {"Bearer x"}, "Language": {"own"}}})
					cancel()
					if err != nil || response.Status != 200 || response.Body == nil {
						t.Fatal(err, response)
					}
				}
				if got.Get("Proxy-Authorization") != "" || got.Get("Language") != "own" || got.Get("User-Agent") != "own" {
					t.Errorf("the upstream gets %v", got)
				}
				if want := target.Host; kind.secured && host != want {
					t.Errorf("asked for %s", host)
				}
				if want := kind.h2 && !secured; (major == 2) != want {
					t.Errorf("HTTP/%d", major)
				}
				address, _ := url.Parse(upstream.URL)
				want := "CONNECT " + address.Host
				if !kind.secured {
					want = "GET " + upstream.URL + "/me?x=1"
				}
				if len(g.seen) == 0 || g.seen[0] != want {
					t.Errorf("the proxy gets %q, want %s", g.seen, want)
				}
			})
		}
	}
	t.Run("what goes wrong at the proxy is named, without its password", func(t *testing.T) {
		upstream := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {}))
		defer upstream.Close()
		g := newGateway(t, "gate:secret", false)
		closed := newGateway(t, "", false)
		closed.Close()
		for proxy, want := range map[string]string{
			g.at("gate:wrong"): "a user and a password", g.at(""): "a user and a password", closed.at("gate:wrong"): "refuses connections",
			"http://gate:wrong@no.such.invalid:1": "does not resolve", strings.Replace(g.at("gate:wrong"), "http:", "https:", 1): "no TLS",
			"http://gate:wrong@" + upstream.Listener.Addr().String(): "proxy",
		} {
			c, err := NewClient(Target{URL: upstream.URL, Method: "GET", Proxy: proxy, TLS: TLS{CA: pemOf(upstream)}}, time.Now)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), ample)
			response, err := c.Do(ctx, Request{Header: http.Header{}})
			cancel()
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error()+response.Advice, "wrong") || response.FailedAt != Connecting {
				t.Errorf("%v (%s), want %s", err, response.FailedAt, want)
			}
		}
	})
	t.Run("a proxy that opens no connection", func(t *testing.T) {
		g := newGateway(t, "", false)
		c, _ := NewClient(Target{URL: "https://127.0.0.1:1", Method: "GET", Proxy: g.URL}, time.Now)
		_, err := c.Do(context.Background(), Request{Header: http.Header{}})
		if err == nil || !strings.Contains(err.Error(), "opens no connection") {
			t.Error(err)
		}
	})
}
