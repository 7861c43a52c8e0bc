package scenario

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/e2e/floods"
)

// Uploads: a client that sends all of a body before it reads gets its refusal.
var Uploads = []Scenario{
	{Name: "a refused upload is read to its end, whatever refuses it", Run: refusedUploads},
	{Name: "the refusal of an upload arrives before its end", Run: earlyRefusals},
	{Name: "a client that waits for 100 Continue is refused and not asked to send", Run: expectingUploads},
	{Name: "an upload without end is cut off", Run: endlessUpload},
	{Name: "500 slow uploads that are refused shut out no one, and are cut off", Run: slowUploads},
}

// bodySender is a request with a body, over a connection of its own.
type bodySender struct {
	connection net.Conn
	response   *bufio.Reader
}

// begin sends the head of a request with a body of so many bytes; -1: in chunks.
func (h *Harness) begin(t testing.TB, method, path, route string, length int64, lines ...string) *bodySender {
	t.Helper()
	connection, err := net.Dial("tcp", strings.TrimPrefix(h.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	_ = connection.SetDeadline(time.Now().Add(30 * time.Second))
	framing := fmt.Sprintf("Content-Length: %d", length)
	if length < 0 {
		framing = "Transfer-Encoding: chunked"
	}
	lines = append([]string{method + " " + path + " HTTP/1.1", "Host: " + route + ".test", framing}, lines...)
	if _, err := io.WriteString(connection, strings.Join(lines, "\r\n")+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	return &bodySender{connection: connection, response: bufio.NewReader(connection)}
}

func (u *bodySender) close() { _ = u.connection.Close() }

// send sends so many bytes of the body.
func (u *bodySender) send(length int64, chunked bool) error {
	block := strings.Repeat("x", 64<<10)
	for length > 0 {
		part := block[:min(length, int64(len(block)))]
		length -= int64(len(part))
		if chunked {
			part = fmt.Sprintf("%x\r\n%s\r\n", len(part), part)
		}
		if _, err := io.WriteString(u.connection, part); err != nil {
			return err
		}
	}
	return nil
}

// read reads the response.
func (u *bodySender) read() (status int, body string, err error) {
	r, err := http.ReadResponse(u.response, nil)
	if err != nil {
		return 0, "", err
	}
	text, err := io.ReadAll(r.Body)
	return r.StatusCode, string(text), err
}

// sendAll sends a whole body, and only then reads.
func (h *Harness) sendAll(t testing.TB, method, path, route string, length int64, chunked bool, lines ...string) (status int, body string, err error) {
	t.Helper()
	h.Counters.requests.Add(1)
	announced := length
	if chunked {
		announced = -1
	}
	u := h.begin(t, method, path, route, announced, lines...)
	defer u.close()
	if err = u.send(length, chunked); err == nil && chunked {
		_, err = io.WriteString(u.connection, "0\r\n\r\n")
	}
	if err == nil {
		status, body, err = u.read()
	}
	if err != nil {
		h.Counters.noResponse.Add(1)
	}
	return status, body, err
}

// shortStep is how long a part of a body may take beside many others that are refused.
const shortStep = 250 * time.Millisecond

// sendAgain is sendAll, tried again where the body was given up after a time that a busy
// machine may have needed itself.
func (h *Harness) sendAgain(t testing.TB, method, path, route string, length int64, chunked bool, lines ...string) (status int, body string, err error) {
	t.Helper()
	for range 5 {
		begun := time.Now()
		status, body, err = h.sendAll(t, method, path, route, length, chunked, lines...)
		if err == nil || time.Since(begun) < shortStep {
			break
		}
	}
	return status, body, err
}

const mib = 1 << 20

func refusedUploads(t *testing.T, h *Harness) {
	up := newSMSPanel(h.Clock())
	defer up.Close()
	config := with(sessionConfig(routeConfig("bearer", "ippanel", up.URL)), "log", "info")
	h.Serve(Routes{"r": config, "fault": {"bearer": "nonsense"}})
	bad := bearer(Marker + "wrong")
	for range 3 { // then it is prebuilt
		h.Expect(401, Request{Route: "r", Headers: []string{bad}})
	}
	for _, c := range []struct {
		name, method, path, route string
		lines                     []string
		status                    int
		begins                    string
	}{
		{"nothing sent", "POST", "/", "r", nil, 401, `{"data":null,`},
		{"a bad token", "PUT", "/", "r", []string{bad}, 401, `{"data":null,`},
		{"malformed", "PATCH", "/", "r", []string{"Authorization: Bearer a b"}, 400, `{"data":null,`},
		{"too many headers", "POST", "/", "r", floods.Count(205, "X-Many-%d: 1"), 431, `{"data":null,`},
		{"a configuration fault", "POST", "/", "fault", nil, 500, `{"status":"error",`},
		{"a hand-off", "PUT", "/external-login", "r", nil, 405, `{"data":null,`},
		{"a form of a hand-off", "POST", "/external-login", "r", []string{"Content-Type: application/x-www-form-urlencoded"}, 400, `{"data":null,`},
		{"a logout from elsewhere", "POST", "/logout", "r", []string{"Origin: https://elsewhere.test"}, 403, `{"data":null,`},
	} {
		for _, length := range []int64{200 << 10, 300 << 10, 5 * mib, 30 * mib} {
			for _, chunked := range []bool{false, true} {
				status, body, err := h.sendAgain(t, c.method, c.path, c.route, length, chunked, c.lines...)
				if err != nil || status != c.status || !strings.HasPrefix(body, c.begins) {
					t.Errorf("%s, %d KiB, chunked %t: %d %v %s", c.name, length>>10, chunked, status, err, body)
				}
			}
		}
	}
	expectCount(t, "requests that reached the backend", len(h.Backend.TakeSeen()), 0)
	status, body, err := h.sendAll(t, "POST", "/", "r", 30*mib, false, bearer(up.IssueToken(Marker+"sara")))
	if err != nil || status != 200 || !strings.Contains(body, fmt.Sprint(`"Length":`, 30*mib)) {
		t.Errorf("an upload that is allowed: %d %v", status, err)
	}
}

func earlyRefusals(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": webServiceConfig(up)})
	for _, length := range []int64{30 * mib, -1} {
		for range 3 {
			h.inTime(2*time.Second, func(int) func() {
				u := h.begin(t, "POST", "/", "r", length, bearer(Marker+"wrong"))
				defer u.close()
				sendErr := u.send(mib, length < 0)
				status, body, err := u.read()
				return func() {
					if sendErr != nil || err != nil || status != 401 || !strings.HasPrefix(body, "{") {
						t.Errorf("length %d: %v, %d %v %s", length, sendErr, status, err, body)
					}
				}
			})
		}
	}
}

func expectingUploads(t *testing.T, h *Harness) {
	up := newWebService(h.Clock())
	defer up.Close()
	h.Serve(Routes{"r": webServiceConfig(up), "fault": {"bearer": "nonsense"}})
	for route, want := range map[string]int{"r": 401, "fault": 500} {
		for _, more := range [][]string{nil, nil, floods.Count(205, "X-Many-%d: 1")} {
			for _, length := range []int64{1000, 30 * mib, -1} {
				lines := append(more, "Expect: 100-continue", bearer(Marker+"wrong"))
				h.inTime(2*time.Second, func(int) func() {
					u := h.begin(t, "POST", "/", route, length, lines...)
					defer u.close()
					status, _, err := u.read()
					var left []byte
					var leftErr error
					if length >= mib { // the server itself waits a while for a body that may be small
						left, leftErr = io.ReadAll(u.response)
					}
					return func() {
						if err != nil || (status != want && status != 431) {
							t.Errorf("%s, length %d: %d %v", route, length, status, err)
						}
						if leftErr != nil || len(left) > 0 {
							t.Errorf("%s, length %d: then %v %q", route, length, leftErr, left)
						}
					}
				})
			}
		}
	}
}
