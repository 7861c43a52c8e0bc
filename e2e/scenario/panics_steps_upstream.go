package scenario

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// The steps with an upstream in an outage, distrusted, slow or saturated.

func stepOutage(f *panicFixture) {
	up, issue := f.newWebService()
	defer up.Close()
	f.apply(Routes{"r": webServiceConfig(up)})
	token, user := issue()
	for range 2 { // once more if a panic has failed the first: it is to be known
		f.expect(200, user, getRequest("r", bearer(token)))
	}
	up.AnswerAll(&upstreams.Reply{Status: 502})
	for range 7 {
		f.expect(500, "", getRequest("r", bearer(f.unique("invalid"))))
	}
	f.expect(200, user, getRequest("r", bearer(token)))
	f.expectRecovery(up, 11*time.Second, issue)
}

// expectRecovery ends the scripted replies, and expects a new user to be allowed
// after this time.
func (f *panicFixture) expectRecovery(up *upstreams.WebService, after time.Duration, issue func() (token, user string)) {
	up.AnswerAll(nil)
	if f.advance(after) {
		token, user := issue()
		f.expect(200, user, getRequest("r", bearer(token)))
	}
}

func stepDistrusted(f *panicFixture) {
	up, issue := f.newWebService()
	defer up.Close()
	tu := newThammasat(f.Clock())
	defer tu.Close()
	tu.BodyFirst(true)
	ipp, bts := newIPPanel(f.Clock()), newBTS(f.Clock())
	defer ipp.Close()
	defer bts.Close()
	bts.Open("/v1/open")
	ipp.AnswerAll(&upstreams.Reply{Body: `{"data":{"user_name":"x"},"meta":{"status":true,"message_code":"200-1"}}`})
	f.apply(Routes{
		"r":       webServiceConfig(up),
		"bare":    routeConfig("applicationKey", "thammasat", tu.URL),
		"panel":   routeConfig("bearer", "ippanel", ipp.URL),
		"courier": routeConfig("bearer", "bts", bts.URL, "path", "/v1/open"),
	})
	f.expect(500, "", getRequest("bare", key(validKey)))
	f.expect(500, "", getRequest("panel", bearer(f.unique("invalid"))))
	f.expect(500, "", getRequest("courier", bearer(f.unique("invalid"))))
	up.AnswerAll(&upstreams.Reply{Body: `{"IsSuccess":true,"Data":{"UserName":"any"}}`})
	f.expect(500, "", getRequest("r", bearer(f.unique("invalid"))))
	f.expect(500, "", getRequest("r", bearer(f.unique("invalid"))))
	f.expectRecovery(up, 61*time.Second, issue)
}

func stepRevalidation(f *panicFixture) {
	up, issue := f.newWebService()
	defer up.Close()
	f.apply(Routes{"r": webServiceConfig(up, "revalidate", "30s", "lifetime", "1h")})
	token, user := issue()
	f.expect(200, user, getRequest("r", bearer(token)))
	for range 2 {
		if !f.advance(31 * time.Second) {
			return
		}
		calls := up.CallsWith(token)
		f.expect(200, user, getRequest("r", bearer(token)))
		// It is revalidated in the background, unless a panic has kept it from that.
		for begun := time.Now(); up.CallsWith(token) == calls && time.Since(begun) < 300*time.Millisecond; {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(10 * time.Millisecond)
	}
	f.expect(200, user, getRequest("r", bearer(token)))
	up.Answer(token, upstreams.Reply{Status: 401, Body: `{"status":"error","message":"x","code":401}`})
	f.advance(31 * time.Second)
	f.expect(200, user, getRequest("r", bearer(token)))
	begun := time.Now()
	for r, err := f.Try(getRequest("r", bearer(token))); err == nil && r.Status == 200; r, err = f.Try(getRequest("r", bearer(token))) {
		if f.enabled && time.Since(begun) > time.Second {
			return
		}
		if time.Since(begun) > 20*time.Second {
			f.t.Error("the denial on revalidation has no effect")
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func stepSharedLookup(f *panicFixture) {
	up, issue := f.newWebService()
	defer up.Close()
	config := webServiceConfig(up)
	quick := webServiceConfig(up, "timeout", "100ms")
	f.apply(Routes{"r": config, "quick": quick})
	token, user := issue()
	release := up.Hold()
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() { f.expect(200, user, getRequest("r", bearer(token))) })
	}
	// The next request is to join that lookup, and to end before it. A panic may
	// have kept the lookup from beginning.
	for begun := time.Now(); up.CallsWith(token) == 0 && time.Since(begun) < 200*time.Millisecond; {
		time.Sleep(time.Millisecond)
	}
	f.expect(500, "", getRequest("quick", bearer(token)))
	release()
	all.Wait()
	f.expect(200, user, getRequest("quick", bearer(token)))
}

// stepSaturated sends a few more requests than may wait for one of the concurrent
// lookups, and more when those have waited too long.
func stepSaturated(f *panicFixture) {
	up, issue := f.newWebService()
	defer up.Close()
	timeout := 7 * time.Second
	if f.Clock() != nil { // no wait lasts as long; a busy machine takes its time for so many
		timeout = time.Minute
	}
	f.apply(Routes{"r": webServiceConfig(up, "timeout", timeout.String())})
	token, user := issue()
	f.expect(200, user, getRequest("r", bearer(token)))
	release := up.Hold()
	var all sync.WaitGroup
	var denied atomic.Int64
	send := func(line string) {
		all.Go(func() {
			r, err := f.Try(getRequest("r", line))
			if err == nil && r.Status == 500 && r.Header.Get("Retry-After") == "1" {
				denied.Add(1)
			}
		})
	}
	var waiting []string // most of these
	for i := range 70 + 512 {
		line := bearer(f.unique("invalid"))
		if i%100 == 50 {
			waiting = append(waiting, line)
		}
		send(line)
	}
	for begun := time.Now(); denied.Load() == 0 && time.Since(begun) < timeout-time.Second; {
		time.Sleep(time.Millisecond)
	}
	for _, line := range waiting {
		send(line) // it joins the one that waits
	}
	time.Sleep(100 * time.Millisecond) // before the clock ends their wait
	f.advance(timeout + time.Second)
	send(bearer(f.unique("invalid")))
	time.Sleep(10 * time.Millisecond)
	release()
	all.Wait()
	if denied.Load() == 0 && !f.enabled {
		f.t.Error("too many at once: none was denied")
	}
	f.expect(200, user, getRequest("r", bearer(token)))
}

// stepCanaryTimeout has a caller whose time is over before the canary's. Where the clock
// does not move, the two end at the same instant, in random order: hence several times.
func stepCanaryTimeout(f *panicFixture) {
	if f.Clock() != nil {
		f.callerTimeout()
		return
	}
	for range 3 {
		f.canaryTimeout()
	}
}

// callerTimeout: the canary begins with a caller that waits for a second; another one,
// after the configuration has changed and the instance before counts no more, waits for
// less.
func (f *panicFixture) callerTimeout() {
	first, second := f.unique("first"), f.unique("second")
	probed := make(chan struct{})
	var once sync.Once
	up := upstreams.NewHTTPServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if token := r.Header.Get("Authorization"); token != "Bearer "+first && token != "Bearer "+second {
			once.Do(func() { close(probed) })
			<-r.Context().Done()
		}
		_, _ = w.Write([]byte(`{"IsSuccess":true}`))
	}))
	defer up.Close()
	routes := func(timeout string) Routes {
		return Routes{"r": routeConfig("bearer", "webservice", up.URL, "path", "/", "timeout", timeout)}
	}
	f.apply(routes("1s"))
	var all sync.WaitGroup
	all.Go(func() { f.expect(500, "", getRequest("r", bearer(first))) })
	defer all.Wait()
	select {
	case <-probed:
	case <-time.After(time.Second): // a panic before it
	}
	f.apply(routes("200ms"))
	f.advance(61 * time.Second) // longer than replaced instances count
	f.apply(routes("200ms"))
	f.expect(500, "", getRequest("r", bearer(second)))
}

func (f *panicFixture) canaryTimeout() {
	token := f.unique("token")
	up := upstreams.NewHTTPServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			<-r.Context().Done()
		}
		_, _ = w.Write([]byte(`{"IsSuccess":true}`))
	}))
	defer up.Close()
	f.apply(Routes{"r": routeConfig("bearer", "webservice", up.URL, "path", "/", "timeout", "200ms")})
	f.expect(500, "", getRequest("r", bearer(token)))
	time.Sleep(20 * time.Millisecond) // the lookup itself ends at the same instant
}
