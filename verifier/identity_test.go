package verifier

import "testing"

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
}
