package gate

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/steadytest"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// stalling is a body of which some bytes come, and then none until it is closed.
type stalling struct {
	left    atomic.Int64
	stalled chan struct{}
}

func (s *stalling) Read(p []byte) (int, error) {
	left := s.left.Load()
	if left <= 0 {
		<-s.stalled
		return 0, io.EOF
	}
	if int64(len(p)) < left {
		left = int64(len(p))
	}
	s.left.Add(-left)
	return int(left), nil
}

func (*stalling) Close() error { return nil }

func newStalling(left int64) *stalling {
	s := &stalling{stalled: make(chan struct{})}
	s.left.Store(left)
	return s
}

// slow is a body of which 8 KiB come each half second, as a copy asks for them.
type slow struct{ left atomic.Int64 }

func (s *slow) Read(p []byte) (int, error) {
	if s.left.Load() == 0 {
		return 0, io.EOF
	}
	time.Sleep(500 * time.Millisecond)
	s.left.Add(-1)
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
			steadytest.Steadily(t, func() string {
				body := newStalling(length)
				close(body.stalled)
				w := deny(post(body, announced))
				if left := body.left.Load(); left > 0 || !w.Flushed || w.Code != 401 || w.Header().Get("Content-Length") != strconv.Itoa(w.Body.Len()) {
					return fmt.Sprintf("%d: %d bytes are left, %d %v", announced, left, w.Code, w.Header())
				}
				return ""
			})
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
		steadytest.Steadily(t, func() string {
			body := newStalling(100 << 20)
			defer close(body.stalled)
			deny(post(body, -1))
			if got := 100<<20 - body.left.Load(); got != 64<<20 {
				return fmt.Sprint(got, " bytes")
			}
			return ""
		})
	})
	t.Run("a body that stops coming is given up, the sooner the more there are", func(t *testing.T) {
		body := newStalling(1 << 20)
		defer close(body.stalled)
		took, still := steadytest.Timed(func() { deny(post(body, length)) })
		if took+still < longStep/2 || took > 3*longStep {
			t.Errorf("alone it is given up after %s", took)
		}
		drains.Add(patientDrains)
		defer drains.Add(-patientDrains)
		if took, _ = steadytest.Timed(func() { deny(post(body, length)) }); took > longStep {
			t.Errorf("among many it is given up after %s", took)
		}
	})
	t.Run("one that comes slowly, as from a telephone, is read to its end", func(t *testing.T) {
		steadytest.Steadily(t, func() string {
			body := &slow{}
			body.left.Store(9)
			deny(post(body, -1))
			if left := body.left.Load(); left > 0 {
				return fmt.Sprint(left, " steps are left")
			}
			return ""
		})
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
