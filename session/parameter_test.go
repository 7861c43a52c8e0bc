package session

import (
	"net/url"
	"strings"
	"testing"

	"github.com/upstreamauth/upstreamauth/verifier"
)

func TestParameterRead(t *testing.T) {
	p := newParameter("to.k_e-n")
	for _, c := range []struct {
		encoded string
		value   string
		reason  verifier.Reason
	}{
		{"", "", ""},
		{"a=1", "", ""},
		{"to.k_e-n", "", ""},
		{"to.k_e-n=", "", ""},
		{"&&to.k_e-n=&", "", ""},
		{"to.k_e-n=x", "x", ""},
		{"a=1&to.k_e-n=x&b=2", "x", ""},
		{"to.k_e-n=&to.k_e-n=&to.k_e-n=&to.k_e-n=x", "x", ""},
		{"to.k_e-n=x=y", "x=y", ""},
		{"to.k_e-n=a+b%20%2B%26%3B", "a b +&;", ""},
		{"to.k_e-n=x&promo=100%", "x", ""},
		{"promo=100%&to.k_e-n=x", "x", ""},
		{"%zz&to.k_e-n=x", "x", ""},
		{"a;b&to.k_e-n=x", "x", ""},
		{"%&=&%=%&to.k_e-n=x", "x", ""},
		{"%74o%2Ek%5fe%2Dn=x", "x", ""},
		{"to.k_e-n=x&to.k_e-n=", "x", ""},
		{"a=1;to.k_e-n=x", "", ""},
		{"atoxk_e-n=x", "", ""},
		{"toxk_e-n=x", "", ""},
		{"TO.k_e-n=x", "", ""},
		{"to.k_e-n[]=x", "", ""},
		{" to.k_e-n=x", "", ""},
		{"to.k_e-n=x;a=1", "", verifier.Malformed},
		{"to.k_e-n=%zz", "", verifier.Malformed},
		{"to.k_e-n=100%", "", verifier.Malformed},
		{"to.k_e-n=x&to.k_e-n=x", "", verifier.Ambiguous},
		{"to.k_e-n=x&a&%74o.k_e-n=y", "", verifier.Ambiguous},
		{"to.k_e-n=x&to.k_e-n=%zz", "", verifier.Ambiguous},
		{strings.Repeat("a&", maxForm/2-8) + "to.k_e-n=x", "x", ""},
		{strings.Repeat("&", maxForm) + "to.k_e-n=x", "", verifier.Malformed},
	} {
		name := c.encoded
		if len(name) > 60 {
			name = name[:10] + "…"
		}
		t.Run("the value in "+name, func(t *testing.T) {
			value, denial := p.read(c.encoded)
			if value != c.value || denial.Reason != c.reason {
				t.Errorf("%q %q, want %q %q", value, denial.Reason, c.value, c.reason)
			}
		})
	}
}

// FuzzParameter: where net/url finds one value that is not empty, so does read, and
// where it finds two, read denies. Names that net/url does not parse are not looked at.
func FuzzParameter(f *testing.F) {
	p := newParameter("t")
	for _, query := range []string{"t=1", "t=1&t=2", "a=%&t=x%41", "%74=x&b", "t=&t=+", "t=;&t=1", "t=a;t=b", "&&&t==", "t"} {
		f.Add(query)
	}
	f.Fuzz(func(t *testing.T, query string) {
		values, _ := url.ParseQuery(query)
		var found []string
		for _, value := range values["t"] {
			if value != "" {
				found = append(found, value)
			}
		}
		value, denial := p.read(query)
		switch {
		case len(found) > 1 && denial.Reason == "":
			t.Errorf("%q: %q, one of %q", query, value, found)
		case denial.Reason == "" && (len(found) == 1) != (value != ""), len(found) == 1 && denial.Reason == "" && value != found[0]:
			t.Errorf("%q: %q, want %q", query, value, found)
		}
	})
}
