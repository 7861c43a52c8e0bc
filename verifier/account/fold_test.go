package account

import (
	"strings"
	"testing"
	"time"
)

func TestFold(t *testing.T) {
	for _, c := range []struct{ name, user, want string }{
		{"case", "ALICE", "alice"},
		{"a domain behind", "alice@dome.tu.ac.th", "alice"},
		{"a domain before", `TU\Alice`, "alice"},
		{"a domain before, with a slash", "tu/alice", "alice"},
		{"a domain in front and behind", `TU\alice@tu.ac.th`, "alice"},
		{"a domain in full-width form", "ＴＵ＼ａｌｉｃｅ＠ｔｕ．ａｃ．ｔｈ", "alice"},
		{"blanks beside a domain", `TU \ alice @ tu`, "alice"},
		{"full-width letters", "ａｌｉｃｅ", "alice"},
		{"full-width capitals", "ＡＬＩＣＥ", "alice"},
		{"circled letters", "ⓐⓛⓘⓒⓔ", "alice"},
		{"mathematical letters", "𝒶𝗹𝙞𝚌𝕖", "alice"},
		{"superscript letters", "ᵃˡⁱᶜᵉ", "alice"},
		{"a ligature", "oﬃce", "office"},
		{"a long s", "aliſe", "alise"},
		{"the sign of the Kelvin", "\u212Aim", "kim"},
		{"an umlaut", "Ä", "a"},
		{"an umlaut in two characters", "a\u0308", "a"},
		{"a sharp s", "Strauß", "strauss"},
		{"a dotless i", "al\u0131ce", "alice"},
		{"a dotted capital I", "AL\u0130CE", "alice"},
		{"a soft hyphen", "al\u00ADice", "alice"},
		{"zero-width characters", "a\u200Bl\u200Ci\u200Dc\uFEFFe", "alice"},
		{"variation selectors", "alice\uFE0F", "alice"},
		{"an ideographic space", "alice\u3000b", "alice b"},
		{"a no-break space at an end", "alice\u00A0", "alice"},
		{"half-width katakana", "ｶﾀｶﾅ", "カタカナ"},
		{"a Hangul syllable", "각", "\u1100\u1161\u11A8"},
		{"its letters", "\u1100\u1161\u11A8", "\u1100\u1161\u11A8"},
		{"a text after a Hangul syllable", "각Ａ각b", "\u1100\u1161\u11A8a\u1100\u1161\u11A8b"},
		{"a compatibility ideograph", "\uF900", "豈"},
		{"a dot at the end", "alice.", "alice"},
		{"dots and blanks around", " .alice. . ", "alice"},
		{"a dot before a domain", "Alice.@tu.ac.th.", "alice"},
		{"a dot within", "a.b", "a.b"},
		{"small signs", "TU\uFE68alice\uFE6Btu", "alice"},
		{"several domains in front", `a\b/TU\\alice`, "alice"},
		{"an address without its rest", "alice@", "alice"},
		{"a domain that begins both ways", `alice@a\b`, unclear},
		{"another one", `ALICE＠x/2`, unclear},
		{"a third one", `x@tu\alice@tu`, unclear},
		{"nothing but a domain", "@tu.ac.th", "@tu.ac.th"},
		{"nothing behind a domain", `TU\`, `tu\`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := Fold(c.user); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}

	t.Run("names of other letters stay apart", func(t *testing.T) {
		seen := map[string]string{}
		for _, user := range []string{"alice", "alicia", "алиса", "李雷", "김철수", "김철호", "สมชาย", "user1", "user2", "a-b", "a_b", "a.b"} {
			folded := Fold(user)
			if seen[folded] != "" {
				t.Errorf("%s and %s are one", seen[folded], user)
			}
			seen[folded] = user
		}
	})

	t.Run("a name of 8 KiB takes bounded time", func(t *testing.T) {
		for _, letter := range []string{"각", "ﷺ", "é", "\u0301", "\u200B", "a"} {
			took := time.Hour
			for range [3]int{} { // the machine stands still in one of them at most
				start := time.Now()
				Fold(strings.Repeat(letter, 8<<10/len(letter)))
				took = min(took, time.Since(start))
			}
			if took > time.Second { // some milliseconds, unless it takes more than a constant for each letter
				t.Errorf("%q took %s", letter, took)
			}
		}
	})
}
