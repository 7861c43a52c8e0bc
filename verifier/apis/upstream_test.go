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
	plainObject = `{"status":true}`
	planted     = "MARKER-7d31c5" // must not come back in an error or a message
)

var someToken = verifier.Credential{Kind: verifier.Bearer, Token: "good"}

// upstreamThat makes a verifier whose server gives one reply.
func upstreamThat(t *testing.T, api *API, status, headers, body string) verifier.Verifier {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		c, err := listener.Accept()
		if err != nil {
			return
		}
		defer func() { _ = c.Close() }()
		if _, err := http.ReadRequest(bufio.NewReader(c)); err != nil {
			return
		}
		_, _ = fmt.Fprintf(c, "HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: %d\r\n%s\r\n%s", status, len(body), headers, body)
	}()
	s := Settings{Kind: verifier.Bearer, Target: transport.Target{URL: "http://" + listener.Addr().String(), Method: http.MethodGet}}
	e, err := transport.NewClient(s.Target, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	return NewUpstream(api, s, e)
}

// inTime is a context with the time of a call.
func inTime(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func TestUpstream(t *testing.T) {
	// The one thing that must never be: an error beside a yes, or a yes by accident.
	t.Run("only a whole documented response is an answer", func(t *testing.T) {
		const refusal = `{"status":false,"status_code":401,"message":"no"}`
		cases := []struct {
			name, status, headers, body string
			allowed                     bool
			reason                      verifier.Reason
			kind                        error // nil: it is an answer
		}{
			{"a yes", "200 OK", "", plainObject, true, "", nil},
			{"a yes by its data", "200 OK", "", `{"data":{}}`, true, "", nil},
			{"a no", "200 OK", "", refusal, false, verifier.Invalid, nil},
			{"a no by its status", "401 Unauthorized", "", `{}`, false, verifier.Invalid, nil},
			{"a no by its status without JSON", "401 Unauthorized", "", `no`, false, verifier.Unavailable, verifier.ErrUnavailable},
			{"a yes by its status alone", "200 OK", "", `{}`, false, verifier.Unavailable, verifier.ErrUnavailable},
			{"a yes by its status without JSON", "200 OK", "", `welcome`, false, verifier.Unavailable, verifier.ErrUnavailable},
			{"a yes and a no", "200 OK", "", `{"status":false,"STATUS":true}`, false, verifier.Unavailable, verifier.ErrUnavailable},
			{"a yes of another type", "200 OK", "", `{"status":"true"}`, false, verifier.Unavailable, verifier.ErrUnavailable},
			{"data of another type", "200 OK", "", `{"data":"x"}`, false, verifier.Unavailable, verifier.ErrUnavailable},
			{"a no with a code that nobody knows", "200 OK", "", `{"status":false,"status_code":499}`, false, verifier.Unavailable, verifier.ErrUnavailable},
			{"a yes over 64 KiB", "200 OK", "", strings.Repeat(" ", 64<<10) + plainObject, false, verifier.Unavailable, verifier.ErrUnavailable},
			{"not now", "429 Too Many Requests", "", "", false, verifier.Throttled, nil},
			{"a status that nobody knows", "418 I'm a teapot", "", plainObject, false, verifier.Unavailable, verifier.ErrUnavailable},
			{"in trouble", "503 Service Unavailable", "", plainObject, false, verifier.Unavailable, verifier.ErrUnavailable},
			{"a wrong path", "404 Not Found", "", plainObject, false, verifier.Unavailable, verifier.ErrMisconfigured},
			{"elsewhere", "302 Found", "Location: /\r\n", plainObject, false, verifier.Unavailable, verifier.ErrMisconfigured},
		}
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				d, err := upstreamThat(t, withDefaults(bts()), c.status, c.headers, c.body).Verify(inTime(t), someToken)
				if d.Allowed != c.allowed || d.Denial.Reason != c.reason || !errors.Is(err, c.kind) || (err == nil) != (c.kind == nil) {
					t.Errorf("%+v (%v)", d, err)
				}
			})
		}
	})
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
				d, err := upstreamThat(t, withDefaults(bts()), "422 Unprocessable Entity", "", "{"+c.members+"}").Verify(inTime(t), someToken)
				if err != nil || d.Denial.Message != c.message || d.Denial.Errors != c.errors {
					t.Errorf("%.80q, %.80q (%v)", d.Denial.Message, d.Denial.Errors, err)
				}
			})
		}
	})

	t.Run("no error quotes a response", func(t *testing.T) {
		for _, c := range []struct{ status, body string }{
			{"200 OK", planted}, {"200 OK", `{"status":"` + planted + `"}`}, {"503 " + planted, `{"message":"` + planted + `"}`},
			{"418 " + planted, planted}, {"404 " + planted, planted},
		} {
			d, err := upstreamThat(t, withDefaults(bts()), c.status, "X-Trace: "+planted+"\r\n", c.body).Verify(inTime(t), someToken)
			if err == nil || strings.Contains(err.Error(), planted) || strings.Contains(d.Denial.Message, planted) {
				t.Errorf("%+v (%v)", d, err)
			}
		}
	})
}
