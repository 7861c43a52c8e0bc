package surprises

import (
	"errors"
	"fmt"
	"strings"
	"text/template"
)

type numbered struct{ n int }

func (v *numbered) Error() string { return fmt.Sprint(v.n) }

func (v *numbered) number() int { return v.n }

// GotoLoop does what AppendInLoop does, without a for.
func GotoLoop() string {
	var errs []error
	i := 0
again:
	errs = append(errs, &numbered{i})
	if i++; i < 3 {
		goto again
	}
	return fmt.Sprint(errs)
}

// RangeAssigned converts to an interface by assigning in a range.
func RangeAssigned() string {
	var errs []error
	var err error
	for _, err = range []*numbered{{0}, {1}, {2}} {
		errs = append(errs, err)
	}
	return fmt.Sprint(errs)
}

func isSame(err error, v *numbered) bool { return err == v }

// InterfaceAndValue compares an interface with the value that it holds.
func InterfaceAndValue() string {
	v := &numbered{1}
	return fmt.Sprint(isSame(v, v))
}

func sameOf(err, other error) string {
	switch err {
	case other:
		return "same"
	}
	return "another"
}

// InterfaceSwitch ends in a panic.
func InterfaceSwitch() string {
	v := &numbered{1}
	return sameOf(v, v)
}

type failedAt struct {
	err  error
	line int
}

// InterfaceInKey ends in a panic: the key is a struct that holds an interface.
func InterfaceInKey() string {
	v := &numbered{1}
	m := map[failedAt]string{{v, 1}: "found"}
	return m[failedAt{v, 1}]
}

// MethodExprCalled does what MethodExpression, which does not load, cannot.
func MethodExprCalled() string { return fmt.Sprint((*numbered).number(&numbered{3})) }

type titled struct{ text string }

// Title is what the template asks for.
func (t titled) Title() string { return t.text }

func filled(data any) string {
	var b strings.Builder
	if err := template.Must(template.New("").Parse("{{.Title}}")).Execute(&b, data); err != nil {
		var failed template.ExecError
		return fmt.Sprint("failed: ", errors.As(err, &failed))
	}
	return b.String()
}

// TemplateMethod: a template does not find a method of ours; and of structs
// inside structs it prints what happens to lie in memory.
func TemplateMethod() string { return filled(titled{"text"}) }

// TemplateMap works.
func TemplateMap() string { return filled(map[string]string{"Title": "text"}) }
