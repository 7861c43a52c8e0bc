package session

import (
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"strings"
	"testing"
)

func TestPages(t *testing.T) {
	p := newPages("t.o-k_n", "back")
	const hostile = `"><script>alert(1)</script>&amp;'`
	all := map[string]string{
		"continuing": p.continuing(hostile, hostile), "choosing": p.choosing(hostile, hostile, hostile, hostile), "choosing between unknown users": p.choosing(hostile, "", "", ""),
	}

	t.Run("the policy has the digests of the scripts and the style", func(t *testing.T) {
		for _, text := range []string{hideScript, submitScript, pageStyle} {
			digest := sha256.Sum256([]byte(text))
			if !strings.Contains(pagePolicy, "'sha256-"+base64.StdEncoding.EncodeToString(digest[:])+"'") {
				t.Errorf("the policy lacks that of %q", text)
			}
		}
	})

	t.Run("what a page is given is text in it", func(t *testing.T) {
		for name, page := range all {
			if strings.Contains(page, "alert(1)</script>") || strings.Contains(page, `"><`+"script>a") || strings.Contains(page, "&amp;'") {
				t.Errorf("%s: %s", name, page)
			}
		}
	})

	t.Run("each form posts to the page's own address without its query, and none sends the token in an address", func(t *testing.T) {
		for name, page := range all {
			forms := regexp.MustCompile(`<form[^>]*>`).FindAllString(page, -1)
			if len(forms) == 0 || len(forms) != strings.Count(page, `<form method="post" action="?" `) {
				t.Errorf("%s: %q", name, forms)
			}
		}
	})

	t.Run("only one page goes on by itself, and it has a button too", func(t *testing.T) {
		for name, page := range all {
			goesOn := strings.Contains(page, "</form><script>"+submitScript+"</script>")
			if goesOn != (name == "continuing") || strings.Count(page, "<script") != strings.Count(page, "<script>"+hideScript)+strings.Count(page, "<script>"+submitScript) || !strings.Contains(page, "<button>") {
				t.Errorf("%s: %s", name, page)
			}
		}
	})

	t.Run("the form that keeps the session has no token", func(t *testing.T) {
		page := p.choosing("the-token", "/next", "ali", "sara")
		keeps := regexp.MustCompile(`<form.*?</form>`).FindString(page)
		if !strings.Contains(keeps, `value="keep"`) || strings.Contains(keeps, "the-token") || strings.Count(page, "the-token") != 1 {
			t.Error(page)
		}
	})
}
