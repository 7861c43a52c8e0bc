package browser

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/upstreamauth/upstreamauth/e2e/scenario"
)

// tabs is the folder of what Chromium restores its tabs from.
var tabs = filepath.Join("Default", "Sessions")

// Chromium writes every address of a redirect to its history's file, shown or not, and
// no response header prevents that. The fields of a form are in no address. But where a
// page answers a form, Chromium may write its fields to the file of its tabs, in the
// moment before the page's script takes them out: only a form that is answered by the
// redirect alone leaves nothing at all.
func TestProfile(t *testing.T) {
	s, err := start(map[string]any{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.stop()
	address, token := s.plain()+"/external-login", s.up.IssueToken(scenario.Marker+"ali")
	link := fmt.Sprintf(`<a id="go" href="%s?token=%s">go on</a>`, address, token)
	form := fmt.Sprintf(`<form method="post" action="%s"><input type="hidden" name="token" value="%s"><button id="go">go on</button></form>`, address, token)
	t.Run("a link leaves its address in the browser's profile", func(t *testing.T) {
		if kept := crosses(t, s, "link", s.others.URL, link, token); len(kept) == 0 {
			t.Error("no file holds the token: nothing is shown by its absence")
		}
	})
	t.Run("a form of this site leaves no token in the browser's profile", func(t *testing.T) {
		for _, file := range crosses(t, s, "own-form", s.plain()+"/", form, token) {
			t.Errorf("%s holds the token", file)
		}
	})
	t.Run("a form of another site leaves no token in the browser's profile, except for the moment of a page in the file of its tabs", func(t *testing.T) {
		for _, file := range crosses(t, s, "form", s.others.URL, form, token) {
			if filepath.Dir(file) == tabs {
				t.Logf("%s was written before the page's script ran", file)
			} else {
				t.Errorf("%s holds the token", file)
			}
		}
	})
}

// crosses carries a new browser across from a page, by what is to be clicked there, and
// returns the files that hold the token when the browser has ended.
func crosses(t *testing.T, s *site, name, from, html, token string) []string {
	t.Helper()
	v := newVisitor(t, name)
	v.do(page.SetBypassCSP(true)) // the page of a refusal posts no form of its own
	v.opens(from)
	v.do(chromedp.Evaluate(fmt.Sprintf("void (document.body.innerHTML = %q)", html), nil))
	if status := v.clicks("#go"); status != 200 {
		t.Errorf("%s: %d", name, status)
	}
	v.sees("#next") // a form of another site goes on by itself first
	if at := v.expectUnknown(token); at != s.plain()+"/welcome" {
		t.Errorf("%s: the address bar has %s", name, at)
	}
	v.shoots("carried across")
	v.close()
	if len(holders(t, v.profile, s.plain()+"/welcome")) == 0 {
		t.Errorf("%s: no history was written: nothing is shown by its absence", name)
	}
	return holders(t, v.profile, token)
}

// holders are the files below a folder that hold a text.
func holders(t *testing.T, folder, text string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, []byte(text)) {
			files = append(files, strings.TrimPrefix(path, folder+string(filepath.Separator)))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
