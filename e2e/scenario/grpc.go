package scenario

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/e2e/floods"
	"github.com/upstreamauth/upstreamauth/e2e/upstreams"
)

// GRPC: a call of gRPC is refused in gRPC's own form, and no other request is.
var GRPC = []Scenario{
	{Name: "a call of gRPC is refused by a 200 with grpc-status and no body", Run: refusedCalls},
	{Name: "a request that is no call of gRPC gets its HTTP status", Run: notCalls},
	{Name: "a call of gRPC is refused so where sessions, bounds and faults refuse it", Run: refusedCallsElsewhere},
}

const grpcContent = "Content-Type: application/grpc"

// expectGRPC compares a refusal of a call. The status is that of gRPC.
func (h *Harness) expectGRPC(t testing.TB, status, message string, request Request) Response {
	t.Helper()
	request.Method = http.MethodPost
	r := h.Do(request)
	if r.Seen != nil || r.Header.Get(backendHeader) != "" {
		h.Counters.falseAccepts.Add(1)
		t.Errorf("%s: it reached the backend", request.Route)
	}
	decoded, err := url.PathUnescape(r.Header.Get("Grpc-Message"))
	got := []string{r.Header.Get("Grpc-Status"), decoded, r.Header.Get("Content-Type"), r.Body, r.Header.Get("Cache-Control"), r.Header.Get("Www-Authenticate")}
	if message == "" {
		message = decoded
	}
	expectEqual(t, request.Route+": status, message, type, body, Cache-Control, challenge", got,
		[]string{status, message, "application/grpc", "", "no-store", ""})
	if err != nil || r.Status != 200 || message == "" {
		t.Errorf("%s: %d %v %q", request.Route, r.Status, err, r.Header.Get("Grpc-Message"))
	}
	for _, b := range []byte(r.Header.Get("Grpc-Message")) {
		if b < ' ' || b > '~' {
			t.Errorf("%s: the message is not encoded: %q", request.Route, r.Header.Get("Grpc-Message"))
			break
		}
	}
	return r
}

func refusedCalls(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	broken := newBTS(h.Clock())
	broken.Close()
	config := with(webServiceConfig(up), "log", "info")
	h.Serve(Routes{
		"r": config, "problem": with(config, "errors", map[string]any{"format": "problem"}),
		"required": with(config, "identity", map[string]any{"require": map[string]any{"user": "another"}}),
		"limited":  with(config, "limits", map[string]any{"perClient": "1/1h", "clientDepth": 1}),
		"mapped":   with(config, "errors", map[string]any{"statuses": map[string]any{"-105": 402, "-103": 404}}),
		"down":     with(btsConfig(broken), "errors", map[string]any{"unavailable": 503}, "log", "info"),
	})
	poor, idle := Marker+"poor", Marker+"idle"
	up.Answer(poor, upstreams.Reply{Status: 200, Body: `{"IsSuccess":false,"Msg":{"Code":-105,"Msg":"100%"}}`})
	up.Answer(idle, upstreams.Reply{Status: 200, Body: `{"IsSuccess":false,"Msg":{"Code":-103,"Msg":"no"}}`})
	good := bearer(issueToken(up, "client"))
	h.Expect(200, Request{Route: "r", Method: http.MethodPost, Headers: []string{good, grpcContent}})
	for _, route := range []string{"r", "problem"} {
		for range 3 { // also where a response is prebuilt
			h.expectGRPC(t, "16", "", Request{Route: route, Headers: []string{grpcContent}})
			h.expectGRPC(t, "16", "", Request{Route: route, Headers: []string{grpcContent, bearer(Marker + "wrong")}})
			h.expectGRPC(t, "7", "100%", Request{Route: route, Headers: []string{grpcContent, bearer(poor)}})
			h.expectGRPC(t, "3", "", Request{Route: route, Headers: []string{grpcContent, "Authorization: Bearer a b"}})
			h.Expect(401, Request{Route: route, Method: http.MethodPost, Headers: []string{bearer(Marker + "wrong")}})
		}
	}
	h.expectGRPC(t, "7", "100%", Request{Route: "mapped", Headers: []string{grpcContent, bearer(poor)}})
	h.expectGRPC(t, "5", "no", Request{Route: "mapped", Headers: []string{grpcContent, bearer(idle)}})
	h.expectGRPC(t, "7", "Not authorized to access the resource.", Request{Route: "required", Headers: []string{grpcContent, good}})
	from := "X-Forwarded-For: 192.0.2.77"
	for i, want := range []string{"16", "8"} {
		r := h.expectGRPC(t, want, "", Request{Route: "limited", Headers: []string{grpcContent, bearer(Marker + "guess" + want), from}})
		expectEqual(t, "Retry-After", r.Header.Get("Retry-After") != "", i == 1)
	}
	r := h.expectGRPC(t, "14", "The authentication service could not be asked. Try again later.",
		Request{Route: "down", Headers: []string{grpcContent, bearer(Marker + "any")}})
	expectRetryAfter(t, r, 1, 10)
}

func notCalls(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": with(webServiceConfig(up), "log", "info")})
	for range 3 {
		for _, content := range []string{"application/grpc", "application/grpc+proto", "APPLICATION/GRPC", "application/grpc; charset=utf-8", "application/grpc;x=1", "Application/gRPC+json"} {
			h.expectGRPC(t, "16", "", Request{Route: "r", Headers: []string{bearer(Marker + "wrong"), "Content-Type: " + content}})
			for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodPut, http.MethodDelete} {
				r := h.Expect(401, Request{Route: "r", Method: method, Headers: []string{bearer(Marker + "wrong"), "Content-Type: " + content}})
				expectEqual(t, "grpc-status of a "+method, r.Header.Get("Grpc-Status"), "")
			}
		}
		for _, content := range []string{"application/json", "application/grpc-web", "application/grpc-web+proto", "application/grpc-web-text", "application/grpcx", "application/grp", "text/application/grpc", ""} {
			r := h.Expect(401, Request{Route: "r", Method: http.MethodPost, Headers: []string{bearer(Marker + "wrong"), "Content-Type: " + content}})
			expectEqual(t, "grpc-status with "+content, r.Header.Get("Grpc-Status"), "")
			expectEqual(t, "a body with "+content, strings.HasPrefix(r.Body, `{`), true)
		}
	}
}

func refusedCallsElsewhere(t *testing.T, h *Harness) {
	up := newSMSPanel(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": sessionConfig(routeConfig("bearer", "ippanel", up.URL)), "fault": {"bearer": "nonsense"}})
	for range 2 {
		h.expectGRPC(t, "14", "configuration fault", Request{Route: "fault", Headers: []string{grpcContent}})
		h.expectGRPC(t, "16", "", Request{Route: "r", Path: "/external-login", Headers: []string{grpcContent}})
		h.expectGRPC(t, "7", "", Request{Route: "r", Path: "/logout", Headers: []string{grpcContent, "Origin: https://elsewhere.test"}})
		h.expectGRPC(t, "8", "The request has too many header fields.",
			Request{Route: "r", Headers: append(floods.Count(205, "X-Many-%d: 1"), grpcContent)})
	}
}
