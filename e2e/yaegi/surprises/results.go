package surprises

import (
	"fmt"
	"io"
)

func numberAndLen(n int, list []string) (int, int) { return n, len(list) }

// ReturnLen gives the first result twice.
func ReturnLen() string {
	n, size := numberAndLen(7, []string{"a", "b"})
	return fmt.Sprint(n, size)
}

func textAndLen(text string) (string, int) { return text, len(text) }

// ReturnLenOfText panics, since the first result is no number.
func ReturnLenOfText() string {
	text, size := textAndLen("abc")
	return fmt.Sprint(text, size)
}

type operation struct {
	run func(int) int
}

func identical(n int) int { return n }

func runAndError(o *operation) (int, error) { return o.run(5), nil }

// ReturnField loses what the function in the field gave.
func ReturnField() string {
	n, err := runAndError(&operation{run: identical})
	return fmt.Sprint(n, err)
}

func runOf(table map[string]operation) (int, error) { return table["a"].run(5), nil }

// ReturnFieldOfMap is the same.
func ReturnFieldOfMap() string {
	n, err := runOf(map[string]operation{"a": {run: identical}})
	return fmt.Sprint(n, err)
}

// AssignBesideCall loses what is assigned beside the call.
func AssignBesideCall() string {
	var plain, called int
	plain, called = 7, identical(8)
	return fmt.Sprint(plain, called)
}

type doubled struct{ one, two string }

// AssignBesideLiteral loses what is assigned beside a literal of a struct.
func AssignBesideLiteral() string {
	first, second := doubled{}, doubled{two: "b"}
	given := doubled{one: "a"}
	first, second = given, doubled{}
	return fmt.Sprint(first, second)
}

func nameless(string) int {
	local := 5
	return local
}

// NamelessParameter: the argument lands in the place of another variable.
func NamelessParameter() string { return fmt.Sprint(nameless("text")) }

func received(c chan int) int { return <-c }

// ReturnReceived panics.
func ReturnReceived() string {
	c := make(chan int, 1)
	c <- 5
	return fmt.Sprint(received(c))
}

func onlyFirst(first bool) (text string, n int) {
	if first {
		text, n = "first", 1
	}
	return text, n
}

// NamedResultsInLoop: those that are not assigned keep what they were in the call before.
func NamedResultsInLoop() string {
	all := ""
	for i := 0; i < 2; i++ {
		text, n := onlyFirst(i == 0)
		all += fmt.Sprintf("%q %d ", text, n)
	}
	return all
}

func grown(n int) (list []int) {
	list = append(list, n)
	return list
}

// NamedResultGrows: it still holds what the call before appended.
func NamedResultGrows() string {
	all := ""
	for i := 0; i < 2; i++ {
		all += fmt.Sprint(grown(i))
	}
	return all
}

func localNumberAndLen(n int, list []string) (int, int) {
	size := len(list)
	return n, size
}

func localRun(o *operation) (int, error) {
	n := o.run(5)
	return n, nil
}

func blank(_ string) int {
	local := 5
	return local
}

func localReceived(c chan int) int {
	v := <-c
	return v
}

// ReturnLocals does what all the others cannot.
func ReturnLocals() string {
	n, size := localNumberAndLen(7, []string{"a", "b"})
	m, err := localRun(&operation{run: identical})
	c := make(chan int, 1)
	c <- 5
	plain, called := 7, identical(8)
	return fmt.Sprint(n, size, m, err, localReceived(c), plain, called, blank("text"))
}

type resultWithError struct {
	n   int
	err error
}

// AssignNil: an assignment of several, one of which becomes nil: a slice, a map or a pointer
// as well as an interface.
func AssignNil() string {
	list, done := []int{1}, false
	before := fmt.Sprint(list, done)
	list, done = nil, true
	r := &resultWithError{err: io.EOF}
	r.n, r.err = 5, nil
	return fmt.Sprint(before, r.n, r.err, list, done)
}

type pair struct{ first, second string }

func textOf(text string) string { return text }

func pairOf(text string) (p pair, err error) {
	p = pair{first: text, second: textOf("b")}
	return p, err
}

// LiteralToResult assigns a literal to a named result.
func LiteralToResult() string {
	p, _ := pairOf("a")
	return p.first + p.second
}
