package demo

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"
	"github.com/upstreamauth/upstreamauth/e2e/ending"
	"github.com/upstreamauth/upstreamauth/e2e/stage"
)

// visitor is one browser with nothing in it yet.
type visitor struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	problems []string // what the console said
	asked    []string // addresses of all requests
}

func newVisitor(t *testing.T) *visitor {
	t.Helper()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatal("no chromium on the PATH; `make chromium` gets Debian's")
	}
	profile, remove, err := ending.Folder("", "upstreamauth-browser-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(remove)
	allocator, release := chromedp.NewExecAllocator(context.Background(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(1280, 900), chromedp.UserDataDir(profile),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true))...)
	ctx, cancel := chromedp.NewContext(allocator)
	limited, expire := context.WithTimeout(ctx, 150*time.Second)
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx)
		expire()
		cancel()
		release()
	})
	if err := chromedp.Run(limited); err != nil { // starts it, for as long as this context lives
		t.Fatal(err)
	}
	v := &visitor{t: t, ctx: limited}
	v.watch()
	return v
}

// watch keeps what the console says and which addresses are asked. Denials are what the
// page is about, so those are no problem.
func (v *visitor) watch() {
	v.t.Helper()
	chromedp.ListenTarget(v.ctx, func(event any) {
		v.mu.Lock()
		defer v.mu.Unlock()
		switch e := event.(type) {
		case *log.EventEntryAdded:
			denied := strings.Contains(e.Entry.Text, "401 (Unauthorized)") || strings.Contains(e.Entry.Text, "403 (Forbidden)")
			if e.Entry.Level != log.LevelVerbose && !denied {
				v.problems = append(v.problems, e.Entry.Text)
			}
		case *runtime.EventExceptionThrown:
			v.problems = append(v.problems, e.ExceptionDetails.Error())
		case *network.EventRequestWillBeSent:
			v.asked = append(v.asked, e.Request.URL)
		}
	})
	v.do(log.Enable(), network.Enable())
}

// do ends the test where something is not there in time.
func (v *visitor) do(actions ...chromedp.Action) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, 30*time.Second)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		v.t.Fatal(err)
	}
}

func (v *visitor) clicks(selector string) {
	v.t.Helper()
	v.do(chromedp.Click(selector, chromedp.ByQuery))
}

// text is what an element shows; nothing where it is not there.
func (v *visitor) text(selector string) (text string) {
	v.t.Helper()
	v.do(chromedp.Evaluate(fmt.Sprintf(`(document.querySelector(%q)||{innerText:""}).innerText`, selector), &text))
	return text
}

// awaits waits until an element shows all of these.
func (v *visitor) awaits(selector string, texts ...string) {
	v.t.Helper()
	shown, lacks := "", ""
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(30 * time.Millisecond) {
		shown, lacks = v.text(selector), ""
		for _, text := range texts {
			if !strings.Contains(shown, text) {
				lacks = text
			}
		}
		if lacks == "" {
			return
		}
	}
	v.t.Fatalf("%s: %q lacks %q", selector, shown, lacks)
}

// arrives waits until the page of a path is there.
func (v *visitor) arrives(path, selector string) {
	v.t.Helper()
	at := ""
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(30 * time.Millisecond) {
		if err := chromedp.Run(v.ctx, chromedp.Evaluate(`location.pathname`, &at)); err == nil && at == path {
			v.do(chromedp.WaitVisible(selector, chromedp.ByQuery))
			return
		}
	}
	v.t.Fatalf("the browser is at %s, not at %s", at, path)
}

// tab goes on in the tab that a click opens.
func (v *visitor) tab(click string) *visitor {
	v.t.Helper()
	opened := chromedp.WaitNewTarget(v.ctx, func(info *target.Info) bool { return info.Type == "page" })
	v.clicks(click)
	select {
	case id := <-opened:
		ctx, cancel := chromedp.NewContext(v.ctx, chromedp.WithTargetID(id))
		v.t.Cleanup(cancel)
		if err := chromedp.Run(ctx); err != nil { // it lives as long as the context of its first call
			v.t.Fatal(err)
		}
		other := &visitor{t: v.t, ctx: ctx}
		other.watch()
		return other
	case <-time.After(20 * time.Second):
		v.t.Fatalf("%s opens no tab", click)
		return nil
	}
}

// looks sets what the reader's system prefers, and the width of the screen.
func (v *visitor) looks(scheme string, width, height int64, mobile bool) {
	v.t.Helper()
	v.do(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}, // as pictures need it
	}),
		emulation.SetDeviceMetricsOverride(width, height, 1, mobile))
}

// shoots keeps a picture in the run's output.
func (v *visitor) shoots(name string) {
	v.t.Helper()
	root, err := stage.Root()
	if err != nil {
		v.t.Fatal(err)
	}
	var picture []byte
	v.do(chromedp.FullScreenshot(&picture, 100))
	file := filepath.Join(root, "dist", "demo", name+".png")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		v.t.Fatal(err)
	}
	if err := os.WriteFile(file, picture, 0o644); err != nil {
		v.t.Fatal(err)
	}
	v.t.Logf("picture: %s", file)
}

// expectFits fails if the page is wider than the screen.
func (v *visitor) expectFits(what string) {
	v.t.Helper()
	var over []string
	v.do(chromedp.Evaluate(`document.documentElement.scrollWidth<=innerWidth?[]:["wider",...[...document.querySelectorAll("body *")].filter(e=>e.getBoundingClientRect().right>innerWidth+1).slice(0,5).map(e=>e.tagName+"."+e.className+" "+e.textContent.slice(0,30))]`, &over))
	if len(over) > 0 {
		v.t.Errorf("%s: wider than the screen: %q", what, over)
	}
}

// fitsEverywhere fails if the page is wider than any screen, and leaves a wide light one.
func (v *visitor) fitsEverywhere(what string) {
	v.t.Helper()
	for _, width := range []int64{1024, 768, 390, 320} {
		v.looks("dark", width, 800, width < 500)
		v.expectFits(fmt.Sprint(what, " on ", width))
	}
	v.looks("light", 1280, 900, false)
	v.expectFits(what)
}

// expectQuiet fails if the console complained, or anything but the demo was asked.
func (v *visitor) expectQuiet(address string) {
	v.t.Helper()
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.problems) > 0 {
		v.t.Errorf("the console: %q", v.problems)
	}
	for _, asked := range v.asked {
		if !strings.HasPrefix(asked, address+"/") && !strings.HasPrefix(asked, "data:") {
			v.t.Errorf("a request to %s", asked)
		}
	}
}
