package surprises

import "fmt"

// RangeOverNumber is Go 1.22.
func RangeOverNumber() string {
	text := ""
	for i := range 3 {
		text += fmt.Sprint(i)
	}
	return text
}
