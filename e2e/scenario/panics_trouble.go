package scenario

import (
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// The acts in which an upstream is down, wrong, slow or crowded.

func actOutage(x *Exam) {
	up, issue := x.service()
	defer up.Close()
	x.serve(Routes{"r": block("bearer", "webservice", up.URL, "path", up.Path())})
	token, user := issue()
	x.want(200, user, get("r", bearer(token)))
	up.AnswerAll(&upstreams.Reply{Status: 502})
	for range 7 {
		x.want(500, "", get("r", bearer(x.fresh("junk"))))
	}
	x.want(200, user, get("r", bearer(token)))
	up.AnswerAll(nil)
	if x.pass(11 * time.Second) {
		another, name := issue()
		x.want(200, name, get("r", bearer(another)))
	}
}

func actOpen(x *Exam) {
	up, issue := x.service()
	defer up.Close()
	tu := university(x.Clock())
	defer tu.Close()
	tu.BodyFirst(true)
	ipp, bts := panel(x.Clock()), courier(x.Clock())
	defer ipp.Close()
	defer bts.Close()
	bts.Open("/v1/open")
	ipp.AnswerAll(&upstreams.Reply{Body: `{"data":{"user_name":"x"},"meta":{"status":true,"message_code":"200-1"}}`})
	x.serve(Routes{
		"r":       block("bearer", "webservice", up.URL, "path", up.Path()),
		"bare":    block("applicationKey", "thammasat", tu.URL),
		"panel":   block("bearer", "ippanel", ipp.URL),
		"courier": block("bearer", "bts", bts.URL, "path", "/v1/open"),
	})
	x.want(500, "", get("bare", key(goodKey)))
	x.want(500, "", get("panel", bearer(x.fresh("junk"))))
	x.want(500, "", get("courier", bearer(x.fresh("junk"))))
	up.AnswerAll(&upstreams.Reply{Body: `{"IsSuccess":true,"Data":{"UserName":"anybody"}}`})
	x.want(500, "", get("r", bearer(x.fresh("junk"))))
	x.want(500, "", get("r", bearer(x.fresh("junk"))))
	up.AnswerAll(nil)
	if x.pass(61 * time.Second) {
		token, user := issue()
		x.want(200, user, get("r", bearer(token)))
	}
}

func actAgain(x *Exam) {
	up, issue := x.service()
	defer up.Close()
	x.serve(Routes{"r": block("bearer", "webservice", up.URL, "path", up.Path(), "revalidate", "30s", "lifetime", "1h")})
	token, user := issue()
	x.want(200, user, get("r", bearer(token)))
	for range 2 {
		if !x.pass(31 * time.Second) {
			return
		}
		x.want(200, user, get("r", bearer(token)))
		time.Sleep(10 * time.Millisecond) // it is asked behind the request's back
	}
	x.want(200, user, get("r", bearer(token)))
	up.Answer(token, upstreams.Reply{Status: 401, Body: `{"status":"error","message":"x","code":401}`})
	x.pass(31 * time.Second)
	x.want(200, user, get("r", bearer(token)))
	begun := time.Now()
	for r, err := x.Try(get("r", bearer(token))); err == nil && r.Status == 200; r, err = x.Try(get("r", bearer(token))) {
		if time.Since(begun) > time.Second {
			if !x.armed {
				x.t.Error("the refusal is not heard")
			}
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func actCrowd(x *Exam) {
	up, issue := x.service()
	defer up.Close()
	config := block("bearer", "webservice", up.URL, "path", up.Path())
	quick := block("bearer", "webservice", up.URL, "path", up.Path(), "timeout", "100ms")
	x.serve(Routes{"r": config, "quick": quick})
	token, user := issue()
	release := up.Hold()
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() { x.want(200, user, get("r", bearer(token))) })
	}
	x.want(500, "", get("quick", bearer(token)))
	release()
	all.Wait()
	x.want(200, user, get("quick", bearer(token)))
}

// actTooMany has a few more asked about than may be at once.
func actTooMany(x *Exam) {
	up, issue := x.service()
	defer up.Close()
	x.serve(Routes{"r": block("bearer", "webservice", up.URL, "path", up.Path())})
	token, user := issue()
	x.want(200, user, get("r", bearer(token)))
	release := up.Hold()
	var all sync.WaitGroup
	var turnedAway atomic.Int64
	for range 70 {
		line := bearer(x.fresh("junk"))
		all.Go(func() {
			r, err := x.Try(get("r", line))
			if err == nil && r.Status == 500 {
				turnedAway.Add(1)
			}
		})
	}
	for begun := time.Now(); turnedAway.Load() == 0 && time.Since(begun) < 900*time.Millisecond; {
		time.Sleep(time.Millisecond)
	}
	release()
	all.Wait()
	if turnedAway.Load() == 0 {
		x.t.Error("70 at once: nobody was turned away")
	}
	x.want(200, user, get("r", bearer(token)))
}

// actSilent is played a few times: which of two things that end at the same
// instant ends first is nobody's choice.
func actSilent(x *Exam) {
	for range 3 {
		x.silent()
	}
}

func (x *Exam) silent() {
	token := x.fresh("token")
	up := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			<-r.Context().Done()
		}
		_, _ = w.Write([]byte(`{"IsSuccess":true}`))
	}))
	defer up.Close()
	x.serve(Routes{"r": block("bearer", "webservice", up.URL, "path", "/", "timeout", "200ms")})
	x.want(500, "", get("r", bearer(token)))
	time.Sleep(20 * time.Millisecond) // the question itself ends at the same instant
}
