package counters

import (
	"sync"
	"time"
)

// callBounds are the upper ends of the buckets that calls to upstreams are counted in.
func callBounds() []time.Duration {
	const ms = time.Millisecond
	return []time.Duration{5 * ms, 10 * ms, 25 * ms, 50 * ms, 100 * ms, 250 * ms, 500 * ms, time.Second, 2500 * ms, 5 * time.Second}
}

// Histogram counts durations by their length. Its owner guards it.
type Histogram struct {
	Bounds []time.Duration // of the buckets, included
	Counts []int64         // of each, and of those that are longer
	Sum    time.Duration
}

// NewHistogram returns an empty one.
func NewHistogram(bounds []time.Duration) *Histogram {
	return &Histogram{Bounds: bounds, Counts: make([]int64, len(bounds)+1)}
}

func (h *Histogram) add(d time.Duration) {
	if d < 0 {
		d = 0 // the clock was set back
	}
	place := 0
	for place < len(h.Bounds) && d > h.Bounds[place] {
		place++
	}
	h.Counts[place]++
	h.Sum += d
}

// Merge adds what another one of the same buckets has counted.
func (h *Histogram) Merge(other *Histogram) {
	for i, n := range other.Counts {
		h.Counts[i] += n
	}
	h.Sum += other.Sum
}

// Memory counts the batches that one shared memory was asked. It is safe for concurrent
// use.
type Memory struct {
	mu     sync.Mutex
	took   *Histogram
	errors int64
}

// NewMemory returns one that has counted nothing.
func NewMemory() *Memory {
	return &Memory{took: NewHistogram(memoryBounds())}
}

// memoryBounds are shorter than those of calls: a memory stands nearby.
func memoryBounds() []time.Duration {
	const us = time.Microsecond
	return []time.Duration{100 * us, 250 * us, 500 * us, 1000 * us, 2500 * us, 5000 * us, 10000 * us, 50000 * us, 100000 * us, 500000 * us}
}

// Asked counts a batch; failed: it had no answer.
func (m *Memory) Asked(took time.Duration, failed bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.took.add(took)
	if failed {
		m.errors++
	}
}

// MemoryState is what one or several memories have counted.
type MemoryState struct {
	Took   *Histogram
	Errors int64
}

// NewMemoryState returns a state of nothing.
func NewMemoryState() *MemoryState {
	return &MemoryState{Took: NewHistogram(memoryBounds())}
}

// AddTo adds the counts to a state.
func (m *Memory) AddTo(s *MemoryState) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s.Took.Merge(m.took)
	s.Errors += m.errors
}
