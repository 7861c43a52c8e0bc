package gate

import (
	"io"
	"net/http"
	"reflect"
	"sort"
	"strings"
	"sync/atomic"
	"time"

	"github.com/upstreamauth/upstreamauth/cache"
	"github.com/upstreamauth/upstreamauth/gate/page"
	"github.com/upstreamauth/upstreamauth/telemetry"
	"github.com/upstreamauth/upstreamauth/telemetry/counters"
	"github.com/upstreamauth/upstreamauth/verifier"
)

// compiled returns a method of a compiled type as a function that takes the
// receiver first. Calling it costs the interpreter less than binding the method
// on each request.
func compiled(of interface{}, name string) interface{} {
	method, _ := reflect.TypeOf(of).MethodByName(name)
	return method.Func.Interface()
}

// closedPipe is a writer that fails at the first byte. It has the type that scan takes:
// converting it on each request would cost 300 ns.
func closedPipe() io.Writer {
	_, closed := io.Pipe()
	_ = closed.Close()
	return closed
}

// prebuild stores the response to a cached denial for the hit path.
func (rf *refusal) prebuild(h http.Header, c verifier.Credential, s *scheme, decision verifier.Decision, denial verifier.Denial) {
	digest, plain := s.headerDigest(h)
	if plain {
		s.cache.Prebuild(c, decision, digest, rf.response(c.Kind, denial))
	}
}

// noAge is the age of an answer that its request may not have, whatever its age: it is
// after every end.
const noAge = time.Duration(1<<63 - 1)

// replaying returns what the hit path calls for every prebuilt answer that does not, or
// no longer, allow its request: it writes a denial, or falls back. The hit path has counted
// the request as one that found an answer; here it is taken out of the hits. The lines of
// send are repeated here, since the call would cost as much as they do.
func replaying(tally *counters.Scope, fallback func(http.ResponseWriter, *http.Request)) func(http.ResponseWriter, *http.Request, *cache.Prebuilt, time.Duration) {
	replays := tally.Replays
	add := compiled(replays, "Add").(func(*atomic.Int64, int64) int64)
	divert := diverting(tally, fallback)
	return func(w http.ResponseWriter, r *http.Request, answer *cache.Prebuilt, age time.Duration) {
		if age >= answer.RepeatUntil {
			divert(w, r)
			return
		}
		if r.Method == http.MethodPost && isGRPC(r.Header) || page.FromBrowser(r) {
			divert(w, r) // nothing is prebuilt in these forms
			return
		}
		add(replays, 1)
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
}

// diverting returns what serves a request that does not get the prebuilt answer that it
// found: what it gets instead counts.
func diverting(tally *counters.Scope, fallback func(http.ResponseWriter, *http.Request)) func(http.ResponseWriter, *http.Request) {
	diverted := tally.Diverted
	return func(w http.ResponseWriter, r *http.Request) {
		diverted.Add(1)
		fallback(w, r)
	}
}

// maxNamesTraced limits the header names that one entry quotes.
const maxNamesTraced = 4

// nothingPrebuilt says that no answer is prebuilt for a request's credential.
const nothingPrebuilt = "nothing is prebuilt for its headers"

// prebuiltFor returns the answer that is prebuilt for a line, nil if there is none, and the
// header names that may come with it, of which neither changes any more.
func (s *scheme) prebuiltFor(digest [32]byte) (*cache.Prebuilt, map[string]bool) {
	s.fastPath.Lock.Lock()
	defer s.fastPath.Lock.Unlock()
	answer := s.fastPath.Answers[digest]
	allowed := s.names.widest()
	return answer, allowed
}

// offHitPath says why the hit path does not serve a request with these headers; empty: it
// does. age is how long the process has run.
func (s *scheme) offHitPath(h http.Header, age time.Duration) string {
	digest, plain := s.headerDigest(h)
	if !plain {
		return nothingPrebuilt
	}
	answer, allowed := s.prebuiltFor(digest)
	if answer == nil {
		return nothingPrebuilt
	}
	if age < answer.From || age >= answer.Until && age >= answer.RepeatUntil {
		return "what was prebuilt has ended"
	}
	var unknown []string
	for name := range h {
		if !allowed[name] && name != telemetry.TraceHeader {
			unknown = append(unknown, telemetry.Printable(name, maxNameLength))
		}
	}
	if len(unknown) == 0 {
		return ""
	}
	sort.Strings(unknown)
	if len(unknown) > maxNamesTraced {
		unknown = append(unknown[:maxNamesTraced], "...")
	}
	return "header names that no allowed request has had, or that are removed: " + strings.Join(unknown, ", ")
}
