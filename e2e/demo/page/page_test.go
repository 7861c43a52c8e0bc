package page

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestFeed(t *testing.T) {
	t.Run("a reader gets what is newer than what it has, in order", func(t *testing.T) {
		f := NewFeed()
		for i := range kept + 5 {
			f.Add(Event{From: Backend, Text: fmt.Sprint(i)})
		}
		events, _, _, _ := f.after(0, -1)
		if len(events) != kept || events[0].Text != "5" {
			t.Errorf("%d events, from %q on", len(events), events[0].Text)
		}
		events, _, _, more := f.after(kept+4, -1)
		if len(events) != 1 || events[0].ID != kept+5 {
			t.Errorf("%v", events)
		}
		if events, _, _, _ := f.after(kept+5, -1); events != nil {
			t.Errorf("%v", events)
		}
		f.Add(Event{})
		<-more
		if n := f.from(Backend); n != kept+5 {
			t.Errorf("%d are counted", n)
		}
	})
	t.Run("a summary is told once, and again when it has changed", func(t *testing.T) {
		f := NewFeed()
		f.summarize([]byte("1"))
		_, summary, version, more := f.after(0, -1)
		if string(summary) != "1" {
			t.Errorf("%q", summary)
		}
		f.summarize([]byte("1"))
		if _, summary, _, _ := f.after(0, version); summary != nil {
			t.Errorf("%q again", summary)
		}
		f.summarize([]byte("2"))
		<-more
		if _, summary, _, _ := f.after(0, version); string(summary) != "2" {
			t.Errorf("%q", summary)
		}
	})
}

// served is a page with a Traefik that tells a status.
func served(t *testing.T, status func() string) *Server {
	t.Helper()
	traefik := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/operator/status" || r.Header.Get("Authorization") != "Bearer the-token" {
			w.WriteHeader(http.StatusUnauthorized)
		}
		_, _ = io.WriteString(w, status())
	}))
	t.Cleanup(traefik.Close)
	s, err := Start("127.0.0.1:0", NewFeed(), Content{Token: "the-token", Doors: []Door{{API: "bts"}}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	s.Watch(traefik.URL)
	return s
}

// get asks for a path; the body is closed at the end of the test.
func get(t *testing.T, s *Server, path, lastEvent string) *http.Response {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if lastEvent != "" {
		request.Header.Set("Last-Event-ID", lastEvent)
	}
	response, err := (&http.Client{}).Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	return response
}

func TestServer(t *testing.T) {
	t.Run("the page and its files are served, with a policy, and nothing else is", func(t *testing.T) {
		s := served(t, func() string { return "{}" })
		for path, status := range map[string]int{
			"/": 200, "/demo/login": 200, "/demo/page.css": 200, "/demo/page.js": 200, "/demo/doors.js": 200, "/demo/calls.js": 200,
			"/demo/login.js": 200, "/demo/content": 200, "/demo/": 404, "/demo/demo.html": 404, "/other": 404, "/demo/../server.go": 404,
		} {
			response := get(t, s, path, "")
			if response.StatusCode != status {
				t.Errorf("%s: %d", path, response.StatusCode)
			}
			if status == 200 && path != "/demo/content" && response.Header.Get("Content-Security-Policy") != policy {
				t.Errorf("%s: %v", path, response.Header)
			}
		}
	})
	t.Run("a stream has what happened, goes on after the last one, and ends with the server", func(t *testing.T) {
		s := served(t, func() string { return "{}" })
		s.feed.Add(Event{From: API, Text: "one"})
		s.feed.Add(Event{From: API, Text: "two"})
		lines := bufio.NewScanner(get(t, s, "/demo/events", "1").Body)
		if text := next(lines, "data: {\"id\""); !strings.Contains(text, `"two"`) {
			t.Errorf("%q", text)
		}
		s.feed.Add(Event{From: API, Text: "three"})
		if text := next(lines, "data: {\"id\""); !strings.Contains(text, `"three"`) {
			t.Errorf("%q", text)
		}
		ended := make(chan bool)
		go func() { ended <- lines.Scan() && next(lines, "never") == "" }()
		s.Close()
		<-ended
	})
	t.Run("what a gate has counted since is an event for each, of all ways of asking an API", func(t *testing.T) {
		answer, text := make(chan string, 1), `{"scopes":[{"api":"bts","requests":{"miss":1,"hit":2}}]}`
		s := served(t, func() string {
			select {
			case text = <-answer:
			default:
			}
			return text
		})
		lines := bufio.NewScanner(get(t, s, "/demo/events", "").Body)
		for _, want := range []string{"the API was asked", "hit: allowed", "hit: allowed"} {
			if got := next(lines, "data: {\"id\""); !strings.Contains(got, want) {
				t.Errorf("%q, want %q", got, want)
			}
		}
		answer <- `{"scopes":[{"api":"bts","requests":{"miss":1,"hit":2}},{"api":"bts","requests":{"missing":1}}]}`
		if got := next(lines, "data: {\"id\""); !strings.Contains(got, "no credential") {
			t.Errorf("%q", got)
		}
	})
}

// next is the next line that begins so; empty: there is none.
func next(lines *bufio.Scanner, begin string) string {
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), begin) {
			return lines.Text()
		}
	}
	return ""
}

func TestTogether(t *testing.T) {
	t.Run("the scopes of an API are added up", func(t *testing.T) {
		var scopes []scope
		if err := json.Unmarshal([]byte(`[
			{"api":"a","trusted":false,"allowed":{"held":1},"denied":{"held":2},"requests":{"hit":1},"calls":{"allow":1}},
			{"api":"b","requests":{"miss":1}},
			{"api":"a","trusted":true,"allowed":{"held":3},"denied":{"held":4},"requests":{"hit":1,"miss":5},"calls":{"deny":2}}]`), &scopes); err != nil {
			t.Fatal(err)
		}
		want := []scope{
			{API: "a", Trusted: true, Allowed: entries{4}, Denied: entries{6}, Requests: map[string]int64{"hit": 2, "miss": 5}, Calls: map[string]int64{"allow": 1, "deny": 2}},
			{API: "b", Requests: map[string]int64{"miss": 1}, Calls: map[string]int64{}},
		}
		if difference := cmp.Diff(want, together(scopes)); difference != "" {
			t.Error(difference)
		}
	})
}
