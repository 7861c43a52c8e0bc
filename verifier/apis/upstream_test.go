package apis

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
	"github.com/upstreamauth/upstreamauth/verifier/transport"
)

const (
	allowing = `{"status":true}`
	marker   = "MARKER-7d31c5" // in a response; it must not appear in an error or a message
)

var bearer = verifier.Credential{Kind: verifier.Bearer, Token: "0123456789"}

// verifyWith verifies a credential by BTS's dialect, with a server that sends one
// response.
func verifyWith(t *testing.T, status, headers, body string) (verifier.Decision, error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
			return
		}
		_, _ = fmt.Fprintf(conn, "HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %d\r\n%s\r\n%s", status, len(body), headers, body)
	}()
	s := Settings{Kind: verifier.Bearer, Target: transport.Target{URL: "http://" + listener.Addr().String(), Method: http.MethodGet}}
	client, err := transport.NewClient(s.Target, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	return NewUpstream(withDefaults(bts()), s, client).Verify(ctx, bearer)
}

func TestUpstream(t *testing.T) {
	for _, c := range []struct {
		name, status, headers, body string
		allowed                     bool
		reason                      verifier.Reason
		kind                        error // nil: it is an answer
	}{
		{"allowed", "200 OK", "", allowing, true, "", nil},
		{"allowed by its data", "200 OK", "", `{"data":{}}`, true, "", nil},
		{"denied", "200 OK", "", `{"status":false,"status_code":401,"message":"no"}`, false, verifier.Invalid, nil},
		{"denied by its status", "401 Unauthorized", "", `{"name":"Unauthorized","status":401}`, false, verifier.Invalid, nil},
		{"rate-limited by its status", "429 Too Many Requests", "", "", false, verifier.Throttled, nil},
	} {
		t.Run("a documented response is an answer: "+c.name, func(t *testing.T) {
			d, err := verifyWith(t, c.status, c.headers, c.body)
			if d.Allowed != c.allowed || d.Denial.Reason != c.reason || err != nil {
				t.Errorf("%+v (%v)", d, err)
			}
		})
	}

	t.Run("a server that cannot be reached is an outage", func(t *testing.T) {
		client, err := transport.NewClient(transport.Target{URL: "http://127.0.0.1:1", Method: http.MethodGet}, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		d, err := NewUpstream(withDefaults(bts()), Settings{Kind: verifier.Bearer}, client).Verify(ctx, bearer)
		if d.Allowed || d.Denial.HTTP != 0 || !errors.Is(err, verifier.ErrOutage) {
			t.Errorf("%+v (%v)", d, err)
		}
	})
}

func TestUpstreamUndocumented(t *testing.T) {
	for _, c := range []struct {
		name, status, headers, body string
		kind                        error
	}{
		{"denied by its status without JSON", "401 Unauthorized", "", `no`, verifier.ErrUnavailable},
		{"denied without the API's own marks", "401 Unauthorized", "", `{"message":"no"}`, verifier.ErrUnavailable},
		{"allowed by its status alone", "200 OK", "", `{}`, verifier.ErrUnavailable},
		{"allowed by its status without JSON", "200 OK", "", `welcome`, verifier.ErrUnavailable},
		{"a name twice", "200 OK", "", `{"status":false,"STATUS":true}`, verifier.ErrUnavailable},
		{"a status of another type", "200 OK", "", `{"status":"true"}`, verifier.ErrUnavailable},
		{"data of another type", "200 OK", "", `{"data":"x"}`, verifier.ErrUnavailable},
		{"an undocumented code", "200 OK", "", `{"status":false,"status_code":499}`, verifier.ErrUnavailable},
		{"over 64 KiB", "200 OK", "", strings.Repeat(" ", 64<<10) + allowing, verifier.ErrUnavailable},
		{"an undocumented status", "418 I'm a teapot", "", allowing, verifier.ErrUnavailable},
		{"a failure of the server", "503 Service Unavailable", "", allowing, verifier.ErrOutage},
		{"a wrong path", "404 Not Found", "", allowing, verifier.ErrMisconfigured},
		{"a redirect", "302 Found", "Location: /\r\n", allowing, verifier.ErrMisconfigured},
	} {
		t.Run("any other response is an error beside a denial: "+c.name, func(t *testing.T) {
			d, err := verifyWith(t, c.status, c.headers, c.body)
			if d.Allowed || d.Denial.Reason != verifier.Unavailable || !errors.Is(err, c.kind) {
				t.Errorf("%+v (%v)", d, err)
			}
			if errors.Is(err, verifier.ErrOutage) != errors.Is(c.kind, verifier.ErrOutage) {
				t.Errorf("an outage or none: %v", err)
			}
		})
	}
}

func TestUpstreamMessages(t *testing.T) {
	t.Run("a denial carries the upstream's message and errors if they are as documented", func(t *testing.T) {
		list := func(size int) string { return `{"f":["` + strings.Repeat("x", size) + `"]}` }
		cases := []struct{ name, members, message, errors string }{
			{"both", `"message":"Überprüfen <b>","errors":{"b":["x","y"],"a":[]}`, "Überprüfen <b>", `{"b":["x","y"],"a":[]}`},
			{"a message of 512 bytes", `"message":"` + strings.Repeat("m", maxMessage) + `"`, strings.Repeat("m", maxMessage), ""},
			{"a longer message", `"message":"` + strings.Repeat("m", maxMessage+1) + `"`, "Unprocessable Entity.", ""},
			{"an empty message", `"message":""`, "Unprocessable Entity.", ""},
			{"no text", `"message":{"a":1},"errors":[]`, "Unprocessable Entity.", ""},
			{"errors of 4 KiB", `"errors":` + list(maxErrors-8), "Unprocessable Entity.", list(maxErrors - 8)},
			{"larger errors", `"errors":` + list(maxErrors), "Unprocessable Entity.", ""},
			{"errors that are no lists", `"errors":{"a":"x"}`, "Unprocessable Entity.", ""},
			{"errors that are no text", `"errors":{"a":[1]}`, "Unprocessable Entity.", ""},
			{"errors without an error", `"errors":{}`, "Unprocessable Entity.", `{}`},
		}
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				d, err := verifyWith(t, "422 Unprocessable Entity", "", `{"status":false,"status_code":422,`+c.members+"}")
				if err != nil || d.Denial.Message != c.message || d.Denial.Errors != c.errors {
					t.Errorf("%.80q, %.80q (%v)", d.Denial.Message, d.Denial.Errors, err)
				}
			})
		}
	})

	t.Run("no error quotes a response", func(t *testing.T) {
		for _, c := range []struct{ status, body string }{
			{"200 OK", marker},
			{"200 OK", `{"status":"` + marker + `"}`},
			{"503 " + marker, `{"message":"` + marker + `"}`},
			{"418 " + marker, marker},
			{"403 " + marker, `{"message":"` + marker + `"}`},
			{"404 " + marker, marker},
		} {
			d, err := verifyWith(t, c.status, "X-Trace: "+marker+"\r\n", c.body)
			if err == nil || strings.Contains(err.Error(), marker) || strings.Contains(d.Denial.Message, marker) {
				t.Errorf("%+v (%v)", d, err)
			}
		}
	})
}
