package refusals

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// A refused upload ends with its refusal also where Traefik writes an access log and
// metrics, which wrap what the plugin writes to, and over HTTP/2. The scenarios show it
// for clients that send all before they read.
func TestUploads(t *testing.T) {
	s := newSite(t)
	s.serve(backend(t), map[string]map[string]any{"app": s.block(nil), "packed": s.block(nil), "fault": {"bearer": "nonsense"}})
	want := map[string]int{"app": 401, "packed": 401, "fault": 500}
	for protocol, client := range clients() {
		for route, status := range want {
			for _, size := range []int{100, 300 << 10, 5 << 20, 30 << 20} {
				for _, length := range []int64{int64(size), -1} {
					refused(t, client, s.server.URL, upload{route, status, size, length}, protocol)
				}
			}
		}
	}
	for route, status := range want {
		connection, err := net.Dial("tcp", strings.TrimPrefix(s.server.URL, "http://"))
		if err != nil {
			t.Fatal(err)
		}
		_ = connection.SetDeadline(time.Now().Add(time.Minute))
		const size = 30 << 20
		_, headErr := fmt.Fprintf(connection, "POST / HTTP/1.1\r\nHost: %s.example.com\r\nAccept-Encoding: gzip\r\nContent-Length: %d\r\n\r\n", route, size)
		_, bodyErr := connection.Write(make([]byte, size))
		response, err := http.ReadResponse(bufio.NewReader(connection), nil)
		if headErr != nil || bodyErr != nil || err != nil || response.StatusCode != status {
			t.Errorf("%s, all sent before anything is read: %v %v %v", route, headErr, bodyErr, err)
		}
		_ = connection.Close()
	}
}

// upload is a request with a body, and the status of its refusal.
type upload struct {
	route  string
	status int
	size   int
	length int64 // as it says; -1: it does not
}

// refused sends an upload, and looks at its refusal, which comes soon. Where the machine paused,
// it is sent once more.
func refused(t *testing.T, client *http.Client, address string, u upload, protocol string) {
	t.Helper()
	var took time.Duration
	for range 5 {
		request, err := http.NewRequest(http.MethodPost, address+"/", io.NopCloser(bytes.NewReader(make([]byte, u.size))))
		if err != nil {
			t.Fatal(err)
		}
		request.Host, request.ContentLength = u.route+".example.com", u.length
		begun := time.Now()
		response, err := client.Do(request)
		if err != nil {
			t.Errorf("%s, %+v: %v", protocol, u, err)
			return
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if response.StatusCode != u.status || err != nil || len(body) == 0 {
			t.Errorf("%s, %+v: %d %v %s", protocol, u, response.StatusCode, err, body)
			return
		}
		if took = time.Since(begun); took <= 3*time.Second {
			return
		}
	}
	t.Errorf("%s, %+v: refused after %s", protocol, u, took)
}
