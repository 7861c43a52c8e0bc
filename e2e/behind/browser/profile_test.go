package browser

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/upstreamauth/upstreamauth/e2e/scenario"
)

func TestProfile(t *testing.T) {
	// Chromium writes every address of a redirect to its history's file, shown or
	// not, and no response header prevents that. A form does, because its fields are
	// in no address.
	t.Run("a hand-off by form leaves no token in the browser's profile", func(t *testing.T) {
		s, err := start(map[string]any{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.stop()
		address, token := s.plain()+"/external-login", s.up.IssueToken(scenario.Marker+"ali")
		for name, c := range map[string]struct {
			html string
			kept bool
		}{
			"link": {fmt.Sprintf(`<a id="go" href="%s?token=%s">go on</a>`, address, token), true},
			"form": {fmt.Sprintf(`<form method="post" action="%s"><input type="hidden" name="token" value="%s"><button id="go">go on</button></form>`, address, token), false},
		} {
			v := newVisitor(t, name)
			v.opens(s.others.URL)
			v.do(chromedp.Evaluate(fmt.Sprintf("void (document.body.innerHTML = %q)", c.html), nil))
			if status := v.clicks("#go"); status != 200 {
				t.Errorf("%s: %d", name, status)
			}
			if at := v.expectUnknown(token); at != s.plain()+"/welcome" {
				t.Errorf("%s: the address bar has %s", name, at)
			}
			v.shoots("carried across")
			v.close()
			if !keeps(t, v.profile, address) {
				t.Errorf("%s: no history was written: nothing is shown by its absence", name)
			}
			if kept := keeps(t, v.profile, token); kept != c.kept {
				t.Errorf("%s: the profile keeps the token: %t", name, kept)
			}
		}
	})
}

// keeps reports whether any file below a folder holds a text.
func keeps(t *testing.T, folder, text string) (found bool) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		found = found || bytes.Contains(content, []byte(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
