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
	return scalar(strconv.FormatFloat(value, 'f', -1, bits))
}

// unquotedKey says whether the key that was written is lost: Traefik's file provider
// turns a key without quotes that is not text, such as 401, into "<int Value>".
func unquotedKey(name string) bool {
	return strings.HasPrefix(name, "<") && strings.HasSuffix(name, " Value>")
}

// isAlphanumeric is about ASCII alone.
func isAlphanumeric(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
