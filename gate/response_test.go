package gate

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

func TestIsGRPC(t *testing.T) {
	t.Run("it is a call with that type, in any case, alone or with a format or parameters", func(t *testing.T) {
		for _, content := range []string{"application/grpc", "APPLICATION/gRPC", "application/grpc+proto", "application/grpc+json; x=1", "application/grpc;x", "application/grpc ; x"} {
			if !isGRPC(http.Header{"Content-Type": {content}}) {
				t.Errorf("%q", content)
			}
		}
	})
	t.Run("gRPC-Web and others are none", func(t *testing.T) {
		for _, lines := range [][]string{
			nil,
			{},
			{""},
			{"application/grp"},
			{"application/grpc-web"},
			{"application/grpc-web+proto"},
			{"application/grpcs"},
			{"application/grpc/x"},
			{"application/grpc x"},
			{" application/grpc"},
			{"application/grpc", "application/grpc"},
			{"text/html; application/grpc"},
		} {
			if isGRPC(http.Header{"Content-Type": lines}) {
				t.Errorf("%q", lines)
			}
		}
	})
}

// call is a refused call of gRPC.
func call(rf *refusal, kind verifier.Kind, denial verifier.Denial) *httptest.ResponseRecorder {
	w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", nil)
	r.Header.Set("Content-Type", "application/grpc")
	rf.write(w, r, kind, denial)
	return w
}

var allReasons = []verifier.Reason{
	verifier.Missing, verifier.Malformed, verifier.Ambiguous, verifier.Invalid, verifier.Expired, verifier.Forbidden, verifier.Requirement,
	verifier.Unprocessable, verifier.Throttled, verifier.Unavailable, verifier.Distrusted, verifier.Configuration, "unheard of",
}

func TestSendGRPC(t *testing.T) {
	t.Run("no denial has the status of a success, whatever its reason and the operator's status", func(t *testing.T) {
		want := map[verifier.Reason]int{
			verifier.Missing: 16, verifier.Invalid: 16, verifier.Expired: 16, verifier.Forbidden: 7, verifier.Requirement: 7,
			verifier.Malformed: 3, verifier.Ambiguous: 3, verifier.Unprocessable: 3, verifier.Throttled: 8,
		}
		for _, reason := range allReasons {
			expected := want[reason]
			if expected == 0 {
				expected = 14
			}
			w := call(testRefusal(), verifier.Bearer, verifier.Denial{Reason: reason})
			if w.Code != 200 || w.Header().Get("Grpc-Status") != strconv.Itoa(expected) || w.Body.Len() > 0 {
				t.Errorf("%s: %d %v, want %d", reason, w.Code, w.Header(), expected)
			}
			for status := 400; status < 600; status++ {
				code := grpcStatus(verifier.Denial{Reason: reason, Status: status})
				asked := reason != verifier.Unavailable && reason != verifier.Distrusted && reason != verifier.Configuration
				if code < 1 || code > 16 || !asked && code != 14 {
					t.Errorf("%s as %d: %d", reason, status, code)
				}
			}
		}
	})
	t.Run("its message is encoded, and its headers are those of a trailers-only response", func(t *testing.T) {
		for _, message := range []string{"plain words, with a % and ~", "متن\r\n\x00\x7f", strings.Repeat("é", 256)} {
			w := call(testRefusal(), verifier.Bearer, verifier.Denial{Reason: verifier.Throttled, Message: message, RetryAfter: time.Second})
			encoded := w.Header().Get("Grpc-Message")
			decoded, err := url.PathUnescape(encoded)
			if err != nil || decoded != message || strings.Trim(encoded, unencoded+" %") != "" || (message[0] == 'p' && !strings.HasPrefix(encoded, "plain words, with a %25")) {
				t.Errorf("%q", encoded)
			}
			if len(w.Header()) != 5 || w.Header().Get("Content-Type") != "application/grpc" || w.Header().Get("Retry-After") != "1" {
				t.Errorf("%v", w.Header())
			}
		}
	})
}

// stalling is a body of which some bytes come, and then none until it is closed.
type stalling struct {
	left    int
	stalled chan struct{}
}

func (s *stalling) Read(p []byte) (int, error) {
	if s.left <= 0 {
		<-s.stalled
		return 0, errors.New("closed")
	}
	n := len(p)
	if n > s.left {
		n = s.left
	}
	s.left -= n
	return n, nil
}

func (*stalling) Close() error { return nil }

// slow is a body of which 8 KiB come each half second, as a copy asks for them.
type slow struct{ left int }

func (s *slow) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	time.Sleep(500 * time.Millisecond)
	s.left--
	if len(p) > 8<<10 {
		p = p[:8<<10]
	}
	return len(p), nil
}

func (*slow) Close() error { return nil }

// post is a request with a body of some length that is announced, or not.
func post(body io.ReadCloser, length int64) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.Body, r.ContentLength = body, length
	return r
}

func TestConclude(t *testing.T) {
	const length = 20 << 20
	deny := func(r *http.Request) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		testRefusal().write(w, r, verifier.Bearer, verifier.Denial{Reason: verifier.Missing})
		return w
	}
	t.Run("a large body is read to its end after the response was sent", func(t *testing.T) {
		for _, announced := range []int64{length, -1} {
			body := strings.NewReader(strings.Repeat("x", length))
			w := deny(post(io.NopCloser(body), announced))
			if body.Len() > 0 || !w.Flushed || w.Code != 401 || w.Header().Get("Content-Length") != strconv.Itoa(w.Body.Len()) {
				t.Errorf("%d: %d bytes are left, %d %v", announced, body.Len(), w.Code, w.Header())
			}
		}
	})
	t.Run("the server reads a small one itself, HTTP/2 needs none read, and a client that waits for 100 is not asked to send", func(t *testing.T) {
		expecting, second := post(nil, length), post(nil, length)
		expecting.Header.Set("Expect", "100-continue")
		second.ProtoMajor = 2
		for i, r := range []*http.Request{post(nil, 1000), expecting, second, post(nil, -1)} {
			body := strings.NewReader("x")
			if i < 3 {
				r.Body = io.NopCloser(body)
			}
			w := deny(r)
			if body.Len() != 1 || w.Header().Get("Content-Length") != "" && i < 3 {
				t.Errorf("request %d: %d bytes are left, %v", i, body.Len(), w.Header())
			}
		}
	})
	t.Run("no more is read than 64 MiB", func(t *testing.T) {
		body := &stalling{left: 100 << 20, stalled: make(chan struct{})}
		deny(post(body, -1))
		if got := 100<<20 - body.left; got != 64<<20 {
			t.Errorf("%d bytes", got)
		}
	})
	t.Run("a body that stops coming is given up, the sooner the more there are", func(t *testing.T) {
		body := &stalling{left: 1 << 20, stalled: make(chan struct{})}
		defer close(body.stalled)
		begun := time.Now()
		deny(post(body, length))
		if took := time.Since(begun); took < longStep/2 || took > 3*longStep {
			t.Errorf("alone it is given up after %s", took)
		}
		drains.Add(patientDrains)
		defer drains.Add(-patientDrains)
		begun = time.Now()
		deny(post(body, length))
		if took := time.Since(begun); took > longStep {
			t.Errorf("among many it is given up after %s", took)
		}
	})
	t.Run("one that comes slowly, as from a telephone, is read to its end", func(t *testing.T) {
		body := &slow{left: 9}
		deny(post(body, -1))
		if body.left > 0 {
			t.Errorf("%d steps are left", body.left)
		}
	})
	t.Run("and above a bound none is read", func(t *testing.T) {
		drains.Add(maxDrains)
		defer drains.Add(-maxDrains)
		body := strings.NewReader(strings.Repeat("x", length))
		if w := deny(post(io.NopCloser(body), length)); body.Len() != length || w.Code != 401 {
			t.Errorf("%d bytes are left", body.Len())
		}
	})
	t.Run("none is counted as being read afterwards", func(t *testing.T) {
		if got := drains.Load(); got != 0 {
			t.Errorf("%d", got)
		}
	})
}

func TestReplayForms(t *testing.T) {
	f := newFixture(t)
	h := f.route(nil, f.bearer())
	f.prebuild(h, "Authorization", "Bearer denied")
	serve := func(r *http.Request) *httptest.ResponseRecorder {
		r.Header.Set("Authorization", "Bearer denied")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	for i := 0; i < 3; i++ {
		t.Run(fmt.Sprint("a replayed denial has the form of its request, time ", i), func(t *testing.T) {
			calling := post(http.NoBody, 0)
			calling.Header.Set("Content-Type", "application/grpc+proto")
			if w := serve(calling); w.Code != 200 || w.Header().Get("Grpc-Status") != "16" || w.Body.Len() != 0 {
				t.Errorf("a call: %d %v", w.Code, w.Header())
			}
			body := strings.NewReader(strings.Repeat("x", 1<<20))
			if w := serve(post(io.NopCloser(body), 1<<20)); w.Code != 401 || body.Len() != 0 || w.Body.Len() == 0 {
				t.Errorf("an upload: %d, %d bytes are left", w.Code, body.Len())
			}
			if w := serve(post(http.NoBody, 0)); w.Code != 401 || w.Body.Len() == 0 {
				t.Errorf("a POST: %d %v", w.Code, w.Header())
			}
		})
	}
}
