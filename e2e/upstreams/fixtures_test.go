package upstreams

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"
)

// testResponse is a reply as a test sees it.
type testResponse struct {
	status int
	header http.Header
	text   string
	body   map[string]any // nil if the text is not one JSON object; numbers are json.Number
}

// send sends one request and fails the test if there is no reply. Headers come in pairs; a body is
// declared to be JSON.
func send(t *testing.T, method, url, body string, headers ...string) testResponse {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i+1] == "" {
			r.Header.Del(headers[i])
			continue
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	client := &http.Client{
		Timeout:       time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer client.CloseIdleConnections()
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	h := testResponse{status: response.StatusCode, header: response.Header, text: string(raw)}
	decoder := json.NewDecoder(strings.NewReader(h.text))
	decoder.UseNumber()
	if decoder.Decode(&h.body) != nil {
		h.body = nil
	}
	return h
}

// at walks into nested objects; nil where there is nothing.
func (h testResponse) at(names ...string) any {
	var value any = h.body
	for _, name := range names {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return value
}

// textAt is at for texts; empty if it is none.
func (h testResponse) textAt(names ...string) string {
	text, _ := h.at(names...).(string)
	return text
}

// expect fails the test unless the reply is exactly this one.
func (h testResponse) expect(t *testing.T, status int, text string) {
	t.Helper()
	if h.status != status || h.text != text {
		t.Errorf("got %d %s\nwant %d %s", h.status, h.text, status, text)
	}
}

// waitFor waits until a condition holds, and fails the test if it does not within a minute.
func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("still waiting: " + what)
		}
	}
}
