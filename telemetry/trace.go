package telemetry

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"sync"
)

// TraceHeader is the header of a request that is to be traced: its value is the Token. No
// gate passes it on.
const TraceHeader = "X-Upstreamauth-Trace"

const (
	// traceEvery is of how many requests of a route one is traced, from the first on.
	traceEvery = 1000

	// maxTraceTokens limits the tokens that are known at the same time.
	maxTraceTokens = 16

	maxTraceToken = 4096 // bytes
)

// Trace says which requests are traced on routes with log: trace, beside one in a thousand:
// those whose TraceHeader is the Token. A request that is traced takes longer, which its
// client may notice: so a client may be wrong about the token a few times only.
type Trace struct {
	Token  string
	Spent  func(client string) bool // it was wrong too often: nothing of it is compared. nil: never
	Missed func(client string)      // counts that it was wrong. nil: nothing counts
}

// traces are the tokens, as digests, each until its context ends.
type traces struct {
	mu     sync.Mutex
	tokens []*traceToken
}

type traceToken struct {
	context context.Context
	digest  [32]byte
	spent   func(client string) bool
	missed  func(client string)
}

func (t *traces) add(token *traceToken) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var kept []*traceToken
	for _, known := range t.tokens {
		if known.context.Err() == nil && known.digest != token.digest {
			kept = append(kept, known)
		}
	}
	if len(kept) >= maxTraceTokens {
		kept = kept[1:]
	}
	t.tokens = append(kept, token)
}

// live returns the tokens whose contexts have not ended.
func (t *traces) live() []*traceToken {
	t.mu.Lock()
	defer t.mu.Unlock()
	var live []*traceToken
	for _, known := range t.tokens {
		if known.context.Err() == nil {
			live = append(live, known)
		}
	}
	return live
}

// has tells whether a client's header has one of the tokens. The time that it takes says
// nothing of them: digests are compared, and each to its end.
func (t *traces) has(lines []string, client string) bool {
	if len(lines) != 1 || len(lines[0]) > maxTraceToken {
		return false
	}
	live := t.live()
	for _, known := range live {
		if known.spent != nil && known.spent(client) {
			return false
		}
	}
	digest := sha256.Sum256([]byte(lines[0]))
	found := 0
	for _, known := range live {
		found |= subtle.ConstantTimeCompare(known.digest[:], digest[:])
	}
	if found == 1 {
		return true
	}
	for _, known := range live {
		if known.missed != nil {
			known.missed(client)
		}
	}
	return false
}
