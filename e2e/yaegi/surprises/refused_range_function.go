package surprises

import "fmt"

func sequence(yield func(int) bool) {
	_ = yield(0) && yield(1) && yield(2)
}

// RangeOverFunction is Go 1.23.
func RangeOverFunction() string {
	text := ""
	for i := range sequence {
		text += fmt.Sprint(i)
	}
	return text
}
