package surprises

import "fmt"

// BuiltinClear is Go 1.21.
func BuiltinClear() string {
	m := map[int]int{1: 1}
	clear(m)
	return fmt.Sprint(len(m))
}
