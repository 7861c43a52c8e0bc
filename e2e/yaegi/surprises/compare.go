package surprises

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

type counted int

const (
	one counted = iota + 1
	two
)

// IotaCompared: a value does not equal the constant that it was made from.
func IotaCompared() string {
	k := two
	return fmt.Sprint(k == two)
}

// IotaAsKey ends in a panic.
func IotaAsKey() string {
	m := map[counted]string{one: "one", two: "two"}
	return m[one] + m[two]
}

type spelled int

const (
	single spelled = 1
	double spelled = 2
)

// SpelledOutCompared does what the two above cannot.
func SpelledOutCompared() string {
	k := double
	m := map[spelled]string{single: "single", double: "double"}
	return fmt.Sprint(k == double, m[k])
}

type thing struct{ n int }

func (t *thing) Error() string { return fmt.Sprint(t.n) }

// InterfacesCompared: two interfaces that hold one pointer.
func InterfacesCompared() string {
	t := &thing{1}
	var x, y error = t, t
	return fmt.Sprint(x == y)
}

var errSentinel = errors.New("sentinel")

// SentinelCompared: what is compiled is the same, and errors.Is finds it.
func SentinelCompared() string {
	err := fmt.Errorf("wrapped: %w", errSentinel)
	return fmt.Sprint(errors.Is(err, errSentinel), errors.Is(err, io.EOF))
}

// InterfaceAsKey ends in a panic.
func InterfaceAsKey() string {
	t := &thing{1}
	m := map[error]string{}
	m[t] = "found"
	return m[t]
}

type like struct{ n int }

func kindOf(v any) string {
	switch v.(type) {
	case *thing:
		return "thing "
	case *like:
		return "like "
	}
	return "neither "
}

// TypeSwitch takes no case of a type of ours.
func TypeSwitch() string { return kindOf(&thing{}) + kindOf(&like{}) }

func isError(v any) string {
	switch v.(type) {
	case error:
		return "an error"
	}
	return "none"
}

// TypeSwitchInterface takes no case of an interface.
func TypeSwitchInterface() string { return isError(io.EOF) }

// TypeSwitchCompiled: types of the standard library and the basic ones are
// told apart.
func TypeSwitchCompiled() string {
	text := ""
	for _, v := range []any{"a", 1, true, json.Delim('{'), json.Number("1")} {
		switch v.(type) {
		case string:
			text += "string "
		case int:
			text += "int "
		case bool:
			text += "bool "
		case json.Delim:
			text += "delimiter "
		case json.Number:
			text += "number "
		}
	}
	return text
}

// TypeAssertion to the one type that it can be works.
func TypeAssertion() string {
	var v any = &thing{4}
	t, ok := v.(*thing)
	_, wrong := v.(string)
	return fmt.Sprint(t.n, ok, wrong)
}

type (
	keyOne struct{}
	keyTwo struct{}
)

// ContextKeys of two types of one shape are one key.
func ContextKeys() string {
	ctx := context.WithValue(context.Background(), keyOne{}, "one ")
	ctx = context.WithValue(ctx, keyTwo{}, "two ")
	return fmt.Sprint(ctx.Value(keyOne{}), ctx.Value(keyTwo{}))
}

func same(n int) int { return n }

// CaseCalls: of several calls in a case only the first counts.
func CaseCalls() string {
	switch same(6) {
	case same(5), same(6):
		return "hit"
	}
	return "miss"
}

// CaseConditions: and of several conditions.
func CaseConditions() string {
	text := "i/o timeout"
	switch {
	case strings.Contains(text, "deadline"), strings.Contains(text, "timeout"):
		return "hit"
	}
	return "miss"
}

// CaseOneCondition does what CaseConditions cannot.
func CaseOneCondition() string {
	text := "i/o timeout"
	switch {
	case strings.Contains(text, "deadline") || strings.Contains(text, "timeout"):
		return "hit"
	}
	return "miss"
}

// CaseConstants: a list of constants is fine.
func CaseConstants() string {
	switch same(6) {
	case 5, 6:
		return "hit"
	}
	return "miss"
}
