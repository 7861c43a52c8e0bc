package surprises

import "fmt"

// BuiltinMin is Go 1.21.
func BuiltinMin() string { return fmt.Sprint(min(2, 1)) }
