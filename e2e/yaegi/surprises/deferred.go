package surprises

import (
	"context"
	"fmt"
	"net/http"
)

var notes string

func note(text string) { notes += text }

func guard() { _ = recover() }

func deferArgument() {
	text := "at the defer"
	defer note(text)
	text = "at the end"
	_ = text
}

// DeferArgument: the argument is read at the end.
func DeferArgument() string {
	notes = ""
	deferArgument()
	return notes
}

type named struct{ name string }

func (n *named) note() { notes += n.name }

func deferReceiver() {
	n := &named{"first"}
	defer n.note()
	n = &named{"second"}
	_ = n
}

// DeferReceiver: so is the receiver.
func DeferReceiver() string {
	notes = ""
	deferReceiver()
	return notes
}

func deferInLoop() {
	for _, text := range []string{"a", "b", "c"} {
		defer note(text)
	}
}

// DeferInLoop runs the last one three times.
func DeferInLoop() string {
	notes = ""
	deferInLoop()
	return notes
}

func panics() { panic("in a deferred function") }

func deferPanics() {
	defer guard()
	defer panics()
}

// DeferPanics: the deferred recover does not stop a panic of another deferred call.
func DeferPanics() string {
	deferPanics()
	return "survived"
}

func guardedBelow() (through any) {
	defer func() { through = recover() }()
	func() {
		defer guardBelow()
		panic("in a literal")
	}()
	return nil
}

// GuardBelow: in a literal, a recovering function that is declared further below recovers nothing.
func GuardBelow() string { return fmt.Sprint(guardedBelow()) }

func guardedByLiteral() (through any) {
	defer func() { through = recover() }()
	func() {
		defer func() { _ = recover() }()
		panic("in a literal")
	}()
	return nil
}

// GuardLiteral: in a literal, a recovering function literal works.
func GuardLiteral() string { return fmt.Sprint(guardedByLiteral()) }

func panicsInside() {
	defer guard()
	panic("in a deferred function")
}

func deferPanicsInside() {
	defer panicsInside()
	defer guard()
	panic("in the function")
}

// DeferPanicsInside: a deferred function that recovers by itself is safe.
func DeferPanicsInside() string {
	deferPanicsInside()
	return "survived"
}

func keeps() (text string) {
	defer guard()
	text = "kept"
	panic("after the result")
}

// DeferNamed: what a named result held is returned.
func DeferNamed() string { return keeps() }

type failure struct{ n int }

func (f *failure) Error() string { return fmt.Sprint(f.n) }

// RecoverType: a recovered value has lost its type.
func RecoverType() (text string) {
	defer func() {
		r := recover()
		_, own := r.(*failure)
		_, plain := r.(error)
		text = fmt.Sprint(own, plain)
	}()
	panic(&failure{1})
}

// RecoverSentinel: and equals nothing.
func RecoverSentinel() (text string) {
	defer func() {
		text = fmt.Sprint(recover() == http.ErrAbortHandler)
	}()
	panic(http.ErrAbortHandler)
}

// RecoverText: as text it is what it was.
func RecoverText() (text string) {
	defer func() {
		text = fmt.Sprint(recover())
	}()
	panic("a text")
}

func settle(c chan string) { c <- "settled" }

func work(c chan string) {
	defer settle(c)
	defer guard()
	panic("in a goroutine")
}

// GuardedGoroutine: a goroutine's own recover keeps the process alive.
func GuardedGoroutine() string {
	c := make(chan string, 1)
	go work(c)
	v := <-c
	return v
}

// GuardedAfterFunc: so it does in a function that a context calls.
func GuardedAfterFunc() string {
	c := make(chan string, 1)
	ctx, cancel := context.WithCancel(context.Background())
	stop := context.AfterFunc(ctx, func() {
		defer func() { _ = recover() }()
		c <- "fired"
		panic("afterwards")
	})
	cancel()
	v := <-c
	stop()
	return v
}

func guardBelow() { _ = recover() }
