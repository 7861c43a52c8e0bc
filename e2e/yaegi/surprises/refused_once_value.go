package surprises

import (
	"fmt"
	"sync"
)

// OnceValue is generic, and compiled.
func OnceValue() string {
	value := sync.OnceValue(func() int { return 3 })
	return fmt.Sprint(value())
}
