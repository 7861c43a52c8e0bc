package transport

import (
	"reflect"
	"strings"
	"testing"
)

// Two scopes that are the same share answers: a field that is not part of the scope
// gives one caller another's identity.
func TestTargetScope(t *testing.T) {
	before := strings.Join(Target{}.Scope(), "\x00")
	target := Target{}
	for path, set := range settable(reflect.ValueOf(&target).Elem(), "Target") {
		target = Target{}
		set()
		if strings.Join(target.Scope(), "\x00") == before {
			t.Errorf("%s is not part of the scope", path)
		}
	}
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
			found[name] = func() {} // not understood here, so not shown to be part of it
		}
	}
	return found
}
