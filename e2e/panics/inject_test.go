package panics

import "testing"

// The panics go to the beginning of a body and behind its deferred calls, but not
// into functions that recover.
func TestInject(t *testing.T) {
	text := `package p

func guard() { _ = recover() }

func one() {}

func two() int {
	defer guard()
	x.Lock()
	defer x.Unlock()
	go func() { defer func() { _ = recover() }(); work() }()
	return 1
}
`
	want := `package p

func guard() { _ = recover() }

func one() {panicAt("d/f.go:one");}

func two() int {
	defer guard();panicAt("d/f.go:two")
	x.Lock()
	defer x.Unlock();panicAt("d/f.go:two+1")
	go func() { defer func() { _ = recover() }();panicAt("d/f.go:two.func1"); work() }()
	return 1
}
`
	got, points, err := inject("d/f.go", text)
	if err != nil || got != want || len(points) != 4 {
		t.Errorf("%v %q\n%s", err, points, got)
	}
}
