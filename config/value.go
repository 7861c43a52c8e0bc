package config

import (
	"math"
	"reflect"
	"strconv"
	"strings"
)

// rawValue is one value as a provider delivered it. File providers and labels
// deliver scalars as text, Kubernetes delivers the types of JSON. Only this file
// knows the difference.
type rawValue struct {
	shape string        // one of the shapes below; "" if the key is absent
	text  string        // of a scalar: its text, trimmed
	typed string        // what a scalar was that YAML did not deliver as text, where that may not be what was written
	value reflect.Value // of a list or a block
}

// The shapes of values, in the words that faults use.
const (
	shapeEmpty   = "nothing" // null and "", which is also what the file provider makes of {} and []
	shapeScalar  = "a single value"
	shapeList    = "a list"
	shapeBlock   = "a block of keys"
	shapeInexact = "a number that is not exact (quote it)"
	shapeOther   = "a value of another type"
)

// maxExact is the largest whole number up to which float64 holds all of them. Of a
// larger key or id that was written without quotes, the last digits are lost.
const maxExact = 1 << 53

// inspect finds the shape of v. It reads v alone, not what a list or a block holds:
// blocks with too many keys are refused before their values are read.
func inspect(v reflect.Value) rawValue {
	if v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Invalid:
		return rawValue{shape: shapeEmpty}
	case reflect.String:
		return scalar(strings.TrimSpace(v.String()))
	case reflect.Bool:
		read := scalar(strconv.FormatBool(v.Bool()))
		read.typed = typedBoolean
		return read
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return scalar(strconv.FormatInt(v.Int(), 10))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return scalar(strconv.FormatUint(v.Uint(), 10))
	case reflect.Float32, reflect.Float64:
		return number(v.Float(), v.Type().Bits())
	case reflect.Slice, reflect.Array:
		return rawValue{shape: shapeList, value: v}
	case reflect.Map:
		return rawValue{shape: shapeBlock, value: v}
	}
	return rawValue{shape: shapeOther}
}

// scalar is a value with this text; an empty text counts as none.
func scalar(text string) rawValue {
	if text == "" {
		return rawValue{shape: shapeEmpty}
	}
	return rawValue{shape: shapeScalar, text: text}
}

// number writes a float as the shortest decimal that stands for it, without an
// exponent, since that is how the operator wrote it. Numbers that were not exact
// any more when they arrived are no scalars: a guess could be another credential.
func number(value float64, bits int) rawValue {
	if math.IsNaN(value) || math.Abs(value) > maxExact {
		return rawValue{shape: shapeInexact}
	}
	read := scalar(strconv.FormatFloat(value, 'f', -1, bits))
	if value != math.Trunc(value) {
		read.typed = typedFraction
	}
	return read
}

// What a scalar was before it was text. In a secret, none of them is what was written:
// YAML reads 1.50 as 1.5, and some readers take yes for true.
const (
	typedBoolean  = "a boolean"
	typedFraction = "a number with a fraction"
	typedLost     = "a number that has lost its digits"
)

// rewritten says which of these a text is, or was before Traefik's file provider made a
// text of it; empty for every other. A number of more digits than integers have was
// rounded, and is written by that provider with all digits of its rounded value: of
// 35 digits that were quoted, hardly any are such a value.
func (r rawValue) rewritten() string {
	text := r.text
	if r.shape == shapeInexact {
		return typedLost
	}
	if r.typed != "" {
		return r.typed
	}
	if text == "true" || text == "false" {
		return typedBoolean
	}
	if lostDigits(text) {
		return typedLost
	}
	whole, fraction, dot := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	if dot && len(fraction) == 6 && isDigits(whole) && isDigits(fraction) {
		return typedFraction
	}
	_, err := strconv.ParseUint(whole, 10, 64)
	rounded, _ := strconv.ParseFloat(whole, 64)
	if !dot && err != nil && isDigits(whole) && strconv.FormatFloat(rounded, 'f', 0, 64) == whole {
		return typedLost
	}
	return ""
}

// lostDigits says whether a text is a large number as programs write one that they read
// as a float, such as 1.2345678901234568e+34.
func lostDigits(text string) bool {
	mantissa, exponent, scientific := strings.Cut(strings.ToLower(strings.TrimLeft(text, "+-")), "e")
	first, rest, dot := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(exponent, "+-")
	return scientific && len(first) == 1 && isDigits(first) && (!dot || isDigits(rest)) && isDigits(digits) && len(digits) <= 3
}

func isDigits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == ""
}

// A wrapper is how some program marks the name of a variable in a text.
type wrapper struct {
	open, close string
	inside      bool   // counts in the middle of a text too, around a name
	inner       string // what a text that it is around as a whole may hold: one of the words below
}

const (
	innerAny   = "anything"
	innerWords = "words"
	innerUpper = "a name in upper case"
)

var wrappers = []wrapper{
	{"${", "}", true, innerAny},
	{"$(", ")", true, innerAny},
	{"{{", "}}", true, innerAny},
	{"{$", "}", false, innerAny},
	{"{env.", "}", false, innerAny},
	{"#{", "}#", false, innerAny},
	{"ENC[", "]", false, innerAny},
	{"<", ">", false, innerWords},
	{"$", "", false, innerUpper},
	{"%", "%", false, innerUpper},
	{"@", "@", false, innerUpper},
	{"__", "__", false, innerUpper},
}

// unreplaced is what faults say of a text with such a mark.
const unreplaced = "a placeholder that nothing has replaced"

// placeholder says whether a text holds the mark of something that another program
// replaces, and nothing has. variable is the name in it; empty if that is not plain.
func placeholder(text string) (variable string, found bool) {
	for i := range wrappers {
		w := &wrappers[i]
		before, rest, opened := strings.Cut(text, w.open)
		end := len(rest)
		if w.close != "" {
			end = strings.Index(rest, w.close)
		}
		if !opened || end < 0 {
			continue
		}
		inner := rest[:end]
		variable = variableIn(inner)
		whole := before == "" && end+len(w.close) == len(rest) && w.mayHold(inner)
		if whole || w.inside && (variable != "" || w.open == "{{") {
			return variable, true
		}
	}
	return "", false
}

// mayHold says whether this stands between the marks of a placeholder that is all of a
// text. Marks that a password too may begin and end with hold a name in upper case.
func (w *wrapper) mayHold(inner string) bool {
	if w.inner == innerUpper {
		return len(inner) > 1 && isVariable(inner) && inner == strings.ToUpper(inner)
	}
	if w.inner == innerAny {
		return true
	}
	for i := 0; i < len(inner); i++ {
		if !isAlphanumeric(inner[i]) && !strings.Contains(" -_.", inner[i:i+1]) {
			return false
		}
	}
	return inner != ""
}

// variableIn returns the name that a placeholder holds, beside a default for it (as in
// ${NAME:-x}) or a call (as in {{ env "NAME" }}); empty if that is not plain.
func variableIn(inner string) string {
	name := strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(inner), "env."), "env ")
	end := strings.IndexAny(name, ":?+-=")
	if end > 0 {
		name = name[:end]
	}
	name = strings.Trim(name, " \"`'")
	if !isVariable(name) {
		return ""
	}
	return name
}

// isVariable says whether a text may be the name of a variable of the environment.
func isVariable(name string) bool {
	for i := 0; i < len(name); i++ {
		if !isAlphanumeric(name[i]) && name[i] != '_' {
			return false
		}
	}
	return name != "" && (name[0] < '0' || name[0] > '9')
}

// unquotedKey says whether the key that was written is lost: Traefik's file provider
// turns a key without quotes that is not text, such as 401, into "<int Value>".
func unquotedKey(name string) bool {
	return strings.HasPrefix(name, "<") && strings.HasSuffix(name, " Value>")
}

// quoteTheCode is the fault of such a key.
const quoteTheCode = `quote the code, as in "401": without quotes the provider loses it`

// isAlphanumeric is about ASCII alone.
func isAlphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
