package surprises

import "fmt"

type list[V any] struct{ root node[V] }

type node[V any] struct {
	next  *node[V]
	owner *list[V]
	value V
}

// GenericsThatGoRound: two generic types that refer to each other.
func GenericsThatGoRound() string {
	l := &list[int]{}
	l.root = node[int]{owner: l, value: 3}
	return fmt.Sprint(l.root.owner.root.value)
}
