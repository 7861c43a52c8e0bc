package gate

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/upstreamauth/upstreamauth/steadytest"
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
			steadytest.Steadily(t, func() string {
				body := newStalling(1 << 20)
				close(body.stalled)
				w := serve(post(body, 1<<20))
				if left := body.left.Load(); w.Code != 401 || left != 0 || w.Body.Len() == 0 {
					return fmt.Sprintf("an upload: %d, %d bytes are left", w.Code, left)
				}
				return ""
			})
			if w := serve(post(http.NoBody, 0)); w.Code != 401 || w.Body.Len() == 0 {
				t.Errorf("a POST: %d %v", w.Code, w.Header())
			}
		})
	}
}
