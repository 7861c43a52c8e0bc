package surprises

import (
	"fmt"
	"unsafe"
)

// Unsafe is not given to plugins.
func Unsafe() string { return fmt.Sprint(unsafe.Sizeof(int64(1))) }
