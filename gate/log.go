package gate

import (
	"net/http"
	"strings"
	"time"

	"github.com/upstreamauth/upstreamauth/credential"
	"github.com/upstreamauth/upstreamauth/telemetry"
	"github.com/upstreamauth/upstreamauth/telemetry/counters"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// requestLog counts and logs what becomes of the requests of one gate.
type requestLog struct {
	log     *telemetry.Log
	depth   int // which address a client is counted by
	accepts credential.Accepts
	schemes []*scheme
	refusal *refusal
	start   time.Time
	since   func(time.Time) time.Duration
}

// trace is what is noted of a request that is traced. Such a request takes the long way,
// whatever is prebuilt for it: so the hit path does not know of traces.
type trace struct {
	begun       time.Duration
	request     telemetry.Request
	scheme      *scheme // of its credential; nil: none was read
	fingerprint string
	why         string            // what was remembered of its credential; empty: nothing was looked up
	decision    verifier.Decision // about it, which tells whether it was remembered
	path        string            // why it would not have been on the hit path; empty: it would
}

// begin returns the trace of a request that is traced; nil for any other. It is asked
// before anything is removed from the request. A panic costs the trace, and nothing else.
func (l *requestLog) begin(r *http.Request) (t *trace) {
	defer l.logPanic()
	tokens := r.Header[telemetry.TraceHeader]
	client := ""
	if len(tokens) > 0 {
		client = clientName(r, l.depth)
	}
	if !l.log.AllowTrace(tokens, client) {
		return nil
	}
	begun := l.since(l.start)
	path := l.offHitPath(r)
	return &trace{begun: begun, path: path}
}

// beside returns the handler of a route with log: trace: requests that are traced go to
// serve, all others to hit. Other routes do not pay for this.
func (l *requestLog) beside(hit func(http.ResponseWriter, *http.Request), serve func(http.ResponseWriter, *http.Request, *trace)) func(http.ResponseWriter, *http.Request) {
	return func(w http.ResponseWriter, r *http.Request) {
		t := l.begin(r)
		if t == nil {
			hit(w, r)
			return
		}
		serve(w, r, t)
	}
}

// look notes what is remembered of a credential, before it is verified.
func (t *trace) look(r *http.Request, c verifier.Credential, s *scheme, depth int) {
	defer recoverPanic()
	t.scheme = s
	t.fingerprint = s.cache.Fingerprint(c)
	t.request = described(r, depth, c, s.header)
	whole, denial := s.complete(r, c, depth)
	if denial.Reason == "" {
		t.why = s.cache.Explain(whole)
	}
}

// end logs what became of a request that is traced.
func (l *requestLog) end(t *trace, r *http.Request, o *outcome) {
	defer l.logPanic()
	if t.scheme == nil {
		t.request = described(r, l.depth, verifier.Credential{}, l.accepts.Headers()...)
	}
	outcome := outcomeOf(t.decision, o.denial.Reason)
	why := t.why
	if outcome == "" {
		outcome = counters.Unavailable // its client has left, so that it is not counted
	}
	if o.denial.Reason != "" {
		why = strings.TrimSuffix("denied ("+string(o.denial.Reason)+"); "+why, "; ")
	} else if o.allowed == nil {
		outcome, why = counters.Anonymous, "there is no credential, and none is required"
	} else if t.path != "" {
		why += "; not prebuilt: " + t.path
	} else {
		why += "; prebuilt"
	}
	took := l.since(l.start) - t.begun
	l.of(t.scheme).Traced(outcome, why, took.Round(time.Microsecond).String(), t.fingerprint, t.request)
}

// denied logs the denial of a credential that may have been read or not. A panic there does
// not cost the client the response.
func (l *requestLog) denied(r *http.Request, c verifier.Credential, denial verifier.Denial) {
	defer l.logPanic()
	var s *scheme
	if isSet(c) {
		s = schemeOf(l.schemes, c.Kind)
	}
	l.denial(r, denial, s, c)
}

// denial counts a denial that no scheme has counted, and logs it at debug; with a fingerprint
// of the credential, and its API, where a scheme verified it, nil where none did.
func (l *requestLog) denial(r *http.Request, denial verifier.Denial, s *scheme, c verifier.Credential) {
	if s == nil {
		l.refusal.shape(c.Kind).count(verifier.Decision{}, denial)
	}
	if !l.log.AllowDebug() {
		return
	}
	log := l.of(s)
	fingerprint := ""
	if s != nil {
		fingerprint = s.cache.Fingerprint(c)
	}
	log.Refused(denial.Reason, fingerprint, described(r, l.depth, c, l.accepts.Headers()...))
}

// count counts a request by what it got. A panic here costs it nothing.
func (s *scheme) count(d verifier.Decision, denial verifier.Denial) {
	defer func() { _ = recover() }()
	outcome := outcomeOf(d, denial.Reason)
	if outcome != "" {
		s.fastPath.Tally.Request(outcome)
	}
}

// countAnonymous counts a request that passes without a credential.
func (s *scheme) countAnonymous() {
	defer func() { _ = recover() }()
	s.fastPath.Tally.Request(counters.Anonymous)
}

// outcomeOf is the outcome that a request counts as, and that a trace names; empty: its client
// has left.
func outcomeOf(d verifier.Decision, reason verifier.Reason) string {
	switch reason {
	case "":
		if d.Stale {
			return counters.Stale
		}
		if d.Remembered {
			return counters.Hit
		}
		return counters.Miss
	case verifier.Missing:
		return counters.Missing
	case verifier.Malformed, verifier.Ambiguous:
		return counters.Malformed
	case verifier.Throttled:
		return counters.Throttled
	case verifier.Unavailable, verifier.Distrusted, verifier.Configuration:
		return counters.Unavailable
	case verifier.Cancelled:
		return ""
	}
	if d.Remembered {
		return counters.RefusedRemembered
	}
	return counters.Refused
}

// described is what the log says of a request: nothing that is a part of its credential, or
// stands in one of these headers, where a credential may be that could not be read.
func described(r *http.Request, depth int, c verifier.Credential, headers ...string) telemetry.Request {
	id := ""
	lines := r.Header["X-Request-Id"]
	if len(lines) == 1 {
		id = lines[0]
	}
	client := addressOf(r, depth)
	path := r.URL.EscapedPath()
	secrets := []string{c.Token, c.Password}
	for _, name := range headers {
		lines := r.Header[name]
		if len(lines) > credential.MaxLines {
			lines = lines[:credential.MaxLines]
		}
		for _, line := range lines {
			line = strings.TrimSpace(line)
			secrets = append(secrets, line, line[strings.LastIndexByte(line, ' ')+1:])
		}
	}
	for _, secret := range secrets {
		if secret != "" && strings.Contains(r.URL.Path, secret) {
			path = "" // it quotes the secret, perhaps in escapes
		}
	}
	return telemetry.Request{Client: client, Method: r.Method, Path: path, ID: id, Secrets: secrets}
}

// of is the log for what is about a scheme; nil: about none.
func (l *requestLog) of(s *scheme) *telemetry.Log {
	if s == nil {
		return l.log
	}
	return s.log
}

// logPanic recovers a panic in the function that defers it, and logs it.
func (l *requestLog) logPanic() {
	if recover() != nil {
		l.log.Panic("a panic while a request was logged")
	}
}

// recoverPanic ends a panic in the function that defers it.
func recoverPanic() {
	_ = recover()
}

// offHitPath says why the hit path does not serve a request; empty: it does. The headers
// are as they came.
func (l *requestLog) offHitPath(r *http.Request) string {
	if unread(r, l.accepts, nil).Reason != "" {
		return "it is refused before it is looked at" // by serve; here nothing may go through its headers either
	}
	if r.Trailer != nil {
		return "it has trailers"
	}
	if l.accepts.ReadsElsewhere() && l.accepts.Elsewhere(r) {
		return "a credential stands elsewhere than in a header"
	}
	for _, s := range l.schemes {
		reason := s.offHitPath(r.Header, l.since(l.start))
		if reason != nothingPrebuilt {
			return reason
		}
	}
	return nothingPrebuilt
}
