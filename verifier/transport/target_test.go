package transport

import (
	"reflect"
	"strings"
	"testing"
)

// Equal scopes share their answers: a field that is missing in the scope would give one
// caller another's identity.
func TestTargetScope(t *testing.T) {
	t.Run("each field of the target changes it, in another way", func(t *testing.T) {
		seen := map[string]string{strings.Join(Target{}.Scope(), "\x00"): "the zero target"}
		target := Target{}
		for path, set := range settable(reflect.ValueOf(&target).Elem(), "Target") {
			target = Target{}
			set()
			scope := strings.Join(target.Scope(), "\x00")
			if other, same := seen[scope]; same {
				t.Errorf("%s and %s have one scope", path, other)
			}
			seen[scope] = path
		}
	})
}

// settable returns a function for each field of a struct, at any depth, that gives it
// another value.
func settable(v reflect.Value, path string) map[string]func() {
	found := map[string]func(){}
	for i := 0; i < v.NumField(); i++ {
		field, name := v.Field(i), path+"."+v.Type().Field(i).Name
		switch field.Kind() {
		case reflect.String:
			found[name] = func() { field.SetString("x") }
		case reflect.Bool:
			found[name] = func() { field.SetBool(true) }
		case reflect.Struct:
			for inner, set := range settable(field, name) {
				found[inner] = set
			}
		default:
			found[name] = func() {} // changes nothing, so that the test fails for this kind of field
		}
	}
	return found
}
