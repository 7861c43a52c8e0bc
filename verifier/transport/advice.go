package transport

import "strings"

// cause is what went wrong with a call, in words of a fixed list: the texts of the
// standard library may quote what the server sent.
type cause struct {
	text   string
	advice string // what to change; empty: nothing is known

	// settings: it is the operator who has to act, since it will not pass by itself.
	settings bool
}

// For writes an advice with the name of the block of the configuration that it is for:
// the keys that it names have a $ before them.
func For(block, advice string) string {
	return strings.ReplaceAll(advice, "$", block+".")
}
