package verifier

import (
	"fmt"
	"testing"
)

func TestIdentity(t *testing.T) {
	t.Run("a field that it does not have is empty", func(t *testing.T) {
		id := Identity{{Name: "user", Value: "u"}}
		for name, want := range map[string]string{"user": "u", "User": "", "": ""} {
			if got := id.Get(name); got != want {
				t.Errorf("%q: %q, want %q", name, got, want)
			}
		}
		if got := Identity(nil).Get("user"); got != "" {
			t.Errorf("of no identity: %q", got)
		}
	})
	t.Run("a field of several values has no single one", func(t *testing.T) {
		id := Identity{{Name: "user", Values: []string{"u"}}, {Name: "roles", Values: []string{"a", "b,c"}}, {Name: "object"}, {Name: "one", Value: "a,b"}}
		if got := id.Get("user"); got != "" {
			t.Errorf("the user is %q", got)
		}
		for name, want := range map[string]string{"roles": `["a" "b,c"] true`, "one": `["a,b"] true`, "object": `[] true`, "none": `[] false`} {
			values, found := id.Values(name)
			if got := fmt.Sprintf("%q %v", values, found); got != want {
				t.Errorf("%s: %s, want %s", name, got, want)
			}
		}
	})
}
