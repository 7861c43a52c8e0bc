package scenario

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/floods"
)

// RequestBounds: what strangers send in numbers is refused by its number, before
// anything goes through it.
var RequestBounds = []Scenario{
	{Name: "more than 200 header names are refused, whatever else the request has", Run: manyNames},
	{Name: "more than 16 lines of a credential are refused, those of another's header are not", Run: manyCredentialLines},
	{Name: "more than 16 of the session's cookies are refused, also by a hand-off and a logout", Run: manyCookies},
	{Name: "more than 64 trailers are dropped, and more than 32 options of Connection", Run: manyTrailers},
	{Name: "a megabyte of anything is answered, and reaches no backend without a credential", Run: megabytes},
}

func manyNames(t *testing.T, h *Harness) {
	line, done := guarded(h)
	defer done()
	for _, route := range []string{"r", "open", "pre", "both"} {
		for range 2 {
			h.Expect(200, Request{Route: route, Headers: append(floods.Count(180, "X-Few-%d: 1"), line)})
		}
		for _, more := range [][]string{{line}, {"Accept: */*"}, {"Authorization: Bearer wrong"}} {
			r := h.Expect(431, Request{Route: route, Headers: append(floods.Count(205, "X-Many-%d: 1"), more...)})
			expectEqual(t, "the body", strings.HasPrefix(r.Body, `{"data":null,"meta":{"status":false,"message":"`), true)
			expectEqual(t, "Cache-Control", r.Header.Get("Cache-Control"), "no-store")
			expectEqual(t, "a challenge", r.Header.Get("Www-Authenticate"), "")
		}
		preflight := append(floods.Count(205, "X-Many-%d: 1"), "Origin: https://a.test", "Access-Control-Request-Method: PUT")
		h.Expect(431, Request{Route: route, Method: http.MethodOptions, Headers: preflight})
	}
}

func manyCredentialLines(t *testing.T, h *Harness) {
	all, done := oneOfEach(h.Clock())
	defer done()
	routes := Routes{}
	for _, cred := range all {
		routes[cred.route] = cred.config
		routes[cred.route+"-open"] = with(cred.config, "optional", true, "preflight", true, "errors", map[string]any{"format": "problem"})
	}
	h.Serve(routes)
	for _, cred := range all {
		name, _, _ := strings.Cut(cred.header, ":")
		h.Expect(200, Request{Route: cred.route, Headers: append(floods.Repeat(15, name+": "), cred.header)})
		for _, line := range []string{name + ": ", cred.header, name + ": Digest x"} {
			h.Expect(431, Request{Route: cred.route, Headers: floods.Repeat(17, line)})
			r := h.Expect(431, Request{Route: cred.route + "-open", Headers: floods.Repeat(17, line)})
			expectEqual(t, "the problem's reason", strings.Contains(r.Body, `"status":431,`) && strings.Contains(r.Body, `"reason":"malformed"`), true)
			h.Expect(431, Request{
				Route: cred.route + "-open", Method: http.MethodOptions,
				Headers: append(floods.Repeat(17, line), "Origin: https://a.test", "Access-Control-Request-Method: PUT"),
			})
		}
		if cred.route == "key" {
			h.Expect(200, Request{Route: cred.route, Headers: append(floods.Repeat(40, "Authorization: Digest x"), cred.header)})
		} else {
			h.Expect(200, Request{Route: cred.route, Headers: append(floods.Repeat(40, "Application-Key: x"), cred.header)})
		}
	}
}

func manyCookies(t *testing.T, h *Harness) {
	up := newSMSPanel(h.Clock())
	defer up.Close()
	config := sessionConfig(routeConfig("bearer", "ippanel", up.URL))
	h.Serve(Routes{"r": config, "open": with(config, "optional", true, "preflight", true)})
	b := h.newBrowser(t)
	b.followLink(303, up.IssueToken(Marker+"ali"))
	ours := b.cookie.Name + "=" + b.cookie.Value
	calls := up.Calls()
	for _, n := range []int{17, 60, 2000} {
		cookies := "Cookie: " + strings.Join(floods.Repeat(n, b.cookie.Name+"=x"), "; ") + "; " + ours
		if n > 1000 { // more lines than one
			cookies = "Cookie: " + ours + strings.Join(floods.Repeat(n, "\r\nCookie: "+b.cookie.Name+" ="), "")
		}
		for _, request := range []string{
			"GET / ", "GET /external-login?token=" + Marker + "x ", "POST /logout ",
		} {
			for _, route := range []string{"r", "open"} {
				conn, _, response := h.raw(http.MethodGet, request+"HTTP/1.1\r\nHost: "+route+".test\r\nContent-Length: 0\r\nOrigin: http://"+route+".test\r\n"+cookies+"\r\n\r\n")
				_ = conn.Close()
				expectCount(t, fmt.Sprint(request, route, " with ", n, " cookies: the status"), response.StatusCode, 431)
				expectEqual(t, "a cookie is set", response.Header.Get("Set-Cookie"), "")
			}
		}
	}
	expectCount(t, "calls", up.Calls(), calls)
	h.Expect(401, Request{Route: "r", Headers: []string{"Cookie: " + strings.Join(floods.Repeat(15, b.cookie.Name+"=x"), "; ") + "; " + ours}})
	// Others' cookies are counted by nobody, also such as end like ours.
	others := strings.Join(floods.Count(40, "other%d="+b.cookie.Name), "; ") + "; " + strings.Join(floods.Repeat(20, "my-"+b.cookie.Name+"=1"), "; ")
	r := h.Expect(200, Request{Route: "r", Headers: []string{"Cookie: " + others + "; " + ours}})
	expectEqual(t, "cookies at the backend", strings.Join(r.Seen.Header["Cookie"], "|"), others)
}

func manyTrailers(t *testing.T, h *Harness) {
	line, done := guarded(h)
	defer done()
	for _, c := range []struct{ trailers, want int }{{60, 60}, {65, 0}, {500, 0}} {
		names := strings.Join(floods.Count(c.trailers, "X-Sum-%d"), ", ")
		text := "POST /trailers HTTP/1.1\r\nHost: r.test\r\n" + line + "\r\nConnection: close\r\nTransfer-Encoding: chunked\r\nTrailer: " + names + "\r\n\r\n5\r\nhello\r\n0\r\n" +
			strings.Join(floods.Count(20, "X-Sum-%d: 1\r\n"), "") + "\r\n" // of as many as it announces, so many come
		conn, _, response := h.raw(http.MethodPost, text)
		body, _ := io.ReadAll(response.Body)
		_ = conn.Close()
		expectCount(t, "the status", response.StatusCode, http.StatusOK)
		got, _, _ := strings.Cut(string(body), "\n")
		expectEqual(t, fmt.Sprint("trailers at the backend, of ", c.trailers), got, fmt.Sprint(c.want))
	}
	longConnections(t, h, line)
}

// longConnections: a Connection with too many options is dropped whole, so that nothing
// goes through them and nothing that they name is deleted. Where a proxy before the
// plugin writes a Connection of its own, the socket passes, beside that short one.
func longConnections(t *testing.T, h *Harness, line string) {
	send := func(lines ...string) SeenRequest {
		h.Backend.TakeSeen()
		conn, _, response := h.raw(http.MethodGet, head("r", append(lines, line)...))
		_ = conn.Close()
		expectCount(t, "the status", response.StatusCode, http.StatusOK)
		seen := h.Backend.TakeSeen()
		if len(seen) != 1 {
			t.Fatalf("the backend received %d requests", len(seen))
		}
		return seen[0]
	}
	rewritten := h.rewritesConnection(line)
	for _, options := range []string{strings.Repeat("x,", 40), strings.Repeat(",", 100), strings.Join(floods.Count(33, "x-option-%d"), ", ") + ", "} {
		seen := send("X-Hop: 1", "Connection: "+options+"X-Auth-User, X-Hop, Upgrade", "Upgrade: websocket").Header
		expectEqual(t, "the user, beside a long Connection", seen.Get("X-Auth-User"), Marker+"ali")
		upgrade := strings.Join(seen["Upgrade"], "|")
		if !rewritten {
			expectEqual(t, "Upgrade", upgrade, "")
			expectEqual(t, "a header that a long Connection names", seen.Get("X-Hop"), "1")
		} else if upgrade != "" && (upgrade != "websocket" || strings.Join(seen["Connection"], "|") != "Upgrade") {
			t.Errorf("Upgrade %q beside Connection %q", upgrade, seen["Connection"])
		}
	}
}

// megabytes: no status of the plugin's own is expected here, since a Traefik may
// refuse some of these before it.
func megabytes(t *testing.T, h *Harness) {
	_, done := guarded(h)
	defer done()
	h.Backend.TakeSeen()
	for _, flood := range floods.HTTP1() {
		for _, preflight := range []bool{false, true} {
			if preflight && !strings.HasPrefix(flood.Name, "Authorization") {
				continue // these go through the same steps
			}
			h.Counters.requests.Add(1)
			status, err := floods.Send(strings.TrimPrefix(h.URL(), "http://"), flood, "pre", preflight)
			if err != nil {
				h.Counters.noResponse.Add(1)
				t.Errorf("%s: no response: %v", flood.Name, err)
			}
			passes := preflight && status == http.StatusOK // it is a preflight all the same
			if err == nil && !passes && (status < 400 || status > 499) {
				h.Counters.falseAccepts.Add(1)
				t.Errorf("%s, a preflight: %t: status %d", flood.Name, preflight, status)
			}
		}
	}
	for _, seen := range h.Backend.TakeSeen() {
		if seen.Method != http.MethodOptions {
			t.Errorf("%s %s reached the backend", seen.Method, seen.URI)
		}
	}
}
