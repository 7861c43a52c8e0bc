package credential

import (
	"net/http"
	"reflect"
	"testing"
)

// A credential is removed unless it is to be forwarded.
func TestRemover(t *testing.T) {
	bearer := Accepts{Bearer: true}
	everything := Accepts{Bearer: true, BareToken: true, Key: true, Basic: true}
	key := Accepts{Key: true}
	cases := []struct {
		name    string
		accepts Accepts
		lines   []string
		want    []string
	}{
		{"a token", bearer, []string{"Bearer x"}, nil},
		{"a malformed token", bearer, []string{"Bearer  x y"}, nil},
		{"a scheme alone", bearer, []string{"bearer"}, nil},
		{"a space in front, which HTTP/2 delivers", bearer, []string{" Bearer x"}, nil},
		{"a tab in front", bearer, []string{"\tBearer x"}, nil},
		{"two tokens", bearer, []string{"Bearer x", "bearer y"}, nil},
		{"a kind that is not configured", bearer, []string{"Basic dTpw"}, []string{"Basic dTpw"}},
		{"another scheme", everything, []string{"Digest a=b"}, []string{"Digest a=b"}},
		{"another scheme beside", bearer, []string{"Digest a=b", "Bearer x"}, []string{"Digest a=b"}},
		{"a bare token", everything, []string{"AbCd"}, nil},
		{"a route that takes nothing in Authorization", key, []string{"Bearer x"}, []string{"Bearer x"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h := http.Header{"Authorization": c.lines, "Application-Key": {"k"}, "Cookie": {"c"}}
			NewRemover(c.accepts, false).Remove(h)
			if got := h["Authorization"]; !reflect.DeepEqual(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
			if (h["Application-Key"] != nil) == c.accepts.Key || h["Cookie"] == nil {
				t.Errorf("%v", h)
			}
		})
		t.Run(c.name+", forwarded", func(t *testing.T) {
			h := http.Header{"Authorization": c.lines, "Application-Key": {"k"}}
			NewRemover(c.accepts, true).Remove(h)
			if len(h) != 2 || !reflect.DeepEqual(h["Authorization"], c.lines) || !reflect.DeepEqual(h["Application-Key"], []string{"k"}) {
				t.Errorf("%v", h)
			}
		})
	}
}
