package scenario

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// panelAnswer is what the panel itself answers to a call of any sort.
func panelAnswer(r *http.Request) string {
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !strings.HasPrefix(token, Marker) {
		return upstreams.Raw(401, `{"data":null,"meta":{"status":false,"message":"no","message_code":"400-1"}}`)
	}
	return upstreams.Raw(200, `{"data":{"user_name":"`+token+`"},"meta":{"status":true,"message_code":"200-1"}}`)
}

// gonePanel is a panel that answers the first question of each connection alone, and ends
// the connection as the second one comes.
type gonePanel struct {
	*upstreams.RawServer
	whole  tally // questions that were answered, by path and token
	broken tally // and those that were not
}

func newGonePanel(t *testing.T, config *tls.Config, end func(c net.Conn)) *gonePanel {
	p := &gonePanel{}
	p.RawServer = upstreams.NewRawServer(config, func(c net.Conn, r *http.Request, nth int) bool {
		call := r.URL.Path + " " + r.Header.Get("Authorization")
		if nth > 1 {
			p.broken.add(call)
			end(c)
			return false
		}
		p.whole.add(call)
		_, err := io.WriteString(c, panelAnswer(r))
		return err == nil
	})
	t.Cleanup(p.Close)
	return p
}

// expectAnswered expects that a call that was lost with its connection was repeated.
func (p *gonePanel) expectAnswered(t *testing.T, name, call string) {
	t.Helper()
	if p.broken.of(call) > p.whole.of(call) {
		what, _, _ := strings.Cut(call, " ")
		t.Errorf("%s: %d lost and %d whole calls of %s", name, p.broken.of(call), p.whole.of(call), what)
	}
}

// keptConnectionsOfEverySort: the calls that no client waits for are repeated as well.
func keptConnectionsOfEverySort(t *testing.T, h *Harness) {
	certificate, ca, err := upstreams.Certificate("127.0.0.1", time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	secure := &tls.Config{Certificates: []tls.Certificate{certificate}}
	closed := func(net.Conn) {}
	panels := map[string]*gonePanel{
		"closed": newGonePanel(t, nil, closed),
		"reset": newGonePanel(t, nil, func(c net.Conn) {
			if conn, ok := c.(*net.TCPConn); ok {
				_ = conn.SetLinger(0)
			}
		}),
		"tls":        newGonePanel(t, secure, closed),
		"tls-no-end": newGonePanel(t, secure, func(c net.Conn) { _ = c.(*tls.Conn).NetConn().Close() }),
	}
	routes := Routes{}
	for name, p := range panels {
		more := []any{"revalidate", "1s"}
		if strings.HasPrefix(name, "tls") {
			more = append(more, "tls", map[string]any{"ca": ca})
		}
		config := routeConfig("bearer", "ippanel", p.URL, more...)
		routes[name] = sessionConfig(with(config, "log", "info"), "logout", "/logout")
	}
	h.Serve(routes)
	for name, p := range panels {
		const check, logout = "/api/acl/auth/check_token", "/api/acl/auth/logout"
		lost := 0
		for i := range 4 {
			token := fmt.Sprint(Marker, "user", i)
			b := h.newBrowser(t)
			b.route = name
			b.expectHandOff(b.send(Request{Path: "/external-login?token=" + token}), 303)
			b.expectUser(token)
			time.Sleep(rest)
			h.Advance(1100 * time.Millisecond)
			b.expectUser(token)
			waitFor(t, name+": it is revalidated", func() bool { return p.whole.of(check+" "+token) >= 2 })
			time.Sleep(rest)
			r := b.send(Request{Method: "POST", Path: "/logout", Headers: []string{"Sec-Fetch-Site: same-origin", "Origin: null"}})
			if r.Status != 303 || p.whole.of(logout+" "+token) != 1 {
				t.Errorf("%s: the logout: %d, %d calls", name, r.Status, p.whole.of(logout+" "+token))
			}
			lost += p.broken.of(logout + " " + token)
			p.expectAnswered(t, name, check+" "+token)
			p.expectAnswered(t, name, logout+" "+token)
		}
		h.Expect(401, Request{Route: name, Headers: []string{bearer("junk")}})
		if name != "reset" && lost == 0 {
			t.Errorf("%s: no kept connection was lost", name)
		}
	}
	for name, lines := range causesByMiddleware(h) {
		t.Errorf("%s: %v", name, lines)
	}
	expectCount(t, "log lines about a logout", strings.Count(h.Logs(), panelLogoutLine), 0)
}

// halfReplies: a reply of which something has come is not asked for again, on a kept
// connection as little as on a new one.
func halfReplies(t *testing.T, h *Harness) {
	halves := map[string]string{
		"one-byte": "H", "half-a-line": "HTTP/1.1 200", "half-a-header": "HTTP/1.1 200 OK\r\nContent-", "no-body": upstreams.Raw(200, rawYes)[:70],
		"half-a-body": upstreams.Raw(200, rawYes)[:len(upstreams.Raw(200, rawYes))-5], "interim": "HTTP/1.1 103 Early Hints\r\n\r\n",
	}
	routes, asked, opened := Routes{}, map[string]*tally{}, &tally{}
	for name, half := range halves {
		counts := &tally{}
		up := upstreams.NewRawServer(nil, func(c net.Conn, r *http.Request, nth int) bool {
			counts.add(r.Header.Get("Authorization"))
			if nth == 1 {
				opened.add(r.Header.Get("Authorization"))
				_, err := io.WriteString(c, rawFirst(r))
				return err == nil
			}
			_, _ = io.WriteString(c, half)
			return false
		})
		t.Cleanup(up.Close)
		for _, method := range []string{"GET", "POST"} {
			routes[name+"-"+method] = with(rawConfig(up, "method", method), "canary", "false")
			asked[name+"-"+method] = counts
		}
	}
	h.Serve(routes)
	for route := range routes {
		h.Expect(200, Request{Route: route, Headers: []string{bearer(rawUser + route)}})
	}
	rested()
	for route := range routes {
		half := func(n int) string { return fmt.Sprint(rawUser, "-half-", route, n) }
		n := 0
		r := h.Get(route, bearer(half(n)))
		for opened.of("Bearer "+half(n)) > 0 && n < mostTries { // a busy machine ended the rest late
			rested()
			n++
			r = h.Get(route, bearer(half(n)))
		}
		if r.Status != 500 || r.Seen != nil {
			h.Counters.falseAccepts.Add(1)
			t.Errorf("%s: %d", route, r.Status)
		}
		expectCount(t, route+": questions", asked[route].of("Bearer "+half(n)), 1)
	}
}
