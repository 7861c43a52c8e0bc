package scenario

import (
	"sync"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Revalidation: cached answers that are confirmed in the background, and answers
// that arrive too late.
var Revalidation = []Scenario{
	{Name: "an old cached answer is revalidated in the background, once for all requests", Run: revalidated},
	{Name: "a denial on revalidation removes the entry", Run: revalidationDenied},
	{Name: "an outage on revalidation changes nothing until the entry ends", Run: revalidationOutage},
	{Name: "an answer that arrives after a change of epoch is neither used nor cached", Run: lateAllow},
}

func revalidatingConfig(up *upstreams.WebService, more ...any) map[string]any {
	return webServiceConfig(up, append([]any{"revalidate", "1s"}, more...)...)
}

func revalidated(_ *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": revalidatingConfig(up, "timeout", "20s")})
	h.again(func(h *Harness, _ int, by func(deadline time.Time)) {
		token := issueToken(up, "client")
		request := Request{Route: "r", Headers: []string{bearer(token)}}
		by(clockOf(h).Add(time.Second))
		end := h.Expect(200, request).Seen.Header.Get("X-Auth-Expires")
		for range 3 {
			h.Expect(200, request)
		}
		expectCount(h.t, "calls before revalidate has passed", up.CallsWith(token), 1)
		by(time.Time{})
		h.Advance(1100 * time.Millisecond)
		release := up.Hold()
		defer release()
		by(clockOf(h).Add(3 * time.Second)) // none waits for what is held
		var callers sync.WaitGroup
		for range 50 {
			callers.Go(func() {
				if r, err := h.Try(request); err != nil || r.Status != 200 {
					h.t.Errorf("%d %v", r.Status, err)
				}
			})
		}
		callers.Wait()
		by(time.Time{})
		waitFor(h.t, "it is revalidated", func() bool { return up.CallsWith(token) == 2 })
		h.Advance(1100 * time.Millisecond) // due again, but the last one is under way
		h.Expect(200, request)
		release()
		time.Sleep(50 * time.Millisecond)
		expectCount(h.t, "calls: one revalidation at a time", up.CallsWith(token), 2)
		expectEqual(h.t, "X-Auth-Expires", h.Expect(200, request).Seen.Header.Get("X-Auth-Expires"), end)
	})
}

func revalidationDenied(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": revalidatingConfig(up)})
	var token string
	var request Request
	h.again(func(h *Harness, _ int, by func(deadline time.Time)) {
		token = issueToken(up, "client")
		request = Request{Route: "r", Headers: []string{bearer(token)}}
		by(clockOf(h).Add(time.Second))
		h.Expect(200, request)
		up.Fail(token, -105, "")
		h.Expect(200, request)
	})
	h.Advance(1100 * time.Millisecond)
	h.Expect(200, request)
	waitFor(t, "it is revalidated", func() bool { return up.CallsWith(token) == 2 })
	waitFor(t, "it is denied", func() bool { r, err := h.Try(request); return err == nil && r.Status == 403 })
	expectCount(t, "calls once the denial is cached", up.CallsWith(token), 2)
}

func revalidationOutage(_ *testing.T, h *Harness) {
	const lifetime = 6 * time.Second
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": revalidatingConfig(up, "lifetime", lifetime.String())})
	h.again(func(h *Harness, _ int, by func(deadline time.Time)) {
		up.AnswerAll(nil)
		token := issueToken(up, "client")
		request := Request{Route: "r", Headers: []string{bearer(token)}}
		over := clockOf(h).Add(lifetime)
		end := h.Expect(200, request).Seen.Header.Get("X-Auth-Expires")
		asked := clockOf(h)
		up.AnswerAll(&upstreams.Reply{Status: 502, Body: "bad gateway"})
		for calls := 2; calls <= 4; calls++ {
			by(over)
			h.Advance(1100 * time.Millisecond)
			due := clockOf(h).Add(time.Second)
			r := h.Expect(200, request)
			expectEqual(h.t, "X-Auth-Expires", r.Seen.Header.Get("X-Auth-Expires"), end)
			waitFor(h.t, "it is revalidated", func() bool {
				h.Expect(200, request) // the last revalidation may not have ended yet
				return up.CallsWith(token) >= calls
			})
			by(due)
			h.Expect(200, request)
			expectCount(h.t, "calls: none before revalidate has passed again", up.CallsWith(token), calls)
		}
		by(time.Time{})
		h.Pass(asked, lifetime+300*time.Millisecond)
		h.Expect(500, request)
	})
}

func lateAllow(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	first := issueToken(up, "first")
	token := issueToken(up, "client")
	epoch := func(name string) Routes {
		return Routes{"r": with(webServiceConfig(up, "timeout", "20s"), "cache", map[string]any{"epoch": name})}
	}
	h.Serve(epoch("1"))
	h.Expect(200, Request{Route: "r", Headers: []string{bearer(first)}})
	release := up.Hold()
	done := make(chan Response, 1)
	go func() {
		r, err := h.Try(Request{Route: "r", Headers: []string{bearer(token)}})
		if err != nil {
			t.Error(err)
		}
		done <- r
	}()
	waitFor(t, "the lookup has begun", func() bool { return up.CallsWith(token) == 1 })
	h.Serve(epoch("2"))
	release()
	r := <-done
	if r.Status != 500 || r.Seen != nil || r.Header.Get("Retry-After") != "1" {
		t.Errorf("the late answer: %d, Retry-After %q", r.Status, r.Header.Get("Retry-After"))
	}
	up.Fail(token, -105, "")
	h.Expect(403, Request{Route: "r", Headers: []string{bearer(token)}})
	expectCount(t, "calls with the new lookup", up.CallsWith(token), 2)
}
