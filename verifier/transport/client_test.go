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

	"github.com/upstreamauth/upstreamauth/steadytest"
	"github.com/upstreamauth/upstreamauth/verifier/strictjson"
	"github.com/upstreamauth/upstreamauth/version"
)

// marker is in each credential that these tests send, and in each response: it must not
// appear in an error or a defect.
const marker = "MARKER-7d31c5"

const object = `{"status":true}`

// ample is the time limit of a call that is not about it: no machine stands still for so long.
const ample = time.Minute

// prompt is how long such a call may take in which nothing has to be waited for.
const prompt = 5 * time.Second

// call makes one call of a client of its own, within a time.
func call(t *testing.T, target Target, body string, limit time.Duration) (Response, error) {
	t.Helper()
	if target.Method == "" {
		target.Method = http.MethodGet
	}
	client, err := NewClient(target, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return callWith(t, client, body, limit)
}

func callWith(t *testing.T, client *Client, body string, limit time.Duration) (Response, error) {
	t.Helper()
	t.Cleanup(func() { closeIdle(client) })
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	var response Response
	var err error
	took, _ := steadytest.Timed(func() {
		response, err = client.Do(ctx, Request{Header: http.Header{"Authorization": {marker}}, Body: body})
	})
	if took > limit+2*time.Second || took > prompt && limit == ample {
		t.Errorf("it took %s, with a limit of %s", took, limit)
	}
	if err != nil && strings.Contains(err.Error(), marker) || strings.Contains(response.Defect, marker) {
		t.Errorf("it shows the credential or the response: %v %q", err, response.Defect)
	}
	return response, err
}

// closeIdle closes the connections that a client keeps.
func closeIdle(c *Client) {
	c.pool.mu.Lock()
	defer c.pool.mu.Unlock()
	for _, kept := range c.pool.idle {
		_ = kept.conn.Close()
	}
	if c.streams.transport != nil {
		c.streams.transport.CloseIdleConnections()
	}
}

// responder writes what it likes as the response to a request; hold is closed when the
// test ends.
type responder func(conn net.Conn, hold <-chan struct{})

// serve starts a server without rules of its own, which counts its requests.
func serve(t *testing.T, respond responder) (url string, requests *atomic.Int64) {
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
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				in := bufio.NewReader(conn)
				for {
					r, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, r.Body)
					requests.Add(1)
					respond(conn, hold)
					if r.Close {
						return
					}
				}
			}()
		}
	}()
	return "http://" + listener.Addr().String(), requests
}

// writeResponse writes a whole response of status 200.
func writeResponse(conn net.Conn, headers, body string) {
	_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n%s", len(body), headers, body)
}

func TestClient(t *testing.T) {
	t.Run("a request is sent as documented", func(t *testing.T) {
		type received struct {
			*http.Request
			body string
		}
		arrived := make(chan received, 1)
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			text, _ := io.ReadAll(r.Body)
			arrived <- received{r, string(text)}
			w.Header().Set("Retry-After", "5")
			w.WriteHeader(http.StatusAccepted)
			_, _ = io.WriteString(w, object)
		}))
		defer server.Close()
		for _, c := range []struct{ method, body string }{{"GET", ""}, {"POST", ""}, {"POST", `{"a":1}`}, {"GET", `{"a":1}`}} {
			response, err := call(t, Target{URL: server.URL, Path: "/v1/check?a=b%2Fc", Method: c.method}, c.body, ample)
			if err != nil || response.Status != 202 || !response.Body.Field("status").IsKind(strictjson.Bool) || response.RetryAfter != "5" || response.Received.IsZero() {
				t.Fatalf("%s: %+v (%v)", c.method, response, err)
			}
			got := <-arrived
			if got.Method != c.method || got.RequestURI != "/v1/check?a=b%2Fc" || got.body != c.body {
				t.Errorf("%s %s %q", got.Method, got.RequestURI, got.body)
			}
			contentType := ""
			if c.body != "" {
				contentType = "application/json"
			}
			for name, want := range map[string]string{
				"Accept": "application/json", "Content-Type": contentType, "Cache-Control": "no-store", "Pragma": "no-cache", "User-Agent": "upstreamauth/" + version.Version,
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
			t.Error("the other host was called")
		}))
		defer other.Close()
		for _, status := range []int{300, 301, 302, 303, 304, 305, 307, 308} {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", other.URL)
				w.WriteHeader(status)
			}))
			response, err := call(t, Target{URL: server.URL}, "", ample)
			if err != nil || response.Status != status {
				t.Errorf("%d: %+v (%v)", status, response, err)
			}
			server.Close()
		}
	})
}

func TestClientBody(t *testing.T) {
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
			name, headers, body, defect string
		}{
			{"an object", "", object, ""},
			{"an object of another media type", "Content-Type: text/html\r\n", object, ""},
			{"64 KiB", "", padding(maxResponse), ""},
			{"compressed", gzipped, zip(object), ""},
			{"nothing", "", "", "its body is empty"},
			{"HTML", "", "<html>" + marker, "its body is a web page, and not the API's JSON"},
			{"two objects", "", object + object, "its body is not one plain JSON object"},
			{"over 64 KiB", "", padding(maxResponse + 1), "its body is over 64 KiB"},
			{"10 MB", "", padding(10 << 20), "its body is over 64 KiB"},
			{"a gzip bomb", gzipped, zip(strings.Repeat(" ", 4<<20) + object), "its body is over 64 KiB"},
			{"no gzip", gzipped, object + marker, "its body is not the gzip that it says"},
			{"half of a gzip", gzipped, zip(padding(maxResponse))[:40], "its body was cut off: connection closed early"},
		}
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				url, _ := serve(t, func(conn net.Conn, _ <-chan struct{}) { writeResponse(conn, c.headers, c.body) })
				response, err := call(t, Target{URL: url}, "", ample)
				if err != nil || response.Defect != c.defect || (response.Body == nil) != (c.defect != "") {
					t.Errorf("body %v, defect %q (%v); want %q", response.Body != nil, response.Defect, err, c.defect)
				}
			})
		}
	})
}
