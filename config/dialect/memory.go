package dialect

import "sync"

// Memory keeps the APIs that configurations described without a fault, so that all routes
// of one description share it, and a reload does not parse it again. It is safe for
// concurrent use.
type Memory struct {
	mu    sync.Mutex
	known map[string]*Result
	read  int
}

// MaxKnown is how many descriptions are kept.
const MaxKnown = 256

// NewMemory returns an empty one.
func NewMemory() *Memory {
	return &Memory{known: map[string]*Result{}}
}

// Read is how many descriptions have been read so far, the same ones counted once while
// they are kept.
func (m *Memory) Read() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.read
}

// Held is how many are kept.
func (m *Memory) Held() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.known)
}

// Find returns what is known of a description; nil: nothing is, or m is nil.
func (m *Memory) Find(fingerprint string) *Result {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	found := m.known[fingerprint]
	return found
}

// Keep counts a description that was read, and keeps it if it has no fault.
func (m *Memory) Keep(fingerprint string, result *Result) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.read++
	if result.API == nil {
		return
	}
	if len(m.known) >= MaxKnown {
		m.known = map[string]*Result{} // those in use come again at the next reload
	}
	m.known[fingerprint] = result
}
