package surprises

import "fmt"

var left, right = both()

type side struct{ n int }

func both() (*side, error) { return &side{3}, nil }

// TwoByOne: two package variables from one call.
func TwoByOne() string { return fmt.Sprint(left.n, right) }
