package verifier

import "testing"

func TestIdentity(t *testing.T) {
	t.Run("a field that is not there is empty", func(t *testing.T) {
		id := Identity{{Name: "user", Value: "u"}}
		if id.Get("user") != "u" || id.Get("User") != "" || id.Get("") != "" || Identity(nil).Get("user") != "" {
			t.Error("Get makes something up")
		}
	})
}
