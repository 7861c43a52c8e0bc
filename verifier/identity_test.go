package verifier

import "testing"

func TestAFieldThatIsNotThereIsEmpty(t *testing.T) {
	id := Identity{{Name: "user", Value: "u"}}
	if id.Get("user") != "u" || id.Get("User") != "" || id.Get("") != "" || Identity(nil).Get("user") != "" {
		t.Error("Get makes something up")
	}
}
