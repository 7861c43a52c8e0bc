package gate

import (
	"context"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/upstreamauth/upstreamauth/cache"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// send writes a response that was built before.
func send(w http.ResponseWriter, r *http.Request, answer *cache.Prebuilt) {
	h := w.Header()
	for i, value := range answer.Values {
		h[answer.Names[i]] = []string{value}
	}
	if answer.Challenges != nil {
		h["Www-Authenticate"] = append([]string(nil), answer.Challenges...)
	}
	if r.ContentLength != 0 {
		conclude(w, r, answer.Status, answer.Body)
		return
	}
	w.WriteHeader(answer.Status)
	if r.Method != http.MethodHead {
		_, _ = w.Write([]byte(answer.Body))
	}
}

// Misconfigured denies every request, on a route whose configuration has faults.
// Without a handler, Traefik would serve it through another route that matches.
func Misconfigured(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodPost && isGRPC(r.Header) {
		sendGRPC(w, r, verifier.Denial{
			Reason: verifier.Configuration, Status: http.StatusInternalServerError, Message: "configuration fault",
		})
		return
	}
	h := w.Header()
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	conclude(w, r, http.StatusInternalServerError, `{"status":"error","message":"configuration fault","code":500}`)
}

const grpcType = "application/grpc"

// isGRPC recognizes a call of gRPC by its Content-Type: application/grpc, maybe with a
// format (+proto) or parameters. gRPC-Web (application/grpc-web) is none: its clients
// read the HTTP status. Every call of gRPC is a POST, which callers check first.
func isGRPC(h http.Header) bool {
	types := h["Content-Type"]
	if len(types) != 1 || len(types[0]) < len(grpcType) || !strings.EqualFold(types[0][:len(grpcType)], grpcType) {
		return false
	}
	rest := strings.TrimLeft(types[0][len(grpcType):], " \t")
	return rest == "" || rest[0] == ';' || rest[0] == '+'
}

// sendGRPC writes a denial as gRPC has it (its document gRPC over HTTP2, Trailers-Only):
// a 200 whose headers hold the status and the message, and no body. There is no
// challenge, since that belongs to a 401.
func sendGRPC(w http.ResponseWriter, r *http.Request, denial verifier.Denial) {
	h := w.Header()
	h.Set("Content-Type", grpcType)
	h.Set("Cache-Control", "no-store")
	h.Set("Grpc-Status", strconv.Itoa(grpcStatus(denial)))
	h.Set("Grpc-Message", grpcEncoding.Replace(denial.Message))
	if denial.RetryAfter > 0 {
		h.Set("Retry-After", strconv.FormatInt(seconds(denial.RetryAfter), 10))
	}
	conclude(w, r, http.StatusOK, "")
}

// seconds rounds up: a client that comes back too early is denied again.
func seconds(wait time.Duration) int64 {
	return int64((wait + time.Second - 1) / time.Second)
}

// grpcStatus is the code that says in gRPC what an HTTP status says (google.rpc.Code);
// of a status that has no such code, what the reason says. It is never 0, which is a
// success. Where nothing is known of the credential it is 14, UNAVAILABLE, whatever the
// operator's status: clients try again at that alone.
func grpcStatus(denial verifier.Denial) int {
	if denial.Reason == verifier.Unavailable || denial.Reason == verifier.Distrusted || denial.Reason == verifier.Configuration {
		return 14
	}
	switch denial.Status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		return 3 // INVALID_ARGUMENT
	case http.StatusGatewayTimeout:
		return 4 // DEADLINE_EXCEEDED
	case http.StatusNotFound:
		return 5 // NOT_FOUND
	case http.StatusForbidden:
		return 7 // PERMISSION_DENIED
	case http.StatusTooManyRequests, http.StatusRequestHeaderFieldsTooLarge:
		return 8 // RESOURCE_EXHAUSTED
	case http.StatusMethodNotAllowed, http.StatusNotImplemented:
		return 12 // UNIMPLEMENTED
	case http.StatusUnauthorized:
		return 16 // UNAUTHENTICATED
	}
	switch denial.Reason {
	case verifier.Missing, verifier.Invalid, verifier.Expired:
		return 16
	case verifier.Forbidden, verifier.Requirement:
		return 7
	case verifier.Throttled:
		return 8
	case verifier.Malformed, verifier.Ambiguous, verifier.Unprocessable:
		return 3
	}
	return 14 // UNAVAILABLE
}

// Bounds of the reading of bodies that a denied request brings.
const (
	readByServer  = 256 << 10 // bytes of a body that net/http reads by itself after a response
	stepSize      = 32 << 10  // bytes that are read at a time; a slow client has to send them within a step's time
	maxSteps      = 2048      // so 64 MiB at most
	maxDrains     = 512       // bodies that are read at once in the process
	patientDrains = 64        // among these a step may take long
	longStep      = 3 * time.Second
	shortStep     = 250 * time.Millisecond
	maxDrainTime  = 30 * time.Second
)

var drains atomic.Int64 // bodies that are being read

// conclude writes status and body, after the headers. A client that sends all of a
// large body before it reads would not see them, if the connection were closed
// meanwhile: so its body is read and dropped, within bounds.
func conclude(w http.ResponseWriter, r *http.Request, status int, body string) {
	large := hasLargeBody(r)
	if large {
		w.Header()["Content-Length"] = []string{strconv.Itoa(len(body))} // it is sent before it ends
	}
	w.WriteHeader(status)
	if r.Method != http.MethodHead && len(body) > 0 {
		_, _ = w.Write([]byte(body))
	}
	if large {
		drain(w, r)
	}
}

// hasLargeBody tells whether a request may bring more of a body than net/http reads by
// itself after a response, which keeps the connection open. A client that waits for 100
// (Continue) has sent nothing, and reading would ask it to. HTTP/2 and HTTP/3 end one
// request without the connection, and their clients read while they send.
func hasLargeBody(r *http.Request) bool {
	return r.ProtoMajor < 2 && (r.ContentLength < 0 || r.ContentLength >= readByServer) &&
		len(r.Header["Expect"]) == 0 && r.Body != nil
}

// drain sends the response that was written, and reads the body of its request, until all
// is read, or too much, or the client sends too slowly: the sooner, the more bodies are
// being read. The server ends a read that is under way when the handler returns.
func drain(w http.ResponseWriter, r *http.Request) {
	under := drains.Add(1)
	defer drains.Add(-1)
	if under > maxDrains {
		return
	}
	err := http.NewResponseController(w).Flush()
	if err != nil {
		return
	}
	patience := longStep
	if under > patientDrains {
		patience = shortStep
	}
	ctx, cancel := context.WithTimeout(context.Background(), maxDrainTime)
	defer cancel()
	steps := make(chan bool, maxSteps) // room for all, so that the reader never waits
	go dropBody(r.Body, steps)
	for awaitStep(ctx, steps, patience) {
		if drains.Load() > patientDrains {
			patience = shortStep
		}
	}
}

// awaitStep waits for a step of dropBody; false: there is none in time, or no more. By
// reflection, since the interpreter confuses select statements.
func awaitStep(ctx context.Context, steps chan bool, patience time.Duration) bool {
	limited, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cases := []reflect.SelectCase{
		{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(limited.Done())},
		{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(steps)},
	}
	chosen, _, open := reflect.Select(cases)
	return chosen == 1 && open
}

// dropBody reads a body to its end, or as far as is allowed, and tells of each step.
func dropBody(body io.Reader, steps chan bool) {
	defer recoverDrop()
	defer close(steps)
	for i := 0; i < maxSteps; i++ {
		_, err := io.CopyN(io.Discard, body, stepSize)
		if err != nil {
			return
		}
		steps <- true
	}
}

// recoverDrop ends a panic of dropBody, which would end the process.
func recoverDrop() { _ = recover() }
