package session

import (
	"html"

	"github.com/upstreamauth/upstreamauth/gate/page"
)

// The steps that a page of a hand-off posts back, beside the token.
const (
	stepContinue = "continue" // the page goes on by itself, inside the site
	stepKeep     = "keep"     // the reader keeps the session that they have
	stepReplace  = "replace"  // the reader takes the session of the link
)

// pagePolicy lets a page post its forms to this site, run the two scripts and use the
// one style below, and nothing else. No page may frame it: a reader would press
// buttons that they do not see.
const pagePolicy = "default-src 'none'; " +
	"script-src 'sha256-pIvBsPmK59QyXgpL8u1NTjY4yV5CjJ0OpxT/G5iFibs=' 'sha256-ox4bri+xTrW3kuLTyRoak73QX8KZGuyP3JlQYusbSlA='; " +
	"style-src 'sha256-oi0Rcw/M1UmptCZ86fswinveWMmYo4hEWdfsanNzF8w='; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// hideScript takes the query, which may hold the token, out of the address bar and of
// the list behind the browser's Back. The entry there also loses the form that the page
// answers: Back would send it again, and browsers keep it to restore a tab. They may
// have written it to their disk in the moment before this runs; nothing prevents that.
const hideScript = `try{history.replaceState(null,"","?")}catch(e){}`

// submitScript sends the only form of its page. It does not call the form's own
// submit, which a field of that name would hide.
const submitScript = `HTMLFormElement.prototype.submit.call(document.forms[0])`

const pageStyle = `body{font:1.1rem sans-serif;margin:3rem auto;max-width:32rem;padding:0 1rem;overflow-wrap:anywhere}form{display:inline}button{font:inherit;margin:0 1rem 1rem 0;padding:.5rem 1rem}`

// The address that a page came with may hold the token, and no Referer may. The meta
// element allows the origin alone: without it older browsers, which do not send
// Sec-Fetch-Site, would send "Origin: null" with the form, and nothing would show
// that it comes from this site. A form's action "?" is the page's own address without
// its query, whatever prefix a middleware before this one has cut off.
const (
	pageHead = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="referrer" content="strict-origin">` +
		`<meta name="viewport" content="width=device-width"><title>Signing in</title><style>` + pageStyle + `</style><script>` + hideScript + `</script></head><body>`
	pageForm = `<form method="post" action="?" autocomplete="off">`
	pageEnd  = `</body></html>`
)

// pages makes the two pages of a hand-off. token, step and back are the names of the
// fields that they post; back may be empty.
type pages struct {
	token string
	step  string
	back  string
}

// newPages makes the pages of a hand-off whose parameters have these names, of ASCII
// letters, digits, "-", "_" and ".".
func newPages(parameter, back string) *pages {
	return &pages{token: parameter, step: parameter + "-step", back: back}
}

// continuing is the page that posts the token once more, from inside the site; by
// itself, or without scripts when its button is pressed. back is the page that was asked
// for; empty: none.
func (p *pages) continuing(token, back string) string {
	return pageHead + `<p>You are being signed in.</p>` +
		p.form(stepContinue, token, back, "Continue") + `<script>` + submitScript + `</script>` + pageEnd
}

// choosing is the page that asks a reader who is signed in already. Each name may be
// empty: it is not known then.
func (p *pages) choosing(token, back, current, other string) string {
	stay, take := "Stay signed in", "Use the link"
	text := `<p>You are signed in here already`
	if current != "" {
		text += `, as <strong><bdi>` + page.Text(current) + `</bdi></strong>`
		stay += " as " + current
	}
	text += `.</p><p>The link or form that brought you here signs you in as `
	if other != "" {
		text += `<strong><bdi>` + page.Text(other) + `</bdi></strong>`
		take = "Sign in as " + other
	} else {
		text += `somebody who may be another user`
	}
	text += `. If you did not ask for that, stay.</p>`
	return pageHead + text + p.form(stepKeep, "", back, stay) + p.form(stepReplace, token, back, take) + pageEnd
}

// form is a form with one button. It posts the token and the page unless they are empty.
func (p *pages) form(step, token, back, button string) string {
	fields := p.field(p.step, step)
	if token != "" {
		fields += p.field(p.token, token)
	}
	if back != "" {
		fields += p.field(p.back, back)
	}
	return pageForm + fields + `<button>` + page.Text(button) + `</button></form>`
}

func (p *pages) field(name, value string) string {
	return `<input type="hidden" name="` + name + `" value="` + html.EscapeString(value) + `">`
}
