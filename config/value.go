package config

import (
	"math"
	"reflect"
	"strconv"
	"strings"
)

// rawValue is one value as a provider delivered it. Files bring scalars as text,
// labels bring everything as text, Kubernetes brings JSON's types: all of
// that is looked at here, one level at a time, and nowhere else.
type rawValue struct {
	shape string        // one of the shapes below; "" if the key is absent
	text  string        // of a scalar: what it says, trimmed
	value reflect.Value // of a list or a block
}

// The shapes of values, in words for a fault.
const (
	shapeEmpty  = "nothing" // null, "", and what {} and [] become on their way through a provider
	shapeScalar = "a single value"
	shapeList   = "a list"
	shapeBlock  = "a block of keys"
	shapeRough  = "a number that is not exact (quote it)"
	shapeOther  = "a value of another type"
)

// exact is where float64 begins to lose whole numbers: a key or an id of more
// digits, unquoted, has already become another one.
const exact = 1 << 53

// inspect says what v is. It reads no deeper than v itself.
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
		return scalar(strconv.FormatBool(v.Bool()))
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

func scalar(text string) rawValue {
	if text == "" {
		return rawValue{shape: shapeEmpty}
	}
	return rawValue{shape: shapeScalar, text: text}
}

// number reads a float as the shortest decimal that means it, without an
// exponent. Not a number, infinities and huge ones say nothing that can be kept.
func number(f float64, bits int) rawValue {
	if math.IsNaN(f) || math.Abs(f) > exact {
		return rawValue{shape: shapeRough}
	}
	return scalar(strconv.FormatFloat(f, 'f', -1, bits))
}

// unquotedKey says whether a provider put this in the place of a key that was no
// text: Traefik's files turn 401: into <int Value>:.
func unquotedKey(name string) bool {
	return strings.HasPrefix(name, "<") && strings.HasSuffix(name, " Value>")
}

func isAlphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
