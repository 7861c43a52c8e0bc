package status

import (
	"sync"
	"time"

	"github.com/upstreamauth/upstreamauth/verifier"
)

// Attempts counts the requests without the token, by client. It is safe for concurrent
// use.
type Attempts struct {
	now func() time.Time

	mu      sync.Mutex
	windows *verifier.Windows
}

// NewAttempts returns counts of nothing.
func NewAttempts(now func() time.Time) *Attempts {
	return &Attempts{now: now, windows: verifier.NewWindows()}
}

// wait is how long a client has to wait that has sent too many; 0: not at all.
func (a *Attempts) wait(client string, limit verifier.Rate) time.Duration {
	now := a.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.windows.Wait(client, limit, now)
}

// failed counts one.
func (a *Attempts) failed(client string, limit verifier.Rate) {
	now := a.now()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.windows.Begin(client, limit)
	a.windows.End(client, true, limit, now)
}

// Spent tells whether a client has been wrong about a token too often, apart from the requests
// of status routes: those of others must not keep their operators out.
func (a *Attempts) Spent(client string, limit verifier.Rate) bool {
	wait := a.wait(apart+client, limit)
	return wait > 0
}

// Missed counts that a client was wrong.
func (a *Attempts) Missed(client string, limit verifier.Rate) { a.failed(apart+client, limit) }

// apart is before the names of clients that are counted apart.
const apart = "trace "
