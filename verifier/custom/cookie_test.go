package custom

import "testing"

func TestCookie(t *testing.T) {
	allowed := Allowed{Names: map[string]bool{"token": true}}
	template, fault := ParseCookie("sid={token}; lang=en", allowed)
	if fault != "" {
		t.Fatal(fault)
	}

	t.Run("a value stands in a cookie", func(t *testing.T) {
		text, ok := template.Render(Values{"token": "a=b+/1|2"})
		if !ok || text != "sid=a=b+/1|2; lang=en" {
			t.Errorf("%q, %t", text, ok)
		}
	})

	t.Run("no value adds another cookie", func(t *testing.T) {
		for _, value := range []string{"a;role=admin", "a,b", `a"b`, `a\b`, "a b", "a\tb", "ä"} {
			if text, ok := template.Render(Values{"token": value}); ok {
				t.Errorf("%q became %q", value, text)
			}
		}
		if !template.mayFail() {
			t.Error("no value is looked at before it is sent")
		}
	})
}
