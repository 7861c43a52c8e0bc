// Package browser follows the hand-off of a session in a real browser, behind a
// real Traefik, because only a browser shows what its address bar, its history and
// other servers get.
package browser

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"
	"github.com/upstreamauth/upstreamauth/e2e/ending"
	"github.com/upstreamauth/upstreamauth/e2e/stage"
)

// visitor is one browser with nothing in it yet.
type visitor struct {
	t       *testing.T
	ctx     context.Context
	shots   int
	name    string
	profile string // the folder of what it keeps
	close   func() // ends it, and waits, so that what it keeps is written
}

func newVisitor(t *testing.T, name string) *visitor {
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("no chromium on the PATH; `make chromium` gets Debian's")
	}
	stale, _ := filepath.Glob(filepath.Join(pictures(t), name+"-[0-9]*.png"))
	for _, picture := range stale {
		_ = os.Remove(picture)
	}
	profile, remove, err := ending.Folder("", "upstreamauth-browser-")
	if err != nil {
		t.Fatal(err)
	}
	// A busy machine needs seconds for what takes milliseconds otherwise.
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium), chromedp.WSURLReadTimeout(2*time.Minute), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(900, 420), chromedp.UserDataDir(profile),
		chromedp.Flag("ignore-certificate-errors", true), // the certificate is Traefik's own
		chromedp.Flag("host-resolver-rules", "MAP "+distant+" 127.0.0.1, MAP *."+distant+" 127.0.0.1"),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
	)
	allocator, release := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	limited, expire := context.WithTimeout(ctx, 5*time.Minute)
	v := &visitor{t: t, ctx: limited, name: name, profile: profile, close: sync.OnceFunc(func() {
		_ = chromedp.Cancel(ctx)
		expire()
		cancel()
		release()
	})}
	t.Cleanup(func() {
		v.close()
		remove()
	})
	return v
}

func (v *visitor) do(actions ...chromedp.Action) {
	v.t.Helper()
	if err := chromedp.Run(v.ctx, actions...); err != nil {
		v.t.Fatal(err)
	}
}

// opens types an address in, and returns the status that the page came with.
func (v *visitor) opens(address string) int64 {
	v.t.Helper()
	response, err := chromedp.RunResponse(v.ctx, chromedp.Navigate(address))
	if err != nil {
		v.t.Fatal(err)
	}
	return response.Status
}

// reloads the page.
func (v *visitor) reloads() int64 {
	v.t.Helper()
	response, err := chromedp.RunResponse(v.ctx, chromedp.Reload())
	if err != nil {
		v.t.Fatal(err)
	}
	return response.Status
}

// follows a link that stands on the panel's own page.
func (v *visitor) follows(s *site, link string) int64 {
	v.t.Helper()
	v.opens(s.others.URL + "/?to=" + url.QueryEscape(link))
	return v.clicks("#go")
}

// clicks follows a link or sends a form, and waits for what comes.
func (v *visitor) clicks(selector string) int64 {
	v.t.Helper()
	response, err := chromedp.RunResponse(v.ctx, chromedp.Click(selector, chromedp.ByQuery))
	if err != nil {
		v.t.Fatal(err)
	}
	return response.Status
}

// reads returns what the page shows.
func (v *visitor) reads() (text string) {
	v.t.Helper()
	v.do(chromedp.Text("body", &text, chromedp.ByQuery))
	return text
}

// pictures is the folder that pictures of a run are kept in.
func pictures(t *testing.T) string {
	t.Helper()
	root, err := stage.Root()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(root, "dist", "browser")
}

// shoots keeps a picture of the page in the run's output.
func (v *visitor) shoots(what string) {
	v.t.Helper()
	var picture []byte
	v.do(chromedp.FullScreenshot(&picture, 100))
	v.shots++
	name := filepath.Join(pictures(v.t), fmt.Sprintf("%s-%d-%s.png", v.name, v.shots, strings.ReplaceAll(what, " ", "-")))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		v.t.Fatal(err)
	}
	if err := os.WriteFile(name, picture, 0o644); err != nil {
		v.t.Fatal(err)
	}
	v.t.Logf("picture: %s", name)
}

// expectUnknown fails if the address bar, the list behind Back or a script of the page
// holds a secret, or a script any cookie, and returns the address bar's. What
// Chromium writes to its disk is another matter: see profile_test.go.
func (v *visitor) expectUnknown(secrets ...string) (address string) {
	v.t.Helper()
	var scripts, cookies string
	var entries []*page.NavigationEntry
	v.do(chromedp.Location(&address),
		chromedp.Evaluate(`document.cookie`, &cookies),
		chromedp.Evaluate(`document.referrer + " " + location.href + " " + performance.getEntries().map(e => e.name).join(" ")`, &scripts),
		chromedp.ActionFunc(func(ctx context.Context) (err error) {
			_, entries, err = page.GetNavigationHistory().Do(ctx)
			return err
		}))
	if cookies != "" {
		v.t.Error("scripts see a cookie")
	}
	places := map[string]string{"the address bar": address, "scripts": scripts}
	for _, entry := range entries {
		if !strings.Contains(entry.URL, "/?to=") { // the panel's own page has the link, of course
			places["the history"] += " " + entry.URL
		}
	}
	for place, text := range places {
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				v.t.Errorf("a token is in %s", place)
			}
		}
	}
	return address
}

// cookies are those that the browser keeps.
func (v *visitor) cookies() (all []*network.Cookie) {
	v.t.Helper()
	v.do(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		all, err = storage.GetCookies().Do(ctx)
		return err
	}))
	return all
}

// replay sends a cookie from outside the browser.
func replay(t *testing.T, address, host string, cookie *network.Cookie) int {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = host
	r.AddCookie(&http.Cookie{Name: cookie.Name, Value: cookie.Value})
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}
