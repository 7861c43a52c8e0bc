package credential

import (
	"net/http"
	"reflect"
	"testing"
)

func TestACredentialThatIsNotForwardedIsRemoved(t *testing.T) {
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
		{"what HTTP/2 delivers untrimmed", bearer, []string{" Bearer x"}, nil},
		{"a tab in front", bearer, []string{"\tBearer x"}, nil},
		{"two tokens", bearer, []string{"Bearer x", "bearer y"}, nil},
		{"a kind that is not configured", bearer, []string{"Basic dTpw"}, []string{"Basic dTpw"}},
		{"another scheme", everything, []string{"Digest a=b"}, []string{"Digest a=b"}},
		{"another scheme beside", bearer, []string{"Digest a=b", "Bearer x"}, []string{"Digest a=b"}},
		{"a bare token", everything, []string{"AbCd"}, nil},
		{"nothing of Authorization's is configured", key, []string{"Bearer x"}, []string{"Bearer x"}},
	}
	for _, c := range cases {
		h := http.Header{"Authorization": c.lines, "Application-Key": {"k"}, "Cookie": {"c"}}
		NewRemover(c.accepts, false).Remove(h)
		if got := h["Authorization"]; !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if (h["Application-Key"] != nil) == c.accepts.Key || h["Cookie"] == nil {
			t.Errorf("%s: %v", c.name, h)
		}
		forwarded := http.Header{"Authorization": c.lines, "Application-Key": {"k"}}
		NewRemover(c.accepts, true).Remove(forwarded)
		if len(forwarded) != 2 || !reflect.DeepEqual(forwarded["Authorization"], c.lines) {
			t.Errorf("%s: not forwarded: %v", c.name, forwarded)
		}
	}
}
