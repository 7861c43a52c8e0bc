package surprises

import (
	"fmt"
	"sync/atomic"
)

// AtomicPointer is generic, and compiled.
func AtomicPointer() string {
	var pointer atomic.Pointer[int]
	n := 3
	pointer.Store(&n)
	return fmt.Sprint(*pointer.Load())
}
