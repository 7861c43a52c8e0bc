package demo

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/upstreamauth/upstreamauth/e2e/demo"
)

// what is expected of a door: the statuses of a bad and of no credential, and a text of
// what the backend gets with a good one.
type expected struct {
	api       string
	bad, none string
	backend   string
}

var doors = []expected{
	{"thammasat", "403", "401", "X-Auth-Api"},
	{"ippanel", "401", "401", "navid"},
	{"bts", "401", "401", "dilshod"},
	{"webservice", "401", "401", "mina"},
}

func TestPage(t *testing.T) {
	d, err := demo.Start(t.Context(), io.Discard, demo.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	drive(t, d.URL, d.StatusToken, "")
}

// drive is a visit of the whole page at an address. The names of its pictures begin
// with kept.
func drive(t *testing.T, address, token, kept string) {
	v := newVisitor(t)
	// What follows a step that fails would only wait.
	step := func(sentence string, do func(t *testing.T)) {
		passed := t.Run(sentence, func(t *testing.T) {
			v.t = t
			do(t)
		})
		if v.t = t; !passed {
			t.FailNow()
		}
	}
	v.looks("light", 1280, 900, false)
	v.do(chromedp.Navigate(address + "/"))
	v.awaits("#live", "live")
	v.awaits("#who", "Not logged in.")
	v.expectFits("at the beginning")
	v.shoots(kept + "1-begin")

	for _, door := range doors {
		step("a door, with a good, a bad and no credential: "+door.api, func(t *testing.T) { v.tries(t, door) })
	}
	step("the list shows the canary, what was asked and what came from memory", func(*testing.T) {
		v.awaits("#calls", "canary", "a made-up credential: denied, as it has to be", "is it valid? Yes", "is it valid? No",
			"allowed: the API was asked", "hit: allowed from memory, no call", "GET /service for mina")
		v.expectOrder("is it valid? Yes", "hit: allowed from memory, no call")
	})
	step("a student's account comes with its identity", func(*testing.T) {
		v.presses("thammasat", "a")
		v.awaits("#door-thammasat .result", "200", "student", "มานี มีนา")
	})
	v.looks("dark", 1280, 900, false)
	v.shoots(kept + "2-dark")
	v.looks("light", 1280, 900, false)
	v.shoots(kept + "3-light")
	v.looks("dark", 390, 844, true)
	v.shoots(kept + "4-phone")
	v.fitsEverywhere("the page")

	step("Sara logs in with a one-time password, and out", func(t *testing.T) { v.sara(t, kept) })
	step("a guarded page leads Navid to the login and back", func(t *testing.T) { v.navid(t, kept) })
	step("the status page opens with its token", func(t *testing.T) { v.status(t, address, token, kept) })
	v.expectQuiet(address)
}

// tries presses a door's buttons, each twice.
func (v *visitor) tries(t *testing.T, door expected) {
	card := "#door-" + door.api
	press := func(button, status string, said ...string) {
		t.Helper()
		v.presses(door.api, button)
		if shown := v.text(card + " .badge"); !strings.HasPrefix(shown, status+" ") {
			t.Errorf("%s: %q, want %s", button, shown, status)
		}
		v.awaits(card+" .said", said...)
	}
	calls := func() string { return v.text("[data-tile=calls] dd") }
	press("good", "200", "allowed: the API was asked")
	v.awaits(card+" .result", "The backend got", door.backend)
	before := calls()
	press("good", "200", "hit: allowed from memory, no call")
	press("no", door.none, "denied: no credential, no call")
	v.awaits(card+" .result", "The caller got, and the backend nothing")
	if after := calls(); after != before {
		t.Errorf("%s calls before, and %s after", before, after)
	}
	press("bad", door.bad, "denied: the API was asked")
	press("bad", door.bad, "denied from memory, no call")
}

// presses a door's button, and waits until the card shows what came of it.
func (v *visitor) presses(api, button string) {
	v.t.Helper()
	card := "#door-" + api
	sent := func() (n int) {
		v.do(chromedp.Evaluate(fmt.Sprintf(`Number(document.querySelector(%q).dataset.sent||0)`, card), &n))
		return n
	}
	before := sent()
	v.clicks(card + " [data-try=" + button + "]")
	for end := time.Now().Add(30 * time.Second); sent() == before; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			v.t.Fatalf("nothing came of %s, %s", api, button)
		}
	}
}

// expectOrder fails unless one text is older in the list than another.
func (v *visitor) expectOrder(older, newer string) {
	v.t.Helper()
	list := v.text("#calls")
	if strings.LastIndex(list, older) < strings.LastIndex(list, newer) {
		v.t.Errorf("%q is newer than %q", older, newer)
	}
}

func (v *visitor) sara(t *testing.T, kept string) {
	v.clicks("#sara")
	v.arrives("/demo/login", "#code")
	v.fitsEverywhere("the login")
	v.shoots(kept + "5-login")
	v.do(chromedp.SendKeys("#code", "0\r", chromedp.ByQuery))
	v.awaits("#said", "اطلاعات وارد شده صحیح نمی باشد")
	v.do(chromedp.Evaluate(`document.getElementById("code").value=""`, nil), chromedp.SendKeys("#code", v.text("#sms")+"\r", chromedp.ByQuery))
	v.arrives("/", "#in")
	v.awaits("#who", "Logged in as sara", "سارا")
	v.awaits("#calls", "a login", "a one-time password is sent", "the one-time password is confirmed", "GET /site/me for sara")
	var cookies string
	v.do(chromedp.Evaluate("document.cookie", &cookies))
	if cookies != "" {
		t.Errorf("a script sees %q", cookies)
	}
	v.presses("bts", "bad")
	v.presses("webservice", "no")
	v.presses("thammasat", "good")
	v.presses("ippanel", "good")
	v.shoots(kept + "6-sara")
	v.clicks("#leave")
	v.arrives("/", "#out")
	v.awaits("#who", "Not logged in.")
	v.awaits("#calls", "a logout")
}

func (v *visitor) navid(t *testing.T, kept string) {
	v.clicks("#site")
	v.arrives("/demo/login", "#navid")
	v.clicks("#navid")
	v.arrives("/site/", "#name")
	v.awaits("body", "نوید", "navid", "X-Auth-User")
	v.fitsEverywhere("the guarded page")
	v.shoots(kept + "7-site")
	v.clicks("a.button")
	v.arrives("/", "#in")
	v.awaits("#who", "Logged in as navid")
	v.awaits("#calls", "GET /site/ for navid")
}

func (v *visitor) status(t *testing.T, address, token, kept string) {
	v.awaits("#shown", token)
	v.awaits("#scopes", "Thammasat", "IPPanel", "BTS", "Web service", "yes")
	page := v.tab("#status")
	page.arrives("/operator/", "#tiles")
	page.awaits("#scopes", "thammasat", "ippanel", "bts", "webservice", "trusted")
	page.shoots(kept + "8-status")
	page.expectQuiet(address)
}
