package pages

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/examples"
	"github.com/upstreamauth/upstreamauth/e2e/traefik"
	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// The blocks of docs/custom.md are pasted into a Traefik as they stand; only the
// addresses are those of servers here.
func TestCustomPage(t *testing.T) {
	const secret = "the-gateway-of-this-test"
	server, err := traefik.Start(traefik.Options{LogLevel: "ERROR", Env: []string{"UPSTREAMAUTH_KEYS=" + secret}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Stop() }()
	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprint(w, r.Header.Get("X-Auth-Api"), " ", r.Header.Get("X-Auth-User"), " ", r.Header.Get("X-Auth-Roles"))
	}))
	defer backend.Close()

	t.Run("the three lines allow what the API allows, and deny the rest", func(t *testing.T) {
		me := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			if r.URL.Path != "/me" || r.Header.Get("Authorization") != "Bearer good-token" {
				w.WriteHeader(http.StatusUnauthorized)
			}
			_, _ = fmt.Fprint(w, "{}")
		}))
		defer me.Close()
		paste(t, server, 0, strings.NewReplacer("https://api.example.com", me.URL, "http://app:8080", backend.URL))
		for token, want := range map[string]string{"good-token": "200 custom", "another": "401", "": "401"} {
			if got := asked(t, server, token); !strings.HasPrefix(got, want) {
				t.Errorf("%q: %s, want %s", token, got, want)
			}
		}
	})
	t.Run("the block that is made of curl's output tells good keys, bad ones, and what is neither", func(t *testing.T) {
		keys := upstreams.NewKeys(upstreams.Options{}, secret)
		defer keys.Close()
		key := func(last string) string { return "sk_live_" + strings.Repeat("0", 31) + last }
		keys.AddKey(key("1"), upstreams.VerifiedKey{ID: "k_9", Owner: "Maryam", Plan: "pro", Scopes: []string{"read", "write"}})
		keys.AddKey(key("2"), upstreams.VerifiedKey{ID: "k_8", Owner: "Reza", Plan: "free"})
		keys.AddKey(key("3"), upstreams.VerifiedKey{Reason: "expired"})
		keys.AddKey(key("4"), upstreams.VerifiedKey{Reason: "rate_limited"})
		paste(t, server, 1, strings.NewReplacer("https://verify.example.com", keys.URL, "http://app:8080", backend.URL))
		for token, want := range map[string]string{
			key("1"):   "200 keys Maryam read,write",
			key("2"):   "403 {",
			key("3"):   `401 {"valid":false,"reason":"expired"`,
			key("4"):   `429 {"valid":false,"reason":"rate_limited"`,
			key("5"):   `401 {"valid":false,"reason":"not_found"`,
			"no key":   "400 {",
			"sk_live_": `400 {"valid":false,"reason":"malformed_key"`,
			"":         `401 {"valid":false,"reason":"missing_key"`,
		} {
			if got := asked(t, server, token); !strings.HasPrefix(got, want) {
				t.Errorf("%q: %s, want %s", token, got, want)
			}
		}
	})
}

// paste serves the n-th configuration of docs/custom.md.
func paste(t *testing.T, server *traefik.Server, n int, here *strings.Replacer) {
	t.Helper()
	pages, err := examples.Pages()
	if err != nil {
		t.Fatal(err)
	}
	page, err := examples.Find(pages, "docs/custom.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, b := range page.Blocks() {
		if b.Language == "yaml" {
			blocks = append(blocks, b.Text)
		}
	}
	if err := server.ApplyYAML("page", []byte(here.Replace(blocks[n]))); err != nil {
		t.Fatal(err)
	}
}

// asked is the status and the body of a request with a token; empty: without one.
func asked(t *testing.T, server *traefik.Server, token string) string {
	t.Helper()
	request, err := http.NewRequest(http.MethodGet, server.URL+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "app.example.com"
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body := make([]byte, 200)
	n, _ := response.Body.Read(body)
	return fmt.Sprint(response.StatusCode, " ", string(body[:n]))
}
