package transport

import (
	"context"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
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

func setField(field reflect.Value) {
	if field.Kind() == reflect.Bool {
		field.SetBool(true)
		return
	}
	field.SetString("x")
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
		case reflect.Slice:
			of := field.Type().Elem()
			for i := 0; i < of.NumField(); i++ {
				i, inner := i, reflect.MakeSlice(field.Type(), 1, 1)
				name := name + "[0]." + of.Field(i).Name
				found[name] = func() {
					setField(inner.Index(0).Field(i))
					field.Set(inner)
				}
			}
		default:
			found[name] = func() {} // changes nothing, so that the test fails for this kind of field
		}
	}
	return found
}

func TestPathOfCall(t *testing.T) {
	t.Run("a path in place of the target's arrives as it was written, below the base address", func(t *testing.T) {
		asked := ""
		server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { asked = r.RequestURI }))
		t.Cleanup(server.Close)
		for _, c := range []struct{ base, path, call string }{
			{"", "/me/{token}?a=%7B{token}", "/me/tok?a=%7Btok"},
			{"", "/me?a={token}", "/me?a=b?c"},
			{"", "/a%2Fb/{token}", "/a%2Fb/tok"},
			{"/base", "/%40me/{token}", "/%40me/tok"},
			{"/b%20c", "/me/{token}", "/me/tok"},
			{"/b%2Fc", "/(me)/{token}", "/(me)/tok"},
		} {
			client, err := NewClient(Target{URL: server.URL + c.base, Path: c.path, Method: "GET"}, time.Now)
			if err != nil {
				t.Fatal(err)
			}
			want := c.base + c.call
			if _, err = client.Do(context.Background(), Request{Header: http.Header{}, Path: c.call}); err != nil || asked != want {
				t.Errorf("%q: asked %q %v", want, asked, err)
			}
		}
	})
}
