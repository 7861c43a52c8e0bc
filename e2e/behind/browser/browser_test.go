// Package browser follows the hand-off of a session in a real browser, behind a
// real Traefik: what the address bar, the history and other servers get to know
// is for a browser to say.
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
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/chromedp"
	"github.com/upstreamauth/upstreamauth/e2e/stage"
)

// visitor is one browser with nothing in it yet.
type visitor struct {
	t     *testing.T
	ctx   context.Context
	shots int
	name  string
}

func newVisitor(t *testing.T, name string) *visitor {
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("no chromium on the PATH; `make chromium` gets Debian's")
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(900, 420),
		chromedp.Flag("ignore-certificate-errors", true), // the certificate is Traefik's own
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
	)
	allocator, release := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	limited, expire := context.WithTimeout(ctx, 90*time.Second)
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx) // closes it, and waits
		expire()
		cancel()
		release()
	})
	return &visitor{t: t, ctx: limited, name: name}
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

// shoots keeps a picture of the page in the run's output.
func (v *visitor) shoots(what string) {
	v.t.Helper()
	var picture []byte
	v.do(chromedp.FullScreenshot(&picture, 100))
	root, err := stage.Root()
	if err != nil {
		v.t.Fatal(err)
	}
	v.shots++
	name := filepath.Join(root, "dist", "browser", fmt.Sprintf("%s-%d-%s.png", v.name, v.shots, strings.ReplaceAll(what, " ", "-")))
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		v.t.Fatal(err)
	}
	if err := os.WriteFile(name, picture, 0o644); err != nil {
		v.t.Fatal(err)
	}
	v.t.Logf("picture: %s", name)
}

// knows fails if the address bar, the history or a script of the page holds a
// secret, and returns the address bar's.
func (v *visitor) knows(secrets ...string) (address string) {
	v.t.Helper()
	var scripts string
	var entries []*page.NavigationEntry
	v.do(chromedp.Location(&address),
		chromedp.Evaluate(`document.cookie + " " + document.referrer + " " + location.href + " " + performance.getEntries().map(e => e.name).join(" ")`, &scripts),
		chromedp.ActionFunc(func(ctx context.Context) (err error) {
			_, entries, err = page.GetNavigationHistory().Do(ctx)
			return err
		}))
	places := map[string]string{"the address bar": address, "scripts": scripts}
	for _, entry := range entries {
		if !strings.Contains(entry.URL, "/?to=") { // the panel's own page has the link, of course
			places["the history"] += " " + entry.URL // where Back leads; what was asked for at first, Chromium keeps to itself
		}
	}
	for place, text := range places {
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				v.t.Errorf("a token is told by %s", place)
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
