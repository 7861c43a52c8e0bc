package status

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/upstreamauth/upstreamauth/e2e/ending"
)

// operator is one browser with nothing in it yet.
type operator struct {
	t   *testing.T
	ctx context.Context

	mu    sync.Mutex
	said  []string // by the console
	asked []string // addresses of all requests
}

func newOperator(t *testing.T) *operator {
	t.Helper()
	profile, remove, err := ending.Folder("", "upstreamauth-browser-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(remove)
	allocator, release := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(tool(t, "chromium")), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(1280, 900), chromedp.UserDataDir(profile),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true))...)
	ctx, cancel := chromedp.NewContext(allocator)
	limited, expire := context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx)
		expire()
		cancel()
		release()
	})
	o := &operator{t: t, ctx: limited}
	chromedp.ListenTarget(limited, func(event any) {
		o.mu.Lock()
		defer o.mu.Unlock()
		switch e := event.(type) {
		case *log.EventEntryAdded:
			if e.Entry.Level != log.LevelVerbose && !strings.Contains(e.Entry.Text, "401 (Unauthorized)") {
				o.said = append(o.said, e.Entry.Text)
			}
		case *runtime.EventExceptionThrown:
			o.said = append(o.said, e.ExceptionDetails.Error())
		case *network.EventRequestWillBeSent:
			o.asked = append(o.asked, e.Request.URL)
		}
	})
	o.do(log.Enable(), network.Enable())
	return o
}

// problems are what the console said until now.
func (o *operator) problems() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.said)
}

func (o *operator) addresses() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.asked)
}

func (o *operator) do(actions ...chromedp.Action) {
	o.t.Helper()
	if err := chromedp.Run(o.ctx, actions...); err != nil {
		o.t.Fatal(err)
	}
}

func (o *operator) text(selector string) (text string) {
	o.t.Helper()
	o.do(chromedp.Text(selector, &text, chromedp.ByQuery))
	return text
}

// awaits waits until an element shows a text.
func (o *operator) awaits(selector, text string) {
	o.t.Helper()
	shown := ""
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		o.do(chromedp.Evaluate(fmt.Sprintf(`(document.querySelector(%q)||{innerText:""}).innerText`, selector), &shown))
		if strings.Contains(shown, text) {
			return
		}
	}
	o.t.Fatalf("%s: %q lacks %q", selector, shown, text)
}

// looks sets what the reader's system prefers, and the width of the screen.
func (o *operator) looks(scheme string, width, height int64, mobile bool) {
	o.t.Helper()
	o.do(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
		emulation.SetDeviceMetricsOverride(width, height, 1, mobile))
}

// shoots keeps a picture in the run's output.
func (o *operator) shoots(name string) {
	o.t.Helper()
	var picture []byte
	o.do(chromedp.FullScreenshot(&picture, 100))
	file := filepath.Join(root(o.t), "dist", "status", name+".png")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		o.t.Fatal(err)
	}
	if err := os.WriteFile(file, picture, 0o644); err != nil {
		o.t.Fatal(err)
	}
	o.t.Logf("picture: %s", file)
}

// expectFits fails if the page is wider than the screen.
func (o *operator) expectFits(what string) {
	o.t.Helper()
	var over []string
	o.do(chromedp.Evaluate(`document.documentElement.scrollWidth<=innerWidth?[]:[...document.querySelectorAll("body *")].filter(e=>e.getBoundingClientRect().right>innerWidth+1).slice(0,5).map(e=>e.tagName+"."+e.className+" "+e.textContent.slice(0,30))`, &over))
	if len(over) > 0 {
		o.t.Errorf("%s: wider than the screen: %q", what, over)
	}
}
