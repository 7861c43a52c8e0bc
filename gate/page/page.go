// Package page answers: does a person in a browser ask for a page, and what do they see
// in the place of a denial's JSON?
//
// It looks at a request and makes HTML of texts. It answers no client itself, and knows
// neither credentials nor upstreams.
package page

import (
	"html"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// maxAccept is more than any browser's Accept has, in bytes. Longer ones are not read.
const maxAccept = 1024

var (
	takesHTML = regexp.MustCompile(`(?:^|,)[ \t]*text/html[ \t]*(?:[;,]|$)`)
	// noHTML is a weight of zero: a client says that it does not take it.
	noHTML = regexp.MustCompile(`(?:^|,)[ \t]*text/html[ \t]*;[^,]*\b[qQ]=0(?:\.0*)?[ \t]*(?:[;,]|$)`)
)

// IsLoad tells whether a browser asks for a page that it shows to a person. A program
// that takes JSON says so, and a script of a page says by Sec-Fetch-Mode (where browsers
// send it), or by X-Requested-With, that no page is to come of its request.
func IsLoad(r *http.Request) bool {
	h := r.Header
	accepts := h["Accept"]
	if len(accepts) != 1 || !strings.Contains(accepts[0], "text/html") || len(accepts[0]) > maxAccept {
		return false
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead && !postsForm(r) {
		return false
	}
	mode := h["Sec-Fetch-Mode"]
	if len(mode) > 1 || (len(mode) == 1 && mode[0] != "navigate") {
		return false
	}
	if len(h["X-Requested-With"]) > 0 || len(h["Upgrade"]) > 0 {
		return false
	}
	return takesHTML.MatchString(accepts[0]) && !noHTML.MatchString(accepts[0]) && !strings.Contains(accepts[0], "json")
}

// postsForm tells whether a request is the form of a page, whose answer is shown in the
// page's place.
func postsForm(r *http.Request) bool {
	kind := strings.ToLower(r.Header.Get("Content-Type"))
	return r.Method == http.MethodPost && (strings.HasPrefix(kind, "application/x-www-form-urlencoded") || strings.HasPrefix(kind, "multipart/form-data"))
}

// FromBrowser tells whether a browser sent a request, also for a script or a picture of
// a page. An old one, or one that does not trust the site, does not say so there.
func FromBrowser(r *http.Request) bool {
	return len(r.Header["Sec-Fetch-Mode"]) > 0 || IsLoad(r)
}

// Headers are those of every page of the plugin, in canonical spelling, beside its policy:
// no page may frame it, since a reader would press buttons that they do not see; and its
// address, which may hold what is secret, is told to no other site.
var (
	Headers = []string{"Content-Type", "Cache-Control", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy"}
	Values  = []string{"text/html; charset=utf-8", "no-store", "nosniff", "DENY", "no-referrer"}
)

// Policy is the Content-Security-Policy of a refusal: its one style and nothing else.
const Policy = "default-src 'none'; style-src 'sha256-hm2yiMPvk7MZ+KjFwleZG3VdbrXwF8hRDCmXop978a8='; " +
	"form-action 'none'; frame-ancestors 'none'; base-uri 'none'"

const style = `:root{color-scheme:light dark}body{font:1.1rem/1.5 sans-serif;margin:3rem auto;max-width:32rem;padding:0 1rem;overflow-wrap:anywhere}h1{font-size:2.5rem;margin:0}`

// Refusal is the page of a denial: its status and its message, and nothing else.
func Refusal(status int, message string) string {
	number := strconv.Itoa(status)
	title := number
	if name := http.StatusText(status); name != "" {
		title += " " + name
	}
	return `<!doctype html><html` + Language(message) + `><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">` +
		`<title lang="en">` + title + `</title><style>` + style + `</style></head><body><h1>` + number + `</h1><p>` + Text(message) + `</p></body></html>`
}

// invisible is what no text of a page needs, and what makes one look like another:
// control characters, and those that turn the direction of the text behind them. The
// marks of direction and the joiners, which Persian needs, are none of them.
var invisible = regexp.MustCompile("[\x00-\x08\x0b-\x1f\x7f\u0080-\u009f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]")

// Text is a text of a stranger's in a page: as text alone, whatever it holds.
func Text(text string) string {
	plain := invisible.ReplaceAllString(strings.ToValidUTF8(text, "\ufffd"), "")
	return html.EscapeString(plain)
}

var (
	leftward = regexp.MustCompile(`[\p{Arabic}\p{Hebrew}\p{Syriac}\p{Thaana}\p{Nko}]`)
	latin    = regexp.MustCompile(`\p{Latin}`)
	arabic   = regexp.MustCompile(`\p{Arabic}`)
	hebrew   = regexp.MustCompile(`\p{Hebrew}`)
	thai     = regexp.MustCompile(`\p{Thai}`)
	beyond   = regexp.MustCompile(`[^\x00-\x7f]`)
)

// Letters by which texts in Arabic script are told apart: those of Persian, which Arabic
// has not, and the reverse. Most texts of Persian have one of the first.
const (
	persianLetters = "پچژگکی"
	arabicLetters  = "ةىإ"
)

// Language is the attributes lang and dir for an element with this text, with a blank
// before each. The text decides by its script, and mixed ones by most of their letters.
// An empty lang is that of a language which is not known.
func Language(text string) string {
	turned := len(leftward.FindAllStringIndex(text, -1))
	if turned > 0 && turned >= len(latin.FindAllStringIndex(text, -1)) {
		name := ""
		if hebrew.MatchString(text) {
			name = "he"
		}
		if arabic.MatchString(text) {
			name = "fa"
			if strings.ContainsAny(text, arabicLetters) && !strings.ContainsAny(text, persianLetters) {
				name = "ar"
			}
		}
		return ` lang="` + name + `" dir="rtl"`
	}
	name := "en"
	if beyond.MatchString(text) {
		name = ""
	}
	if thai.MatchString(text) {
		name = "th"
	}
	return ` lang="` + name + `" dir="ltr"`
}
