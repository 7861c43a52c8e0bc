// Package inprocess measures the plugin in the interpreter, without Traefik
// around it: what a request costs, and how much memory a cached credential takes.
package inprocess

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"github.com/upstreamauth/upstreamauth/e2e/bench/noop"
	"github.com/upstreamauth/upstreamauth/e2e/ending"
	"github.com/upstreamauth/upstreamauth/e2e/interpreted"
	"github.com/upstreamauth/upstreamauth/e2e/stage"
)

// bench is everything that is measured here: one interpreter with both plugins'
// handlers, and an upstream that answers at once.
type bench struct {
	remove   func() // takes the folder of both away
	ours     *interpreted.Plugin
	none     *interpreted.Plugin
	upstream *httptest.Server
}

func newBench() (*bench, error) {
	dir, remove, err := ending.Folder("", "upstreamauth-bench-")
	if err != nil {
		return nil, err
	}
	b := &bench{remove: remove, upstream: httptest.NewServer(http.HandlerFunc(upstream))}
	if err := stage.Plugin(dir); err != nil {
		return nil, err
	}
	if err := noop.Stage(dir); err != nil {
		return nil, err
	}
	env := []string{"UPSTREAMAUTH_KEY=operators"}
	if b.ours, err = interpreted.Load(dir, interpreted.Options{Env: env, Stderr: io.Discard}); err != nil {
		return nil, err
	}
	b.none, err = interpreted.Load(dir, interpreted.Options{Module: noop.Module})
	return b, err
}

func (b *bench) close() {
	b.upstream.Close()
	b.remove()
}

// upstream allows every credential that contains "good", and the operator's key. It responds as the web
// service, or as the TU account API to a request with an Application-Key.
func upstream(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	body, _ := io.ReadAll(r.Body)
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	switch key := r.Header.Get("Application-Key"); {
	case key != "" && key != "operators" && !strings.Contains(key, "good"):
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"status":false,"message":"Application-Key Invalid!"}`)
	case key == "":
		if strings.Contains(token, "good") {
			fmt.Fprintf(w, `{"IsSuccess":true,"Data":{"UserName":%q,"Id":12345,"Name":"Somchai Jaidee","Email":"somchai@dome.tu.ac.th"}}`, token[:8])
			return
		}
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"status":"error","message":"Invalid username or password","code":401}`)
	case strings.Contains(string(body), "good") || (len(body) == 0 && strings.Contains(key, "good")):
		if len(body) == 0 {
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"status":false,"message":"Body no data! Request body {user / pass}"}`)
			return
		}
		_, _ = io.WriteString(w, `{"status":true,"message":"Success","username":"somchai","displayname_en":"Somchai Jaidee","email":"somchai@dome.tu.ac.th","type":"student"}`)
	default:
		_, _ = io.WriteString(w, `{"status":false,"message":"Users or Password Invalid!"}`)
	}
}

// next takes the requests that are allowed.
var next = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Header()["X-Backend"] = nil })

// handler makes one of ours.
func (b *bench) handler(config map[string]any) (http.Handler, error) {
	return b.ours.New(context.Background(), next, config, "bench@file")
}

// bearers is the configuration of a route for tokens of the web service; the
// epoch gives it a scope of its own.
func (b *bench) bearers(epoch string, entries int, more ...any) map[string]any {
	config := map[string]any{
		"bearer":   map[string]any{"api": "webservice", "url": b.upstream.URL, "path": "/check"},
		"cache":    map[string]any{"epoch": epoch, "size": max(entries, 1000), "negativeLifetime": "1h"},
		"limits":   map[string]any{"perClient": "1000000/1h"},
		"identity": map[string]any{"headers": headers(3)},
	}
	for i := 0; i+1 < len(more); i += 2 {
		config[more[i].(string)] = more[i+1]
	}
	return config
}

// headers is identity.headers with that many of them.
func headers(n int) map[string]any {
	all := map[string]any{}
	fields := []string{"user", "id", "name", "email", "api", "expires"}
	for i := range n {
		all[fmt.Sprint("X-Auth-Field-", i)] = fields[i%len(fields)]
	}
	return all
}

// fill sends that many tokens, so that they are cached.
func fill(h http.Handler, prefix string, entries int) error {
	var group sync.WaitGroup
	failed := make(chan int, 8)
	for part := range 8 {
		group.Go(func() {
			for i := part; i < entries; i += 8 {
				w := &writer{header: http.Header{}}
				h.ServeHTTP(w, request(usual, "Authorization", fmt.Sprintf("Bearer %s-good-%d", prefix, i)))
				if w.status != 0 {
					failed <- w.status
					return
				}
			}
		})
	}
	group.Wait()
	select {
	case status := <-failed:
		return fmt.Errorf("a valid token gets %d", status)
	default:
		return nil
	}
}
