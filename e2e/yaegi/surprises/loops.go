package surprises

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
)

type item struct{ n int }

func (i *item) Error() string { return fmt.Sprint(i.n) }

func (i *item) number() int { return i.n }

// makeItem is the workaround: a function whose result type is the interface.
func makeItem(n int) error { return &item{n} }

func texts(errs []error) string {
	text := ""
	for _, err := range errs {
		text += err.Error()
	}
	return text
}

// AppendInLoop: every element becomes the last one.
func AppendInLoop() string {
	var errs []error
	for i := 0; i < 3; i++ {
		errs = append(errs, &item{i})
	}
	return texts(errs)
}

// AppendAnyInLoop: the empty interface is no better.
func AppendAnyInLoop() string {
	var all []any
	for i := 0; i < 3; i++ {
		all = append(all, &item{i})
	}
	return fmt.Sprint(all[0].(*item).n, all[1].(*item).n, all[2].(*item).n)
}

// StoreInLoop is the same with a map.
func StoreInLoop() string {
	errs := map[int]error{}
	for i := 0; i < 3; i++ {
		errs[i] = &item{i}
	}
	return texts([]error{errs[0], errs[1], errs[2]})
}

var passed []error

func pass(err error) { passed = append(passed, err) }

// PassInLoop is the same with an argument.
func PassInLoop() string {
	passed = nil
	for i := 0; i < 3; i++ {
		pass(&item{i})
	}
	return texts(passed)
}

// SendInLoop is the same with a channel.
func SendInLoop() string {
	errs := make(chan error, 3)
	for i := 0; i < 3; i++ {
		errs <- &item{i}
	}
	close(errs)
	text := ""
	for err := range errs {
		text += err.Error()
	}
	return text
}

// AssignInLoop is the same with values that were there before.
func AssignInLoop() string {
	var errs []error
	for _, i := range []*item{{0}, {1}, {2}} {
		var err error = i
		errs = append(errs, err)
	}
	return texts(errs)
}

type handler struct {
	n    int
	next http.Handler
}

func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fmt.Fprint(w, h.n)
	if h.next != nil {
		h.next.ServeHTTP(w, r)
	}
}

// HandlersInLoop is the same with an interface of the standard library.
func HandlersInLoop() string {
	var handlers []http.Handler
	for i := 0; i < 3; i++ {
		handlers = append(handlers, &handler{n: i})
	}
	recorder := httptest.NewRecorder()
	for _, h := range handlers {
		h.ServeHTTP(recorder, nil)
	}
	return recorder.Body.String()
}

type link struct {
	n    int
	next error
}

func (l *link) Error() string {
	if l.n > 9 {
		return "round and round"
	}
	l.n += 10
	return fmt.Sprint(l.n-10) + l.next.Error()
}

// ChainInLoop becomes a chain that calls itself.
func ChainInLoop() string {
	var chain error = &item{0}
	for i := 1; i < 3; i++ {
		chain = &link{i, chain}
	}
	return chain.Error()
}

// AppendMadeElsewhere does what AppendInLoop cannot.
func AppendMadeElsewhere() string {
	var errs []error
	for i := 0; i < 3; i++ {
		errs = append(errs, makeItem(i))
	}
	return texts(errs)
}

// AppendBasics: numbers and text are stored correctly.
func AppendBasics() string {
	var all []any
	for i := 0; i < 3; i++ {
		all = append(all, i, fmt.Sprint(i))
	}
	return fmt.Sprint(all...)
}

// AppendCompiled: nor do types of the standard library.
func AppendCompiled() string {
	var errs []error
	for i := 0; i < 3; i++ {
		errs = append(errs, &net.AddrError{Err: fmt.Sprint(i)})
	}
	return texts(errs)
}

func search(n int) error {
	for i := 0; i < 3; i++ {
		if i == n {
			return &item{i}
		}
	}
	return nil
}

// ReturnFromLoop: a return ends the loop, and nothing else comes into its place.
func ReturnFromLoop() string {
	first, second := search(0), search(1)
	return texts([]error{first, second, search(2)})
}

// ClosuresInLoop see the variable of the last round (as in Go before 1.22).
func ClosuresInLoop() string {
	var numbers []func() int
	for i := 0; i < 3; i++ {
		numbers = append(numbers, func() int { return i })
	}
	return fmt.Sprint(numbers[0](), numbers[1](), numbers[2]())
}

// ClosuresInCases are the same.
func ClosuresInCases() string {
	var words []func() string
	for _, word := range []string{"a", "b", "c"} {
		switch {
		case word != "":
			words = append(words, func() string { return word })
		}
	}
	return words[0]() + words[1]() + words[2]()
}

// MethodValuesInLoop: a variable of the round does not help them.
func MethodValuesInLoop() string {
	var numbers []func() int
	for i := 0; i < 3; i++ {
		one := &item{i}
		numbers = append(numbers, one.number)
	}
	return fmt.Sprint(numbers[0](), numbers[1](), numbers[2]())
}

func makeNumber(i int) func() int { return func() int { return i } }

// ClosuresMadeByCall does what ClosuresInLoop cannot.
func ClosuresMadeByCall() string {
	var numbers []func() int
	for i := 0; i < 3; i++ {
		numbers = append(numbers, makeNumber(i))
	}
	return fmt.Sprint(numbers[0](), numbers[1](), numbers[2]())
}
