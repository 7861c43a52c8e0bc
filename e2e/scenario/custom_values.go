package scenario

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// CustomValues: whatever a value is, it arrives whole, and in the shape that the
// configuration wrote.
var CustomValues = []Scenario{
	{Name: "no byte of an account changes the shape of a query, a form, a JSON body or a header", Run: customAccounts},
	{Name: "no byte of a token changes the shape of a header, a form or a JSON body", Run: customTokens},
	{Name: "no token chooses another path", Run: customPaths},
	{Name: "no byte of the client's request changes the shape of a JSON body or a form", Run: customRequestParts},
}

func customAccounts(t *testing.T, h *Harness) {
	up := newShapeServer()
	defer up.Close()
	custom := func(path string, request map[string]any) map[string]any {
		return routeConfig("basic", "custom", up.URL, "path", path, "custom", map[string]any{"request": request})
	}
	h.Serve(Routes{
		"query": custom("/check?a=1&user={user}&pw={password}&z=2", map[string]any{"headers": map[string]any{"X-First": "1"}}),
		"form":  custom("/check", map[string]any{"form": "a=1&user={user}&pw={password}&z=2"}),
		"json":  custom("/check", map[string]any{"json": `{"a":1,"user":"{user}","in":{"pw":"-{password}-"},"z":[2]}`}),
		"basic": custom("/check", map[string]any{"headers": map[string]any{"Authorization": "Basic {basic}"}}),
	})
	sent, refused := 0, 0
	for i, value := range nasty() {
		user, pw := fmt.Sprint(Marker, "good", i, "u", strings.ReplaceAll(value, ":", ";")), fmt.Sprint(Marker, "good", i, "p", value)
		for _, route := range []string{"query", "form", "json", "basic"} {
			up.take("")
			r := h.Do(Request{Route: route, Headers: []string{basic(user, pw)}})
			seen := up.take(fmt.Sprint(Marker, "good", i))
			if r.Status == http.StatusBadRequest || r.Status == http.StatusUnauthorized {
				refused++
				expectCount(t, fmt.Sprintf("%s: calls with %q, which is refused", route, value), len(seen), 0)
				continue
			}
			sent++
			expectEqual(t, fmt.Sprintf("%s: status with %q", route, value), r.Status, http.StatusOK)
			if len(seen) != 1 || seen[0].fault != "" {
				t.Errorf("%s: %q: %d requests arrived, or one that cannot be read", route, value, len(seen))
				continue
			}
			wanted := map[string]string{"a": "1", "user": user, "pw": pw, "z": "2"}
			switch route {
			case "basic":
				expectEqual(t, fmt.Sprintf("account with %q", value), seen[0].basic, user+":"+pw)
			case "query":
				expectEqual(t, fmt.Sprintf("query with %q", value), only(seen[0].query), wanted)
			case "form":
				expectEqual(t, fmt.Sprintf("form with %q", value), only(seen[0].form), wanted)
			case "json":
				expectEqual(t, fmt.Sprintf("JSON with %q", value), seen[0].object,
					map[string]any{"a": 1.0, "user": user, "in": map[string]any{"pw": "-" + pw + "-"}, "z": []any{2.0}})
			}
		}
	}
	if sent < 200 {
		t.Errorf("%d were sent and %d refused; where are the others?", sent, refused)
	}
}

func customTokens(t *testing.T, h *Harness) {
	up := newShapeServer()
	defer up.Close()
	custom := func(request map[string]any) map[string]any {
		return routeConfig("bearer", "custom", up.URL, "path", "/check", "custom", map[string]any{"request": request})
	}
	h.Serve(Routes{
		"header": custom(map[string]any{"headers": map[string]any{"X-Token": "a {token} b"}}),
		"form":   custom(map[string]any{"form": "a=1&token={token}&z=2"}),
		"json":   custom(map[string]any{"json": `{"token":"{token}","list":["{token}"]}`}),
	})
	sent := 0
	for i, value := range nasty() {
		token := fmt.Sprint(Marker, "good", i, "t", value)
		for _, route := range []string{"header", "form", "json"} {
			up.take("")
			r, err := h.Try(Request{Route: route, Headers: []string{bearer(token)}})
			seen := up.take(fmt.Sprint(Marker, "good", i))
			if err != nil || r.Status == http.StatusBadRequest || r.Status == http.StatusUnauthorized {
				expectCount(t, fmt.Sprintf("%s: calls with %q, which is refused", route, value), len(seen), 0)
				continue
			}
			sent++
			if r.Status != http.StatusOK || len(seen) != 1 || seen[0].fault != "" {
				t.Errorf("%s: %q: status %d, %d requests arrived, or one that cannot be read", route, value, r.Status, len(seen))
				continue
			}
			token := strings.TrimRight(token, " \t")
			switch route {
			case "header":
				expectEqual(t, fmt.Sprintf("header with %q", value), seen[0].header["X-Token"], []string{"a " + token + " b"})
				expectEqual(t, "Authorization", seen[0].header["Authorization"], []string(nil))
			case "form":
				expectEqual(t, fmt.Sprintf("form with %q", value), only(seen[0].form), map[string]string{"a": "1", "token": token, "z": "2"})
			case "json":
				expectEqual(t, fmt.Sprintf("JSON with %q", value), seen[0].object, map[string]any{"token": token, "list": []any{token}})
			}
		}
	}
	if sent < 150 {
		t.Errorf("%d were sent; where are the others?", sent)
	}
}

func customPaths(t *testing.T, h *Harness) {
	up := newShapeServer()
	defer up.Close()
	h.Serve(Routes{"r": routeConfig("bearer", "custom", up.URL, "path", "/v1/{token}/check", "pattern", ".+", "custom", map[string]any{"name": "paths"})})
	const whole = "-_~.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	for i, value := range append(nasty(), "a.b", "a_b~c-d", "...", "a..b", "..") {
		token := fmt.Sprint(Marker, "good", i, value)
		up.take("")
		r, err := h.Try(Request{Route: "r", Headers: []string{bearer(token)}})
		seen := up.take(fmt.Sprint(Marker, "good", i))
		fits := strings.Trim(value, whole) == "" && !strings.Contains(value, "..")
		if !fits {
			if err == nil && r.Status != http.StatusBadRequest && value != " " && value != "\t" {
				t.Errorf("%q: status %d, want 400", value, r.Status)
			}
			if value != " " && value != "\t" {
				expectCount(t, fmt.Sprintf("calls with %q", value), len(seen), 0)
			}
			continue
		}
		if r.Status != http.StatusOK || len(seen) != 1 || seen[0].path != "/v1/"+token+"/check" {
			t.Errorf("%q: status %d, %d requests arrived, or at another path", value, r.Status, len(seen))
		}
	}
	for _, token := range []string{".", "..", "../admin", "a/../..", "%2e%2e", "a%2fb", "?x=1", "#x"} {
		h.Expect(400, Request{Route: "r", Headers: []string{bearer(token)}})
	}
}

func customRequestParts(t *testing.T, h *Harness) {
	up := newShapeServer()
	defer up.Close()
	custom := func(request map[string]any) map[string]any {
		return routeConfig("bearer", "custom", up.URL, "path", "/check", "custom", map[string]any{"request": request})
	}
	h.Serve(Routes{
		"form": custom(map[string]any{"headers": map[string]any{"X-Token": "{token}"}, "form": "note={header:X-Note}&path={path}&method={method}&host={host}&ip={ip}"}),
		"json": custom(map[string]any{"headers": map[string]any{"X-Token": "{token}"}, "json": `{"note":"{header:X-Note}","path":"{path}","method":"{method}","host":"{host}","ip":"{ip}"}`}),
	})
	names := []string{"host", "ip", "method", "note", "path"}
	sent := 0
	for i, value := range nasty() {
		if strings.ContainsAny(value, "\r\n\x00\x7f") || strings.Trim(value, " \t") != value {
			continue // no HTTP client can send that
		}
		if bytes.ContainsFunc([]byte(value), func(r rune) bool { return r < ' ' && r != '\t' }) {
			continue
		}
		token := fmt.Sprint(Marker, "good", i)
		for _, route := range []string{"form", "json"} {
			up.take("")
			r, err := h.Try(Request{Route: route, Path: "/p/" + url.PathEscape(value), Headers: []string{bearer(token), "X-Note: " + value}})
			seen := up.take(token + "]")
			if err != nil || r.Status == http.StatusBadRequest { // the backend has no such path, and says 404
				expectCount(t, fmt.Sprintf("%s: calls with %q, which is refused", route, value), len(seen), 0)
				continue
			}
			sent++
			if len(seen) != 1 || seen[0].fault != "" {
				t.Errorf("%s: %q: status %d, %d requests arrived, or one that cannot be read", route, value, r.Status, len(seen))
				continue
			}
			got, note := slices.Sorted(maps.Keys(seen[0].form)), any(seen[0].form.Get("note"))
			if route == "json" {
				got, note = slices.Sorted(maps.Keys(seen[0].object)), seen[0].object["note"]
			}
			expectEqual(t, fmt.Sprintf("%s: fields with %q", route, value), got, names)
			expectEqual(t, fmt.Sprintf("%s: the header", route), note, any(value))
		}
	}
	if sent < 100 {
		t.Errorf("%d were sent; where are the others?", sent)
	}
	up.take("")
	h.Expect(400, Request{Route: "json", Headers: []string{bearer(Marker + "good-twice"), "X-Note: a", "X-Note: b"}})
	expectCount(t, "calls with a header that came twice", len(up.take(Marker+"good-twice")), 0)
}
