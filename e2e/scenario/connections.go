package scenario

import (
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// Connections: an answer belongs to the question that it was given to, whatever else a
// connection brings.
var Connections = []Scenario{
	{Name: "a second answer 2 to 8 ms after the first allows no credential, one question after the other", Run: secondAnswersInSequence},
	{Name: "a second answer 2 to 8 ms after the first allows no credential, sixteen questions at a time", Run: secondAnswersAtOnce},
	{Name: "a second answer at any other instant, or in any other form, allows no credential", Run: secondAnswersOfEverySort},
	{Name: "with keepAlive: false a second answer allows no credential, however late it comes", Run: secondAnswersLate},
	{Name: "a question whose kept connection was closed before an answer is asked once more, and no third time", Run: keptConnectionsGone},
	{Name: "a revalidation and a logout are asked once more, too, over TLS and after a reset", Run: keptConnectionsOfEverySort},
	{Name: "a reply that was begun is not asked for again", Run: halfReplies},
	{Name: "an upstream that offers HTTP/2 is asked over one connection", Run: sharedConnection},
	{Name: "a reload keeps the connections", Run: keptOverReloads},
	{Name: "an answer with an Age was not made for the question, and questions ask for none", Run: answersOfCaches},
}

const (
	rawYes  = `{"IsSuccess":true,"Data":{"UserName":"` + Marker + `admin"}}`
	rawNo   = `{"status":"error","message":"no","code":401}`
	rawUser = Marker + "valid"
)

// rawFirst is what the API itself answers: yes to tokens that begin as one user's name,
// and no to every other.
func rawFirst(r *http.Request) string {
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if strings.HasPrefix(token, rawUser) {
		return upstreams.Raw(200, `{"IsSuccess":true,"Data":{"UserName":"`+token+`"}}`)
	}
	return upstreams.Raw(401, rawNo)
}

// rawConfig is a route's configuration for an upstream that answers in bare bytes, where
// refused calls are not limited.
func rawConfig(up *upstreams.RawServer, more ...any) map[string]any {
	config := routeConfig("bearer", "webservice", up.URL, append([]any{"path", "/check"}, more...)...)
	config["limits"] = map[string]any{"perClient": "1000000/1m"}
	config["log"] = "info"
	return config
}

// between is a delay of its bounds and everything between them.
func between(low, high time.Duration) func() time.Duration {
	return func() time.Duration { return low + time.Duration(rand.Int64N(int64(high-low+1))) }
}

// askJunk sends junk tokens, some at a time, and counts those that are not denied.
func askJunk(t *testing.T, h *Harness, route string, count, atOnce int) {
	t.Helper()
	var workers sync.WaitGroup
	for worker := range atOnce {
		workers.Go(func() {
			for i := range count / atOnce {
				token := fmt.Sprint(Marker, "junk-", route, "-", worker, "-", i)
				r, err := h.Try(Request{Route: route, Headers: []string{bearer(token)}})
				if !h.Counters.rejected(r, err) || r.Status != 401 {
					t.Errorf("%s: a junk token: %d %v", route, r.Status, err)
				}
			}
		})
	}
	workers.Wait()
	r, err := h.Try(Request{Route: route, Headers: []string{bearer(rawUser)}})
	if !h.Counters.accepted(r, err, rawUser) {
		t.Errorf("%s: the valid token: %d %v", route, r.Status, err)
	}
}

func secondAnswers(t *testing.T, h *Harness, count, atOnce int) {
	up := upstreams.NewRawServer(nil, upstreams.Twice(rawFirst, upstreams.Raw(200, rawYes), between(2*time.Millisecond, 8*time.Millisecond)))
	defer up.Close()
	h.Serve(Routes{"r": rawConfig(up)})
	askJunk(t, h, "r", count, atOnce)
}

func secondAnswersInSequence(t *testing.T, h *Harness) { secondAnswers(t, h, 2400, 1) }
func secondAnswersAtOnce(t *testing.T, h *Harness)     { secondAnswers(t, h, 2400, 16) }

func secondAnswersOfEverySort(t *testing.T, h *Harness) {
	certificate, ca, err := upstreams.Certificate("127.0.0.1", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{certificate}}
	yes := upstreams.Raw(200, rawYes)
	chunked := func(r *http.Request) string {
		head, body, _ := strings.Cut(rawFirst(r), "\r\n\r\n")
		head = head[:strings.LastIndex(head, "\r\n")] + "\r\nTransfer-Encoding: chunked"
		return fmt.Sprintf("%s\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", head, len(body), body)
	}
	interim := func(text string) func(r *http.Request) string {
		return func(r *http.Request) string { return text + rawFirst(r) }
	}
	ms := func(n int) func() time.Duration {
		return func() time.Duration { return time.Duration(n) * time.Millisecond }
	}
	routes := Routes{}
	serve := func(name string, config *tls.Config, answer upstreams.RawAnswer, more ...any) {
		up := upstreams.NewRawServer(config, answer)
		t.Cleanup(up.Close)
		routes[name] = rawConfig(up, more...)
	}
	for _, after := range []int{0, 1, 2, 8, 20, 40} {
		serve(fmt.Sprint("after-", after, "ms"), nil, upstreams.Twice(rawFirst, yes, ms(after)))
		serve(fmt.Sprint("tls-after-", after, "ms"), config, upstreams.Twice(rawFirst, yes, ms(after)), "tls", map[string]any{"ca": ca})
	}
	serve("early-hints", nil, upstreams.Twice(rawFirst, "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"+yes, ms(3)))
	serve("continue", nil, upstreams.Twice(rawFirst, "HTTP/1.1 100 Continue\r\n\r\n"+yes, ms(3)))
	serve("after-early-hints", nil, upstreams.Twice(interim("HTTP/1.1 103 Early Hints\r\n\r\n"), yes, ms(3)))
	serve("after-continue", nil, upstreams.Twice(interim("HTTP/1.1 100 Continue\r\n\r\n"), yes, ms(3)))
	serve("longer-than-its-length", nil, upstreams.Twice(rawFirst, "  \r\n"+yes, ms(0)))
	serve("chunked-and-more", nil, upstreams.Twice(chunked, yes, ms(0)))
	serve("chunked-and-later-more", nil, upstreams.Twice(chunked, yes, ms(3)))
	serve("in-halves", nil, func(c net.Conn, r *http.Request, _ int) bool {
		_, err := fmt.Fprint(c, rawFirst(r), yes[:20])
		time.AfterFunc(4*time.Millisecond, func() { _, _ = fmt.Fprint(c, yes[20:]) })
		return err == nil
	})
	h.Serve(routes)
	var all sync.WaitGroup
	for name := range routes {
		all.Go(func() { askJunk(t, h, name, 60, 2) })
	}
	all.Wait()
}
