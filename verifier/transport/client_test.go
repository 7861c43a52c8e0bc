package transport

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
	"github.com/upstreamauth/upstreamauth/version"
)

// marker is in every credential that these tests send, and in every reply: it
// must not come back in an error or a flaw.
const marker = "MARKER-7d31c5"

const object = `{"status":true}`

// ask sends one question to an address, within a time.
func ask(t *testing.T, target Target, body string, limit time.Duration) (Response, error) {
	t.Helper()
	if target.Method == "" {
		target.Method = http.MethodGet
	}
	e, err := NewClient(target, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return doAsk(t, e, body, limit)
}

func doAsk(t *testing.T, e *Client, body string, limit time.Duration) (Response, error) {
	t.Helper()
	t.Cleanup(e.transport.CloseIdleConnections)
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	start := time.Now()
	reply, err := e.Do(ctx, Request{Header: http.Header{"Authorization": {marker}}, Body: body})
	if took := time.Since(start); took > limit+2*time.Second {
		t.Errorf("it took %s, with %s to spend", took, limit)
	}
	if err != nil && strings.Contains(err.Error(), marker) || strings.Contains(reply.Defect, marker) {
		t.Errorf("the credential shows: %v %q", err, reply.Defect)
	}
	return reply, err
}

// raw answers each connection's requests by a function that writes what it
// likes; hold keeps the connection open until the test ends.
func raw(t *testing.T, answer func(c net.Conn, r *http.Request, hold <-chan struct{})) (url string, requests *atomic.Int64) {
	t.Helper()
	requests = &atomic.Int64{}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	hold := make(chan struct{})
	t.Cleanup(func() {
		close(hold)
		_ = listener.Close()
	})
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				in := bufio.NewReader(c)
				for {
					r, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, r.Body)
					requests.Add(1)
					answer(c, r, hold)
					if r.Close {
						return
					}
				}
			}()
		}
	}()
	return "http://" + listener.Addr().String(), requests
}

func reply(c net.Conn, status, headers, body string) {
	_, _ = fmt.Fprintf(c, "HTTP/1.1 %s\r\nContent-Length: %d\r\n%s\r\n%s", status, len(body), headers, body)
}

func TestClient(t *testing.T) {
	t.Run("a request is sent as documented", func(t *testing.T) {
		type seen struct {
			*http.Request
			body string
		}
		arrived := make(chan seen, 1)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			text, _ := io.ReadAll(r.Body)
			arrived <- seen{r, string(text)}
			w.Header().Set("Retry-After", "5")
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(w, object)
		}))
		defer server.Close()
		for _, c := range []struct{ method, body string }{{"GET", ""}, {"POST", ""}, {"POST", `{"a":1}`}, {"GET", `{"a":1}`}} {
			reply, err := ask(t, Target{URL: server.URL, Path: "/v1/check?a=b%2Fc", Method: c.method}, c.body, 10*time.Second)
			if err != nil || reply.Status != 202 || !reply.Body.Field("status").IsKind(strictjson.Bool) || reply.RetryAfter != "5" || reply.Received.IsZero() {
				t.Fatalf("%s: %+v (%v)", c.method, reply, err)
			}
			got := <-arrived
			if got.Method != c.method || got.RequestURI != "/v1/check?a=b%2Fc" || got.body != c.body {
				t.Errorf("%s %s %q", got.Method, got.RequestURI, got.body)
			}
			for name, want := range map[string]string{
				"Accept": "application/json", "Content-Type": "application/json", "User-Agent": "upstreamauth/" + version.Version,
				"Authorization": marker, "Cookie": "", "X-Forwarded-For": "", "Referer": "",
			} {
				if got.Header.Get(name) != want {
					t.Errorf("%s: %s: %q, want %q", c.method, name, got.Header.Get(name), want)
				}
			}
			if int64(len(c.body)) != got.ContentLength || len(got.TransferEncoding) > 0 {
				t.Errorf("%s %q: length %d, %v", c.method, c.body, got.ContentLength, got.TransferEncoding)
			}
		}
	})

	t.Run("a redirect is not followed", func(t *testing.T) {
		other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
			t.Error("the other host was asked")
		}))
		defer other.Close()
		for _, status := range []int{300, 301, 302, 303, 304, 305, 307, 308} {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", other.URL)
				w.WriteHeader(status)
			}))
			reply, err := ask(t, Target{URL: server.URL}, "", 10*time.Second)
			if err != nil || reply.Status != status {
				t.Errorf("%d: %+v (%v)", status, reply, err)
			}
			server.Close()
		}
	})

	t.Run("a body that is not one plain object is a defect", func(t *testing.T) {
		zip := func(text string) string {
			var b bytes.Buffer
			w := gzip.NewWriter(&b)
			_, _ = io.WriteString(w, text)
			_ = w.Close()
			return b.String()
		}
		padding := func(size int) string { return strings.Repeat(" ", size-len(object)) + object }
		const gzipped = "Content-Encoding: gzip\r\n"
		cases := []struct {
			name, headers, body, flaw string
		}{
			{"an object", "", object, ""},
			{"an object, whatever its type is called", "Content-Type: text/html\r\n", object, ""},
			{"64 KiB", "", padding(maxResponse), ""},
			{"compressed", gzipped, zip(object), ""},
			{"nothing", "", "", "its body is not one plain JSON object"},
			{"HTML", "", "<html>" + marker, "its body is not one plain JSON object"},
			{"two objects", "", object + object, "its body is not one plain JSON object"},
			{"over 64 KiB", "", padding(maxResponse + 1), "its body is over 64 KiB"},
			{"10 MB", "", padding(10 << 20), "its body is over 64 KiB"},
			{"a gzip bomb", gzipped, zip(strings.Repeat(" ", 4<<20) + object), "its body is over 64 KiB"},
			{"no gzip", gzipped, object + marker, "its body was cut off: not understood as HTTP"},
			{"half of a gzip", gzipped, zip(padding(maxResponse))[:40], "its body was cut off: connection closed early"},
		}
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				url, _ := raw(t, func(conn net.Conn, _ *http.Request, _ <-chan struct{}) { reply(conn, "200 OK", c.headers, c.body) })
				got, err := ask(t, Target{URL: url}, "", 10*time.Second)
				if err != nil || got.Defect != c.flaw || (got.Body == nil) != (c.flaw != "") {
					t.Errorf("body %v, flaw %q (%v); want %q", got.Body != nil, got.Defect, err, c.flaw)
				}
			})
		}
	})
}
