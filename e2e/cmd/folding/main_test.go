package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

func TestFolding(t *testing.T) {
	t.Run("the plugin's table is the one that is made here", func(t *testing.T) {
		committed, err := os.ReadFile(filepath.Join("..", "..", "..", "verifier", "account", "fold_table.go"))
		if err != nil {
			t.Fatal(err)
		}
		if string(committed) != file() {
			t.Error("it differs: go -C e2e run ./cmd/folding >verifier/account/fold_table.go")
		}
	})

	t.Run("what Unicode's normal forms tell apart is folded to one text", func(t *testing.T) {
		pairs := strings.NewReplacer(append(strings.Fields(table()), "\u1FEF", "`", "\uFF40", "`")...)
		ignored := regexp.MustCompile(`[^\p{L}\p{N}\p{P}\p{S}\p{Z}\p{Mc}]+|[\x{FF9E}\x{FF9F}]`)
		syllable := regexp.MustCompile(`[\x{AC00}-\x{D7A3}]`)
		blanks := regexp.MustCompile(`[\pZ\s]`)
		folded := func(text string) string {
			text = strings.ReplaceAll(pairs.Replace(syllable.ReplaceAllStringFunc(foldCase(text), norm.NFD.String)), blank, " ")
			return blanks.ReplaceAllString(ignored.ReplaceAllString(text, ""), " ")
		}
		for r := rune(0x80); r <= unicode.MaxRune; r++ {
			if !isKept(r) || isHangul(r) {
				continue
			}
			one := string(r)
			for _, form := range []norm.Form{norm.NFC, norm.NFD, norm.NFKC, norm.NFKD} {
				if got, want := folded(form.String(one)), folded(one); got != want {
					t.Errorf("%U: %q in another form, %q", r, got, want)
				}
			}
			if twice := folded(folded(one)); twice != folded(one) {
				t.Errorf("%U: %q changes again to %q", r, folded(one), twice)
			}
		}
	})
}
